"""Settings: read from the environment, their defaults from where the app runs, and all of them in one table."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from inpaint_app import environment
from inpaint_app.backends import registry as backends
from inpaint_app.backends.exemplar import jit
from inpaint_app.backends.patchmatch import _NATIVE
from inpaint_app.errors import BackendError, MissingError, OptionError
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Request, Session
from inpaint_app.runtime.downloads import fetch
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask
from tests.conftest import ROOT

SPACE = {"SPACE_ID": "somebody/inpaint", "CPU_CORES": "2", "MEMORY": "16Gi"}
PLACES = {"own machine": {}, "container": {"INPAINT_SURROUNDINGS": "container"}, "Spaces": SPACE}


def table() -> dict[str, dict[str, str]]:
    """The rows of docs/settings.md by field name: column → text without its backticks."""
    lines = [line for line in (ROOT / "docs/settings.md").read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, _, *rows = cells
    return {
        row[0].strip("`").removeprefix("INPAINT_").lower(): dict(zip(head, row, strict=True)) for row in rows
    }


def test_the_table_names_every_setting_in_its_order_and_no_other() -> None:
    assert list(table()) == [field.name for field in fields(Settings)]


@pytest.mark.parametrize("place", PLACES)
def test_the_table_says_the_defaults_of_every_place(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_memory", lambda: 4e9)
    settings = Settings.from_environment(PLACES[place])
    for name, row in table().items():
        said, value = row[place].split(" (")[0].strip("`"), getattr(settings, name)
        if said == "same":
            said = row["own machine"].strip("`")
        if said.startswith("by memory"):
            most = float(said.rpartition(" ")[2])
            assert 0 < value <= most, name
        elif said == "–":
            assert not value, name
        elif isinstance(value, bool | int | float):
            assert value == float(said), name
        elif isinstance(value, Path):
            assert value == Path(said).expanduser(), name
        else:
            assert value == said, name


def test_no_setting_is_read_that_the_table_lacks() -> None:
    sources = [*(ROOT / "inpaint_app").rglob("*.py"), ROOT / "app.py", ROOT / "Dockerfile"]
    texts = [path.read_text() for path in sources if path.is_file()]
    named = {
        name.lower() for text in texts for name in re.findall(r"(?<!cv2\.)\bINPAINT_([A-Z_]*[A-Z])", text)
    }
    assert named - {"x_y"} <= set(table())


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, "own"),
        (SPACE, "spaces"),
        ({"SPACE_HOST": "somebody-inpaint.hf.space"}, "spaces"),
        ({"INPAINT_SURROUNDINGS": "container"}, "container"),
        ({**SPACE, "INPAINT_SURROUNDINGS": "own"}, "own"),
        ({**SPACE, "INPAINT_SURROUNDINGS": "Auto"}, "spaces"),
    ],
)
def test_the_place_is_found_by_looking(environment: dict[str, str], place: str) -> None:
    assert Settings.from_environment(environment).surroundings == place


def test_a_place_that_is_not_known_is_refused() -> None:
    with pytest.raises(OptionError, match="'moon', expected auto, own, container, spaces"):
        Settings.from_environment({"INPAINT_SURROUNDINGS": "moon"})


def test_what_is_set_wins_over_the_place() -> None:
    settings = Settings.from_environment(
        {**SPACE, "INPAINT_MAX_MEGAPIXELS": "3.5", "INPAINT_BATCH_PHOTOS": "0"}
    )
    assert (settings.max_megapixels, settings.batch_photos, settings.visitor_at_once) == (3.5, 0, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_MEGAPIXELS", "many"), ("MAX_MEGAPIXELS", "nan"), ("MAX_MEGABYTES", "-1"), ("KEEP_MINUTES", "inf"),
     ("PORT", "80.5"), ("OFFLINE", "perhaps")],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named(name: str, value: str) -> None:
    with pytest.raises(OptionError, match=f"INPAINT_{name} is '{value}', expected"):
        Settings.from_environment({f"INPAINT_{name}": value})


def test_a_small_space_takes_smaller_photos() -> None:
    small = Settings.from_environment({**SPACE, "MEMORY": "512Mi"})
    assert small.max_megapixels == pytest.approx(512 * 2**20 / 4 / 10e6)
    assert small.visits_gigabytes == pytest.approx(0.13, abs=0.01)


def test_a_container_has_its_share_and_not_the_machine_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "CONTROL", tmp_path)
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    seen = environment.detect({"INPAINT_SURROUNDINGS": "container"})
    assert (environment.cores(), seen.memory) == (1, 1e9)
    assert seen.defaults["max_megapixels"] == 25.0
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    unlimited = environment.detect({"INPAINT_SURROUNDINGS": "container"})
    assert unlimited.memory > 1e9
    assert environment.cores() == len(os.sched_getaffinity(0))


def test_a_space_tells_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)))
    monkeypatch.setattr(environment, "CONTROL", Path("/nowhere"))
    assert environment.cores(SPACE) == 2
    assert environment.cores({"CPU_CORES": "2"}) > 2, "that name means nothing elsewhere"
    assert Settings.from_environment({"INPAINT_THREADS": "3"}).cores == 3


@pytest.mark.parametrize(
    ("words", "size"),
    [("16Gi", 2**34), ("16GB", 2**34), ("512Mi", 2**29), ("1024", 1024), ("much", 0), ("", 0), ("-1G", 0)],
)
def test_sizes_are_read(words: str, size: float) -> None:
    assert environment._size(words) == size


def test_a_session_goes_by_its_own_settings_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: Image, mask: Mask
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("patchmatch")
    before = torch.get_num_threads()
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    fetched = mine / "weights" / "yolov8s-seg.pt"
    fetched.parent.mkdir(parents=True)
    for file in (fetched, tmp_path / "my finder.pt"):
        file.touch()
    for name in ("CHECKPOINTS", "CACHE", "YOLO_WEIGHTS"):
        monkeypatch.setenv(f"INPAINT_{name}", str(theirs))
    for name, value in (("THREADS", "5"), ("PATIENCE", "999"), ("DEVICE", "mps"), ("SD_MODEL", "a/b")):
        monkeypatch.setenv(f"INPAINT_{name}", value)
    session = Session(
        Settings(
            checkpoints=ROOT / "checkpoints", yolo_weights=tmp_path / "my finder.pt", cache=mine, offline=True,
            threads=3, patience=0.2, device="cpu", sd_model="./mine.safetensors",
        )
    )  # fmt: skip
    try:
        session.run(image, Request(mask))  # the default, with its network
        assert session.resolve_backend(backends.DEFAULT).name == backends.DEFAULT
        assert (torch.get_num_threads(), jit._pool and jit._pool[1]) == (3, 3)
        assert session.resolve_segmenter().title == "my finder"
        assert fetch("yolov8s-seg", session.settings) == fetched
        with pytest.raises(MissingError, match=r"mine\.safetensors"):
            session.resolve_backend("stable-diffusion")
        with _NATIVE, pytest.raises(BackendError, match="does not come back"):
            session.remove(Removal(image, mask), "patchmatch")
    finally:
        torch.set_num_threads(before)
