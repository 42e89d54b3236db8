"""Load → remove → save of a JPEG, against decoding, copying and encoding it once; and the peak memory of it.

    python benchmarks/jpeg.py [PHOTO] [--megapixels 12 48]

Each size runs in a process of its own, and the peer's memory is measured in another, so that a peak is its own. The
photo is enlarged and given grain. Time is processor time of the whole process, best of five; memory is the peak over
what was resident once all was imported, compiled and warm, in units of the decoded photo (width × height × 3 bytes),
and beside the peak of the peer, which writes a progressive photo progressively. The fill is OpenCV's, whose time grows
with the hole and not with the file, so the ratio is given with the removal and without it.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

REPEATS = 5


def enlarged(photo: Path | None, megapixels: float, **options: object) -> bytes:
    """A JPEG of so many megapixels, 4:3, with grain that is not smoothed away."""
    size = round((megapixels * 1e6 * 4 / 3) ** 0.5), round((megapixels * 1e6 * 3 / 4) ** 0.5)
    random = np.random.default_rng(0)
    if photo is None:
        small = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        source = Image.fromarray(small)
    else:
        source = Image.open(photo).convert("RGB")
    picture = np.asarray(source.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
    for start in range(0, size[1], 256):
        grain = random.normal(0, 4, (*picture[start : start + 256].shape[:2], 1))
        picture[start : start + 256] += grain.astype(np.int16)
    buffer = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def best(work: Callable[[], object]) -> float:
    """Seconds of processor time, least of several runs."""
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def peer(path: Path) -> None:
    """What most tools do: Pillow decodes, the pixels are copied, and encoded."""
    source = Image.open(path)
    decoded, progressive = np.asarray(source).copy(), bool(source.info.get("progressive"))
    Image.fromarray(decoded).save(io.BytesIO(), "JPEG", quality=90, progressive=progressive)


def peer_memory(path: Path) -> None:
    """Print the peer's peak in bytes, in a process that does nothing else."""
    from inpaint_app.backends.memory import peak

    small = path.with_name("warm.jpg")
    small.write_bytes(enlarged(None, 0.3))
    peer(small)
    with peak() as most:
        peer(path)
    print(1024**2 * (most.megabytes or 0.0))


def measure(path: Path, side: int) -> None:
    """One size: print its row."""
    from inpaint_app.backends import registry
    from inpaint_app.backends.memory import peak
    from inpaint_app.photofile import files
    from inpaint_app.removal.pipeline import Filler, Removal, remove
    from inpaint_app.settings import Settings

    spec = registry.find("navier-stokes")
    filler = Filler(spec, spec.create(Settings()), spec.options())
    target = path.with_name("saved.jpg")
    removing = []

    def whole(source: Path) -> files.Saved:
        photo = files.load(source)
        hole = np.zeros((photo.height, photo.width), bool)
        y, x = photo.height // 3, photo.width // 3
        hole[y : y + side, x : x + side] = True
        began = time.process_time()
        result = remove(Removal(photo.rgb, hole, grow=0), filler)
        removing.append(time.process_time() - began)
        return files.save(photo, result.image, result.mask, target)

    warm = path.with_name("warm.jpg")
    warm.write_bytes(enlarged(None, 0.3, progressive=bool(Image.open(path).info.get("progressive"))))
    whole(warm)
    with peak() as most:
        saved = whole(path)
    height, width = Image.open(path).size[::-1]
    memory = 1024**2 * (most.megabytes or 0.0) / (width * height * 3)
    ours = best(lambda: whole(path))
    theirs = best(lambda: peer(path))
    apart = subprocess.run(
        [sys.executable, __file__, "--peer", str(path)], check=True, capture_output=True, text=True
    )
    report, resident = saved.report, memory * width * height * 3
    print(
        f"{width * height / 1e6:6.1f} MP  {report.method:12s} {ours * 1000:7.0f} ms  {theirs * 1000:7.0f} ms "
        f"{ours / theirs:6.2f} ×  {(ours - min(removing[1:])) / theirs:6.2f} ×  {memory:5.2f} ×  "
        f"{resident / float(apart.stdout):5.2f} ×  "
        f"{report.blocks_encoded}/{report.blocks_total} units, {report.changed_blocks_outside} changed outside"
    )


def main() -> None:
    """Make the photos and measure each in its own process."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("photo", nargs="?", type=Path)
    arguments.add_argument("--megapixels", nargs="+", type=float, default=[12, 48])
    arguments.add_argument("--progressive", action="store_true")
    arguments.add_argument("--side", type=int, default=200, help="of the hole, in pixels")
    arguments.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.peer:
        peer_memory(given.peer)
        return
    if given.measure:
        measure(given.measure, given.side)
        return
    print(
        "   size   method         load→save  decode+copy+encode  ratio, without removal  memory, ÷ the peer's"
    )
    for size in given.megapixels:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo.jpg"
            path.write_bytes(enlarged(given.photo, size, progressive=given.progressive))
            subprocess.run(
                [sys.executable, __file__, "--measure", str(path), "--side", str(given.side)], check=True
            )


if __name__ == "__main__":
    main()
