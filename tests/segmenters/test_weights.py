"""Where weights are looked for, and what a file says of itself."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.segmenters import registry, weights, weights_content
from inpaint_app.settings import Settings

NAME = "yolov8n-seg"


def checkpoint(pickled: bytes) -> bytes:
    """A file shaped as torch.save makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("best/data.pkl", pickled)
    return buffer.getvalue()


class SegmentationModel:
    """Pickles as a model of that name, with the classes that a user trained."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names


class DetectionModel(SegmentationModel):
    pass


def own_weights(kind: type[SegmentationModel] = SegmentationModel) -> bytes:
    return checkpoint(pickle.dumps({"ema": None, "model": kind({0: "cat", 1: "tractor"})}, protocol=2))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", checkpoints=tmp_path / "checkpoints")


def test_the_setting_comes_before_checkpoints_and_those_before_the_cache(
    settings: Settings, tmp_path: Path
) -> None:
    assert weights.locate(NAME, settings) is None
    places = [tmp_path / "cache" / "weights" / f"{NAME}.pt", tmp_path / "checkpoints" / f"{NAME}.pt"]
    for place in places:
        place.parent.mkdir(parents=True)
        place.touch()
        assert weights.locate(NAME, settings) == place
    own = tmp_path / f"{NAME}_mine.pt"
    own.touch()
    mine = Settings(cache=settings.cache, checkpoints=settings.checkpoints, yolo_weights=own)
    assert weights.locate(NAME, mine) == own
    assert weights.locate(weights.OWN, mine) == own
    assert weights.locate("yolov8s-seg", mine) is None


def test_what_is_missing_is_said_with_the_cure(settings: Settings, tmp_path: Path) -> None:
    (lack,) = weights.missing(NAME, settings)
    assert (lack.what, lack.fetch, lack.megabytes) == (f"the weight file {NAME}.pt", NAME, 7.1)
    with pytest.raises(MissingWeights, match="Brushing works without it"):
        registry.best(settings)
    (lack,) = weights.missing(weights.OWN, replace(settings, yolo_weights=tmp_path / "nowhere.pt"))
    assert "nowhere.pt" in lack.what
    assert lack.fetch is None


def test_asking_what_is_missing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from inpaint_app.segmenters import registry\n"
        "from inpaint_app.settings import Settings; here = Settings()\n"
        "[spec.missing(here) for spec in registry.specs(here)]\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'ultralytics', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_own_weights_are_the_best_segmenter_with_their_own_classes(tmp_path: Path) -> None:
    path = tmp_path / "farm.pt"
    path.write_bytes(own_weights())
    settings = Settings(yolo_weights=path)
    spec = registry.best(settings)
    assert (spec.name, spec.title, spec.labels) == (weights.OWN, "farm", ("cat", "tractor"))
    assert registry.find(weights.OWN, settings) == spec
    assert "tractor" in registry.labels(settings)
    assert "person" in registry.labels(settings)


def test_content_of_the_real_weights(yolo_weights: Path) -> None:
    found = weights_content.content(yolo_weights)
    assert found.labels == registry.COCO
    assert found.model == "SegmentationModel"


def test_reading_a_file_runs_nothing_of_it(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "run"),)

    path = tmp_path / "bomb.pt"
    path.write_bytes(checkpoint(pickle.dumps({"ema": None, "model": Bomb()}, protocol=2)))
    with pytest.raises(CheckpointError):
        weights_content.content(path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""),
        ("text", b"a text file named .pt"),
        ("pickle", pickle.dumps({"model": 1})),
        ("other", checkpoint(pickle.dumps([1, 2]))),
        ("nothing", checkpoint(b"")),
        ("detector", own_weights(DetectionModel)),
        ("cut", own_weights()[:-30]),
    ],
)
def test_files_that_are_no_segmentation_checkpoint_are_refused(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / f"{name}.pt"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=rf"{name}\.pt .*(expected|damaged)"):
        weights_content.content(path)


def padded(pickled: bytes) -> bytes:
    """A checkpoint whose tensors are most of it, as in a real one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("best/data.pkl", pickled, zipfile.ZIP_DEFLATED)
        archive.writestr("best/data/0", bytes(max(1000, len(pickled))))
    return buffer.getvalue()


def changed(at: int, value: int) -> bytes:
    """A good file whose entry says something else, in its own header and in the archive's list."""
    data = bytearray(own_weights())
    listed = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, at, value)
    struct.pack_into("<H", data, listed + at + 2, value)
    return bytes(data)


def foreign_name() -> bytes:
    data = changed(6, 0x800)  # says that its names are UTF-8
    return data.replace(b"best/data.pkl", b"\xff\xfe\xfdt/data.pkl")


def packed(method: int, data: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("best/data.pkl", data)
    return buffer.getvalue()


def named(names: object) -> bytes:
    return padded(pickle.dumps({"model": SegmentationModel(names)}, protocol=2))  # type: ignore[arg-type]


NESTED: object = "x"
for _ in range(40):
    NESTED = [NESTED] * 10

CRAFTED = {
    "lzma": packed(zipfile.ZIP_LZMA),
    "an unknown way of packing": changed(8, 99),
    "an unknown version": changed(4, 99),
    "a password": changed(6, 1),
    "a name that is no UTF-8": foreign_name(),
    "a bomb": packed(zipfile.ZIP_DEFLATED, bytes(100_000_000)),
    "room for 2 billion things": padded(b"\x80\x02Nr" + struct.pack("<I", 2**31 - 1) + b"."),
    "room for 300 million things": padded(b"\x80\x02Nr" + struct.pack("<I", 2**28) + b"."),
    "a text of a terabyte": padded(b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x."),
    "bytes of a terabyte": padded(b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"."),
    "lists in lists": padded(b"\x80\x02" + b"]" * 3_000_000 + b"a" * 2_999_999 + b"."),
    "tuples in tuples": padded(b"\x80\x02N" + b"\x85" * 900_000 + b"."),
    "a million classes": padded(b"\x80\x02" + b"".join(b"cm\nA%d\n0" % n for n in range(100_000)) + b"N."),
    "a call by name": padded(b"(iposix\nsystem\n."),
    "a number of 100,000 digits": padded(b"\x80\x02I" + b"9" * 100_000 + b"\n."),
    "an unknown protocol": padded(b"\x80\xff."),
    "an extension": padded(b"\x80\x02\x82\x01."),
    "letters that are none": padded(b"\x80\x02X\x01\0\0\0\xff."),
    "a key that is none": padded(b"\x80\x02}]Ns."),
    "a class with a zero byte": padded(b"\x80\x02}X\x05\0\0\0modelcx\nA\0B\n)\x81s."),
    "no names": named(None),
    "a number for names": named(7),
    "names that are lists of lists": named({0: NESTED}),
    "a hundred thousand names": named(dict.fromkeys(range(100_000), "c")),
}


def test_crafted_files_are_refused_in_a_sentence_and_cost_little(tmp_path: Path) -> None:
    """In a process of their own, in which none may take 300 MB."""
    for number, data in enumerate(CRAFTED.values()):
        (tmp_path / f"{number}.pt").write_bytes(data)
    code = (
        "import resource, sys; from pathlib import Path; from inpaint_app.segmenters import weights_content\n"
        "from inpaint_app.errors import CheckpointError\n"
        "taken = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "for path in sys.argv[1:]:\n"
        "    before = taken()\n"
        "    try: print('taken for good:', weights_content.content(Path(path)))\n"
        "    except CheckpointError as error: print(taken() - before, error)\n"
    )
    files = [tmp_path / f"{number}.pt" for number in range(len(CRAFTED))]
    done = subprocess.run(
        [sys.executable, "-c", code, *files], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    for what, file, line in zip(CRAFTED, files, done.stdout.splitlines(), strict=True):
        megabytes, _, said = line.partition(" ")
        assert f"{file.name} is no YOLO checkpoint" in said, (what, line)
        assert int(megabytes) < 300, (what, line)
