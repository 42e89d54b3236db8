"""The training loop. It knows no model: an objective yields losses, the loop steps, records, saves and resumes.

Every step is a function of (seed, step): photos, crops, holes and noise. So a run that was killed and resumed from its
last state repeats the curve that an undisturbed one draws, exactly with --steps, and up to the clock with --minutes,
where the learning rate follows the time that is spent.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor

from inpaint_app.errors import CheckpointError, InpaintError
from inpaint_app.lab.objectives.inpainting import Objective, load
from inpaint_app.lab.training import state
from inpaint_app.lab.training.device import device_name, lay_out, precision
from inpaint_app.lab.training.history import History
from inpaint_app.lab.training.recipe import Recipe
from inpaint_app.models.checkpoints import under


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and where to train.

    out: folder of the run. checkpoints: of the weights that parts of a network are held to.
    steps or minutes end it (minutes count training time over all stretches). precision: "bf16",
    "fp32", or "auto", which takes bf16 where the device has the instructions. start: weights of the same network to
    begin with, a safetensors file. save_every: seconds between states.
    record_every: steps between lines of the history. cpu: stay off the GPU.
    """

    out: Path
    checkpoints: Path
    steps: int | None = None
    minutes: float | None = None
    resume: bool = False
    seed: int = 0
    precision: str = "auto"
    save_every: float = 120.0
    record_every: int = 20
    sample_every: float = 600.0
    holes: int = 8192
    start: Path | None = None
    cpu: bool = False
    quiet: bool = False


Validate = Callable[[Objective], dict[str, float]]


class Trainer:
    """One run of one recipe."""

    def __init__(self, recipe: Recipe, plan: Plan, photos: Any, validate: Validate | None = None) -> None:
        self.recipe, self.plan, self.validate = recipe, plan, validate
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
        self.accelerator = Accelerator(mixed_precision=precision(plan.precision, plan.cpu), cpu=plan.cpu)
        self.device = self.accelerator.device
        torch.manual_seed(plan.seed)  # the first weights
        self.objective = load(recipe, plan.checkpoints)
        if plan.start:
            self._begin_with(plan.start)
        for module in self.objective.modules.values():
            lay_out(module.to(self.device))
        self.objective.train()
        self.optimisers = {player: self._optimiser(player) for player in self.objective.players}
        self.average = state.Average(self.objective.modules["network"], recipe.average)
        self.sampler = self.objective.sampler(
            photos,
            recipe.batch,
            plan.seed,
            self.device,
            self.accelerator.process_index,
            self.accelerator.num_processes,
            plan.holes,
        )
        self.step, self.seconds = 0, 0.0
        self.history = History(plan.out)

    def run(self) -> None:
        """Train until the plan is fulfilled; raises InpaintError where a loss is no number, the last state kept."""
        self._begin()
        steps, minutes = (
            self.plan.steps or (None if self.plan.minutes else self.recipe.steps),
            self.plan.minutes,
        )
        sums: dict[str, Tensor] = {}
        last = saved = sampled = time.monotonic()
        since = self.seconds
        while (steps is None or self.step < steps) and (minutes is None or self.seconds < 60 * minutes):
            self._advance(steps, sums)
            now = time.monotonic()
            self.seconds = self._agreed(self.seconds + now - last)
            last = now
            if self.step % self.plan.record_every:
                continue
            self._record(sums, self.plan.record_every / max(1e-9, self.seconds - since), steps)
            since = self.seconds
            if now - sampled > self.plan.sample_every:
                self._sample()
                sampled = now
            if now - saved > self.plan.save_every:
                self._save()
                saved = now
        if sums:
            self._record(sums, self.step % self.plan.record_every / max(1e-9, self.seconds - since), steps)
        self._sample()
        self._save()
        self.history.close()
        self.accelerator.wait_for_everyone()

    def _agreed(self, seconds: float) -> float:
        """The first process's clock, so that all of them stop at the same step."""
        if self.accelerator.num_processes == 1:
            return seconds
        shared = torch.tensor(seconds, dtype=torch.float64, device=self.device)
        return float(broadcast(shared))

    def _begin_with(self, path: Path) -> None:
        tensors, _ = state.load(path)
        network = self.objective.modules["network"]
        held = tuple(f"{part}." for part in self.recipe.held)
        kept = {name: value for name, value in network.state_dict().items() if name.startswith(held)}
        try:
            network.load_state_dict(tensors | kept)
        except RuntimeError as error:
            raise CheckpointError(
                f"{path} does not fit the network of {self.recipe.name!r}: {error}."
            ) from error

    def _advance(self, steps: int | None, sums: dict[str, Tensor]) -> None:
        batch = self.sampler.draw(self.step)
        photo = batch.photo.contiguous(memory_format=torch.channels_last)
        torch.manual_seed((self.plan.seed * 1_000_003 + self.step) * 64 + self.accelerator.process_index)
        self._schedule(steps)
        turns = self.objective.losses(batch._replace(photo=photo), self.step)
        while True:
            with self.accelerator.autocast():
                turn = next(turns, None)
            if turn is None:
                break
            player, loss, figures = turn
            self._learn(player, loss)
            for name, value in {player: loss.detach(), **figures}.items():
                sums[name] = sums.get(name, torch.zeros((), device=self.device)) + value.float()
        self.step += 1
        self.average.update(self.objective.modules["network"])

    def _learn(self, player: str, loss: Tensor) -> None:
        optimiser = self.optimisers[player]
        optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
        if self.accelerator.num_processes > 1:
            # By hand, not by DistributedDataParallel: critics are called several times for one backward pass.
            flat = torch.cat([p.grad.flatten() for p in parameters])
            flat = self.accelerator.reduce(flat, reduction="mean")
            for p, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
                p.grad = part.view_as(p)
        if self.recipe.clip:
            torch.nn.utils.clip_grad_norm_(parameters, self.recipe.clip)
        optimiser.step()

    def _optimiser(self, player: str) -> torch.optim.Optimizer:
        recipe = self.recipe
        names = self.objective.players[player]
        parameters = [p for name in names for p in self.objective.modules[name].parameters()]
        rate = recipe.learning_rate if player == "network" else recipe.critic_rate
        return torch.optim.AdamW(
            [{"params": parameters, "initial": rate}],
            rate,
            recipe.betas,
            weight_decay=recipe.weight_decay,
            fused=True,
        )

    def _schedule(self, steps: int | None) -> None:
        """Linear warm-up, then half a cosine down to a fiftieth, by steps or by the time spent."""
        shares = [self.step / steps] if steps else []
        shares += [self.seconds / (60 * self.plan.minutes)] if self.plan.minutes else []
        share = min(1.0, max(shares))
        factor = min(1.0, (self.step + 1) / max(1, self.recipe.warmup))
        factor *= 0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = group["initial"] * factor

    def _begin(self) -> None:
        path = self.plan.out / "state.safetensors"
        if self.plan.resume and path.exists():
            self._restore(path)
        elif path.exists() and not self.plan.resume:
            raise CheckpointError(f"{path} is there already. Add --resume to go on, or choose another --out.")
        if self.accelerator.is_main_process:
            self.plan.out.mkdir(parents=True, exist_ok=True)
            text = json.dumps(dataclasses.asdict(self.recipe), indent=1)
            (self.plan.out / "recipe.json").write_text(text + "\n", encoding="utf-8")
            self.history.open(self.step)

    def _record(self, sums: dict[str, Tensor], steps_a_second: float, steps: int | None) -> None:
        count = self.step % self.plan.record_every or self.plan.record_every
        means = {name: float(value) / count for name, value in sums.items()}
        sums.clear()
        for name, value in means.items():
            if not math.isfinite(value):
                raise InpaintError(
                    f"Training diverged: {name} is {value} at step {self.step}. The last good state is kept in "
                    f"{self.plan.out}; lower the recipe's learning rate and go on with --resume."
                )
        if not self.accelerator.is_main_process:
            return
        rate = steps_a_second * self.recipe.batch
        line = {"step": self.step, "images": self.step * self.recipe.batch, "seconds": round(self.seconds, 1)}
        self.history.add({**line, "images_per_second": round(rate, 2), **means})
        if not self.plan.quiet:
            self._show(rate, steps, means)

    def _show(self, rate: float, steps: int | None, means: dict[str, float]) -> None:
        left = []
        if steps:
            left.append((steps - self.step) * self.recipe.batch / max(rate, 1e-9))
        if self.plan.minutes:
            left.append(60 * self.plan.minutes - self.seconds)
        figures = " ".join(f"{name} {value:.4f}" for name, value in means.items())
        text = (
            f"step {self.step}, {self.step * self.recipe.batch} images, {rate:.1f} images/s, "
            f"{max(0, min(left)) / 60:.1f} min left, {figures}"
        )
        sys.stderr.write(f"\r\x1b[K{text}" if sys.stderr.isatty() else f"{text}\n")
        sys.stderr.flush()

    def _sample(self) -> None:
        """Score and show the averaged network; training goes on with the other weights."""
        if not self.accelerator.is_main_process:
            return
        network = self.objective.modules["network"]
        own = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(self.average.values)
        network.eval()
        with torch.no_grad():
            scores = self.validate(self.objective) if self.validate else self.objective.validate()
            grid = self.objective.picture(network, self.sampler.draw(0))
        self.history.sample(self.step, grid, scores, self.seconds)
        network.load_state_dict(own)
        self.objective.train()

    def _save(self) -> None:
        if not self.accelerator.is_main_process:
            return
        tensors = {f"average.{k}": v for k, v in self.average.values.items()}
        for name, module in self.objective.modules.items():
            tensors |= {f"module.{name}.{k}": v for k, v in module.state_dict().items()}
        for player, optimiser in self.optimisers.items():
            tensors |= state.pack_optimiser(f"optimiser.{player}", optimiser)
        state.save(self.plan.out / "state.safetensors", tensors, self._about())
        state.save(self.plan.out / "network.safetensors", self.average.values, self._about())

    def _about(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "step": self.step,
            "images": self.step * self.recipe.batch,
            "seconds": self.seconds,
            "seed": self.plan.seed,
            "average": self.average.count,
            "device": device_name(self.device),
            "precision": self.accelerator.mixed_precision,
        }

    def _restore(self, path: Path) -> None:
        tensors, about = state.load(path)
        if about.get("recipe") != self.recipe.name:
            raise CheckpointError(
                f"{path} belongs to the recipe {about.get('recipe')!r}, not {self.recipe.name!r}."
            )
        try:
            for name, module in self.objective.modules.items():
                module.load_state_dict(under(f"module.{name}", tensors))
            for player, optimiser in self.optimisers.items():
                state.unpack_optimiser(f"optimiser.{player}", optimiser, tensors)
        except (RuntimeError, KeyError, ValueError) as error:
            raise CheckpointError(f"{path} does not fit the recipe as it is now: {error}.") from error
        self.average.values = {k: v.to(self.device) for k, v in under("average", tensors).items()}
        self.average.count, self.step, self.seconds = about["average"], about["step"], about["seconds"]
