"""Long coverage-guided search for bytes that break a promise, with atheris: to be run by a person.

    pip install atheris
    python tests/fuzz/search.py photo -atheris_runs=200000 -rss_limit_mb=3000 -timeout=20 corpus/photo

The first word is the promise (photo, written, png, mask, marks, recipe); the rest are libFuzzer's options and a
folder for the corpus. What breaks a promise is written as crash-… into the current folder, and runs alone when it is
given instead of the folder. Fix it, and keep it as a test in test_findings.py with a file generated there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

HERE = Path(__file__).resolve().parents[2]
# Modules whose loops numba compiles stay out: it reads their bytecode.
KERNELS = [
    f"inpaint_app.photofile.jpeg.{path.stem}" for path in (HERE / "inpaint_app/photofile/jpeg").glob("*.py")
]
with atheris.instrument_imports(
    include=["inpaint_app", "PIL", "tifffile", "json"],
    exclude=KERNELS,
    enable_loader_override=False,
):
    from inpaint_app.photofile import files
    from inpaint_app.photofile.containers import png
    from tests.fuzz import promises


def text(data: bytes) -> str:
    """Bytes as the text that a browser could have sent."""
    return data.decode("latin-1")


PROMISES: dict[str, tuple[Callable[[bytes], object], Callable[[], list[bytes]]]] = {
    "photo": (lambda data: promises.photo(data, writing=False), promises.photo_seeds),
    "written": (promises.photo, promises.photo_seeds),
    "png": (
        lambda data: promises.photo(promises.repaired(data), writing=False),
        lambda: [seed for seed in promises.photo_seeds() if seed.startswith(png.SIGNATURE)],
    ),
    "mask": (lambda data: promises.mask(promises.repaired(data)), promises.mask_seeds),
    "marks": (
        lambda data: promises.marks(text(data)),
        lambda: [seed.encode() for seed in promises.mark_seeds()],
    ),
    "recipe": (promises.replay, promises.recipe_seeds),
}


def main() -> None:
    """Seed the corpus and search."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in PROMISES:
        raise SystemExit(f"Say which promise: {', '.join(PROMISES)}.")
    check, seeds = PROMISES[name]
    files.warm_up()
    arguments = [sys.argv[0], *sys.argv[2:]]
    for folder in [
        Path(word) for word in arguments[1:] if not word.startswith("-") and not Path(word).is_file()
    ]:
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (folder / f"seed-{number:02}").write_bytes(seed)
    atheris.Setup(arguments, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
