"""From a run to a shipped checkpoint: fp16 safetensors and a table of the manifest.

`python -m inpaint_app.lab.training.export RUN --checkpoints checkpoints [--module critic --name dcgan-critic]`
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from inpaint_app.errors import CheckpointError, InpaintError, OptionError
from inpaint_app.lab.training import state
from inpaint_app.lab.training.history import HELD, read
from inpaint_app.lab.training.recipe import Part
from inpaint_app.lab.training.recipes import find
from inpaint_app.models.checkpoints import MANIFEST, under

NAMES = {"validation_psnr": "validation_psnr_200"}
"""The photos of --validate are 200."""


def export(
    run: Path, folder: Path, module: str = "network", name: str | None = None, commit: str | None = None,
    *, after: str | None = None, mean: bool = False,
) -> Path:  # fmt: skip
    """Write one module of a run's last state as folder/NAME.safetensors and its table in folder/manifest.toml.

    The network is taken as its running mean, critics as they are. commit: of the code that trained, where that is not
    the present one. after: entry of the manifest that the run began with (`train --start`); its steps, images and
    minutes count too. mean: ship the mean of those weights and the run's (Wortsman et al. 2022, "Model soups"), which
    is often better than either. Raises CheckpointError without a state, OptionError without what the run began with.
    """
    tensors, about = state.load(run / "state.safetensors")
    recipe = find(about["recipe"])
    name = name or recipe.name
    chosen = under("average" if module == "network" else f"module.{module}", tensors)
    half = {key: _half(key, value) for key, value in chosen.items()}
    if not half:
        raise OptionError(f"{run} holds no module {module!r}.")
    shares = _set_aside(half, recipe.held, folder) if module == "network" else {}
    earlier = _earlier(folder, after) if after else None
    if mean:
        half = _mean(half, folder, earlier)
    part: Part = recipe.network if module == "network" else recipe.critics[module]
    data = save(half)
    target = folder / f"{name}.safetensors"
    _replace(target, data)
    scored = [line for line in read(run / "history.jsonl") if any(key.startswith(HELD) for key in line)]
    table: dict[str, Any] = {
        "file": target.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "network": part.factory,
        "size": recipe.size,
        "arguments": dict(part.arguments),
        "training": {
            "recipe": recipe.name,
            "commit": commit or _commit(folder),
            "device": about["device"],
            "precision": about["precision"],
            "steps": about["step"],
            "images": about["images"],
            "minutes": round(about["seconds"] / 60, 1),
            "megabytes": round(len(data) / 1e6, 2),
        },
        "scores": {},
        "shares": shares,
    }
    if earlier:
        table["training"] |= _together(table["training"], earlier, mean)
    if scored and module == "network" and not mean:
        figures = {key: value for key, value in scored[-1].items() if key.startswith(HELD)}
        table["training"] |= {NAMES.get(key, key): round(value, 3) for key, value in figures.items()}
    write_entry(folder / MANIFEST, name, table)
    return target


def _set_aside(half: dict[str, Tensor], held: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Take the parts that are other entries' weights out of what gets written; their files' sha256 by the part's name.

    Raises CheckpointError where a part is not that entry's as it is now: it was held while the run learned.
    """
    shares: dict[str, str] = {}
    for part, source in held.items():
        name, _, inner = source.partition("/")
        entry = _earlier(folder, name)
        theirs = under(inner, load_file(folder / entry["file"]))
        mine = under(part, half)
        if mine.keys() != theirs.keys() or not all(torch.equal(mine[key], theirs[key]) for key in mine):
            raise CheckpointError(
                f"{part!r} of the run is not {source!r} as {folder / MANIFEST} has it now. Train on top of that again."
            )
        for key in mine:
            del half[f"{part}.{key}"]
        shares[part] = f"{entry['sha256']}/{inner}".rstrip("/")
    return shares


def _earlier(folder: Path, name: str) -> Mapping[str, Any]:
    """The manifest's table of the weights that a run began with."""
    manifest = folder / MANIFEST
    known = tomllib.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    if name not in known:
        raise OptionError(f"{manifest} has no entry {name!r} that a run could have begun with.")
    earlier: Mapping[str, Any] = known[name]
    return earlier


def _mean(half: Mapping[str, Tensor], folder: Path, earlier: Mapping[str, Any] | None) -> dict[str, Tensor]:
    """The mean of a run's weights and of those it began with; whole numbers are the run's."""
    if earlier is None:
        raise OptionError(
            "The mean is taken with the weights that the run began with: name them with --after."
        )
    began = load_file(folder / earlier["file"])
    if not half.keys() <= began.keys():  # parts that are held are the earlier run's and not written again
        raise CheckpointError(f"{earlier['file']} holds other tensors than the run: they have no mean.")
    return {
        key: _half(key, (value.float() + began[key].float()) / 2) if value.is_floating_point() else value
        for key, value in half.items()
    }


def _together(training: Mapping[str, Any], earlier: Mapping[str, Any], mean: bool) -> dict[str, Any]:
    """What a run's table says besides: both stretches counted, and what was noted of the first."""
    before = earlier.get("training", {})
    counts = {key: training[key] + before.get(key, 0) for key in ("steps", "images", "minutes")}
    note = {"note": before["note"]} if "note" in before else {}
    note |= {"began_with": earlier["sha256"][:12]} | ({"mean_of_both": True} if mean else {})
    return counts | {"minutes": round(counts["minutes"], 1)} | note


def write_entry(manifest: Path, name: str, table: Mapping[str, Any]) -> None:
    """Put a table into the manifest, in place of one of the same name."""
    known = tomllib.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    known[name] = dict(table)
    head = (
        "# The weights that this project trained, and how. Written by `lab.training`'s export and validate.\n"
    )
    _replace(manifest, (head + "".join(f"\n{_table(key, value)}" for key, value in known.items())).encode())


def _half(name: str, tensor: Tensor) -> Tensor:
    """The tensor in fp16. A variance that is too large for it, which a normalisation may have seen, stays as it is."""
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half()
    if not torch.isfinite(half).all():
        if name.endswith("running_var") and torch.isfinite(tensor).all():
            return tensor.float().contiguous()
        raise CheckpointError(f"A weight of up to {float(tensor.abs().max()):.3g} does not fit into fp16.")
    return half.contiguous()


def _replace(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(data)
    os.replace(part, target)


def _table(name: str, values: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"[{name}]"] + [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    text = "\n".join(lines) + "\n"
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            text += "\n" + _table(f"{name}.{key}", value)
    return text


def _key(name: str) -> str:
    """A TOML key: quoted where it is the path of a part, whose dots are none of TOML's."""
    return name if name.replace("_", "").replace("-", "").isalnum() else _value(name)


def _value(value: Any) -> str:
    """A TOML value: strings, numbers, booleans and lists are written as in JSON."""
    return json.dumps(value, ensure_ascii=False)


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder.resolve().parent), "rev-parse", "--short=12", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def main() -> int:
    """The command line; 0 when written, 2 with a message when not."""
    parser = argparse.ArgumentParser(description="Ship a run's network.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--module", default="network")
    parser.add_argument("--name")
    parser.add_argument("--commit", help="of the code that trained, where that is not the present one")
    parser.add_argument(
        "--after", metavar="NAME", help="the shipped weights that the run began with (--start)"
    )
    parser.add_argument("--mean", action="store_true", help="ship the mean of those and the run's")
    arguments = parser.parse_args()
    try:
        chosen = arguments.module, arguments.name, arguments.commit
        target = export(
            arguments.run, arguments.checkpoints, *chosen, after=arguments.after, mean=arguments.mean
        )
    except InpaintError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
