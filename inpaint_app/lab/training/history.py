"""What a run leaves behind for the eye: history.jsonl, tensorboard scalars and grids, and curves as a PNG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError

HELD = "validation_"


class History:
    """Writes the curve of a run. Lines after the step that a run resumes from are dropped, since they come again."""

    def __init__(self, out: Path) -> None:
        self.path = out / "history.jsonl"
        self._board: Any = None

    def open(self, step: int) -> None:
        """Begin, or go on after `step`."""
        kept = (
            [line for line in read(self.path) if line["step"] <= step] if self.path.exists() and step else []
        )
        part = self.path.with_suffix(".part")
        part.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        part.replace(self.path)
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(self.path.parent / "tensorboard"), purge_step=step or None)

    def add(self, line: dict[str, Any]) -> None:
        """One line: step, images, seconds and the means of the losses since the last."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in line.items():
            if name != "step":
                self._board.add_scalar(name, value, line["step"])

    def sample(self, step: int, grid: NDArray[np.uint8], scores: dict[str, float], seconds: float) -> None:
        """A picture (H, W, 3) of how far it is, and the validation scores."""
        if scores:
            named = {f"{HELD}{name}": value for name, value in scores.items()}
            self.add({"step": step, "seconds": round(seconds, 1), **named})
        PillowImage.fromarray(grid).save(self.path.parent / "samples.png")
        self._board.add_image("samples", grid, step, dataformats="HWC")

    def close(self) -> None:
        """Flush."""
        if self._board is not None:
            self._board.close()


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a history; a last line cut off by a kill is left out."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def plot(runs: Sequence[Path], target: Path) -> None:
    """Draw the curves of runs over images seen: losses left, validation scores right; OptionError without any."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    kinds: set[str] = set()
    for run in runs:
        if not (run / "history.jsonl").exists():
            raise OptionError(f"{run} holds no history.jsonl: it is no folder of a training run.")
        lines = read(run / "history.jsonl")
        losses = [(one["images"], one["network"]) for one in lines if "network" in one]
        if losses:
            window = max(1, len(losses) // 100)
            smooth = np.convolve([y for _, y in losses], np.ones(window) / window, "valid")
            left.plot([x for x, _ in losses][window - 1 :], smooth, label=run.name)
        for name, points in _scores(lines).items():
            shown = run.name if name == "psnr" else f"{run.name}, {name}"
            right.plot(*zip(*points, strict=True), marker=".", label=shown)
            kinds.add(name)
    left.set(xlabel="images seen", ylabel="training loss of the network")
    said = "PSNR in the centre hole, dB (mean over images)" if kinds <= {"psnr"} else "validation scores"
    right.set(xlabel="minutes of training", ylabel=said)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    figure.savefig(target, dpi=120)
    pyplot.close(figure)


def _scores(lines: Sequence[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """(minutes, value) of every validation score, by its name."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for key, value in line.items():
            if key.startswith(HELD):
                found.setdefault(key.removeprefix(HELD), []).append((line["seconds"] / 60, value))
    return found
