"""A disk that is full: said in words, what is done is kept, and gone on from once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaint_app import batch
from inpaint_app.batch import journal
from inpaint_app.errors import SaveError
from inpaint_app.removal.session import Session
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
from tests.faults.processes import FETCHING, NAME, PEOPLE, Stalling, photo, started

pytest.importorskip("resource")  # limits of a process: not on Windows


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB; a folder where no disk can be mounted, for `fit` makes files as small there."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    yield folder
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", str(folder)], check=True)


SAVES_LARGE = """
import sys
from pathlib import Path
from inpaint_app.errors import SaveError
from inpaint_app.photofile import files
target = Path(sys.argv[1])
try:
    files.write_bytes(bytes(3_000_000), target)
except SaveError as error:
    print(error)
"""


def test_a_save_onto_a_full_disk_is_said_and_leaves_what_was_there(full: Path) -> None:
    target = full / "photo.png"
    target.write_bytes(b"what was there")
    said = started(SAVES_LARGE, target, limit=1_000_000).communicate(timeout=60)[0]
    assert "photo.png could not be written" in said
    assert "disk is full" in said or "larger than files may be" in said
    assert target.read_bytes() == b"what was there"
    assert [path.name for path in full.iterdir()] == ["photo.png"]


BATCH_FULL = """
import sys
from pathlib import Path
from inpaint_app import batch
from inpaint_app.errors import SaveError
from inpaint_app.segmenters import registry
from inpaint_app.removal.session import Request, Session
from tests.toys import FINDER
registry.SEGMENTERS = (FINDER,)
photos, out = Path(sys.argv[1]), Path(sys.argv[2])
request = Request(objects=("people",), backend="telea")
try:
    print(batch.run(batch.photos_in(photos), request, out, Session(), resume=True))
except SaveError as error:
    print("stopped:", error)
"""


def test_a_batch_onto_a_full_disk_keeps_what_is_done_and_goes_on_once_there_is_room(
    session: Session, tmp_path: Path, full: Path
) -> None:
    sides = {"a": 100, "b": 700, "c": 100}
    paths = [photo(tmp_path / "in" / f"{name}.png", n, side) for n, (name, side) in enumerate(sides.items())]
    assert paths[1].stat().st_size > 1_000_000
    out = full / "out"
    out.mkdir()
    said = started(BATCH_FULL, tmp_path / "in", out, limit=1_000_000).communicate(timeout=120)
    rows = {row.photo: row for row in journal.read(out / "batch.csv")}
    assert rows["a.png"].status == rows["c.png"].status == "removed", said
    assert rows["b.png"].status == "failed"
    assert "could not be written" in rows["b.png"].message
    assert not list(out.glob(".*.part"))
    elsewhere = tmp_path / "larger"
    elsewhere.mkdir()
    for path in out.iterdir():
        (elsewhere / path.name).write_bytes(path.read_bytes())
    again = batch.run(paths, PEOPLE, elsewhere, session, resume=True)
    assert (again.resumed, again.count("removed")) == (2, 3)


@pytest.mark.usefixtures("stalling")
def test_a_download_onto_a_full_disk_is_said_and_gone_on_from(stalling: str, tmp_path: Path) -> None:
    Stalling.flows.set()
    process = started(FETCHING, tmp_path, stalling, limit=100_000)
    said = process.communicate(timeout=60)[1]
    assert "MissingWeights" in said
    assert "could not be fetched" in said
    settings = Settings(cache=tmp_path, checkpoints=tmp_path / "none")
    assert weights.locate(NAME, settings) is None
    part = settings.weights / f"{NAME}.pt.part"
    assert 0 < part.stat().st_size <= 100_000


def test_a_journal_on_a_full_disk_ends_the_batch_in_words(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise SaveError("batch.csv cannot be written: No space left on device.")

    path = photo(tmp_path / "in" / "a.png", 0)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_append", full)
        with pytest.raises(SaveError, match="No space left"):
            batch.run([path], PEOPLE, tmp_path / "out", session)
    summary = batch.run([path], PEOPLE, tmp_path / "out", session, resume=True)
    assert summary.count("removed") == 1
