"""The command `train`: arguments and what they do, shared with `python -m inpaint_app.lab.training`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from inpaint_app.errors import InpaintError, OptionError
from inpaint_app.lab.training.recipes import RECIPES, find
from inpaint_app.models import checkpoints
from inpaint_app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train`."""
    names = ", ".join(recipe.name for recipe in RECIPES)
    parser.add_argument("recipe", nargs="?", help=f"what to train: {names}")
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[], metavar="PATH", help="tar files or folders"
    )
    parser.add_argument("--out", type=Path, help="folder of the run: states, history, samples")
    parser.add_argument("--minutes", type=float, help="training time in all, over every stretch")
    parser.add_argument("--steps", type=int, help="training steps in all")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last state in --out, if there is one"
    )
    parser.add_argument(
        "--start", type=Path, metavar="FILE", help="weights of the same network to begin with"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="outlines by file name (JSON), for the finder"
    )
    parser.add_argument(
        "--shadows",
        type=Path,
        metavar="FOLDER",
        help="photos with labelled shadows, for the shadow's network",
    )
    parser.add_argument("--validate", type=Path, metavar="TAR", help="photos to score the centre hole on")
    parser.add_argument(
        "--cache", type=Path, help="folder where decoded photos are kept (default: beside --out)"
    )
    parser.add_argument(
        "--batch", type=int, help="photos a step, over all processes, instead of the recipe's"
    )
    parser.add_argument("--rate", type=float, help="learning rate of the network, instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("auto", "bf16", "fp32"), default="auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: torch's choice)")
    parser.add_argument("--cpu", action="store_true", help="stay off the GPU")
    parser.add_argument("--quiet", action="store_true", help="no progress line")
    parser.add_argument(
        "--plot", type=Path, nargs="+", metavar="RUN", help="draw the curves of runs to --out, a PNG file"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do what the arguments say; 0 when done, 2 with a message on stderr when they cannot be obeyed."""
    try:
        _run(arguments, settings)
    except InpaintError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Go on with --resume.\n")
        return 130
    return 0


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    if arguments.plot:
        from inpaint_app.lab.training.history import plot

        plot(arguments.plot, arguments.out or Path("curves.png"))
        return
    if not arguments.recipe or not arguments.data or not arguments.out:
        raise OptionError("Training needs RECIPE --data PATH … --out FOLDER. See --help.")
    recipe = find(arguments.recipe)
    import dataclasses

    import torch

    from inpaint_app.lab.objectives.data import load_photos
    from inpaint_app.lab.objectives.street import load_street
    from inpaint_app.lab.training.loop import Plan, Trainer
    from inpaint_app.lab.training.validate import in_training

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.batch:
        recipe = dataclasses.replace(recipe, batch=arguments.batch)
    if arguments.rate:
        recipe = dataclasses.replace(recipe, learning_rate=arguments.rate)
    cache = arguments.cache or arguments.out.parent
    photos: Any = (
        load_street(arguments.data, arguments.labels, recipe.photo_size, cache)
        if recipe.outlined
        else load_photos(arguments.data, recipe.photo_size, cache)
    )
    if arguments.shadows:
        from inpaint_app.lab.objectives.shading import load_shadowed

        photos = dataclasses.replace(photos, shadowed=load_shadowed(arguments.shadows))
    validate = None
    if arguments.validate:
        validate = in_training(load_photos([arguments.validate], recipe.size, cache)[:200], recipe)
    plan = Plan(
        out=arguments.out,
        checkpoints=checkpoints.folder(settings),
        steps=arguments.steps,
        minutes=arguments.minutes,
        resume=arguments.resume,
        seed=arguments.seed,
        precision=arguments.precision,
        cpu=arguments.cpu,
        start=arguments.start,
        quiet=arguments.quiet,
    )
    trainer = Trainer(recipe, plan, photos, validate)
    trainer.run()
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()
