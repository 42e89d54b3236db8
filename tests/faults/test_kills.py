"""kill -9 in the middle of things: finished work stays, nothing half-written counts."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from inpaint_app import batch
from inpaint_app.batch import journal
from inpaint_app.errors import MissingWeights
from inpaint_app.photofile import files
from inpaint_app.removal.session import Session
from inpaint_app.runtime import downloads, fetching
from inpaint_app.segmenters import weights
from inpaint_app.settings import Settings
from tests.faults.processes import FETCHING, NAME, PEOPLE, Stalling, killed, photo, started, until

pytest.importorskip("resource")  # limits of a process: not on Windows

SAVING = """
import sys
from pathlib import Path
from inpaint_app.photofile import files
data = [bytes([number]) * 40_000_000 for number in (1, 2)]
print("ready", flush=True)
for turn in range(10_000):
    files.write_bytes(data[turn % 2], Path(sys.argv[1]))
"""


def test_a_kill_in_the_middle_of_a_save_leaves_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    for delay in (0.0, 0.02):
        process = started(SAVING, target)
        assert process.stdout is not None
        process.stdout.readline()
        until(target.exists, process)
        until(lambda: any(tmp_path.glob(".photo.png.*.part")), process)
        time.sleep(delay)
        killed(process)
        data = target.read_bytes()
        assert len(data) == 40_000_000
        assert len(set(data)) == 1


BATCH = """
import sys, time
from pathlib import Path
from inpaint_app import batch
from inpaint_app.photofile import files
from inpaint_app.segmenters import registry
from inpaint_app.removal.session import Request, Session
from tests.toys import FINDER
registry.SEGMENTERS = (FINDER,)
replace = files.os.replace
def slowly(source, target):  # so that a kill finds a file that is written and not yet renamed
    time.sleep(0.4)
    replace(source, target)
files.os.replace = slowly
folder = Path(sys.argv[1])
request = Request(objects=("people",), backend="telea")
batch.run(batch.photos_in(folder / "in"), request, folder / "out", Session(), resume=True)
"""


def test_a_batch_that_is_killed_again_and_again_ends_as_one_that_was_not(
    session: Session, tmp_path: Path
) -> None:
    paths = [photo(tmp_path / "in" / f"{name}.png", n) for n, name in enumerate("abcdef")]
    out = tmp_path / "out"
    done: set[str] = set()
    for kill in range(2):
        process = started(BATCH, tmp_path)
        wanted = 2 * (kill + 1)
        until(lambda wanted=wanted: len(list(out.glob("*.png"))) >= wanted, process)
        until(lambda: any(out.glob(".*.part")), process)
        killed(process)
        rows = journal.read(out / "batch.csv")
        assert {row.photo for row in rows} >= done, "finished work was lost"
        for row in rows:
            assert hashlib.sha256((out / row.result).read_bytes()).hexdigest() == row.sha256
        done = {row.photo for row in rows}
        for result in out.glob("*.png"):
            files.load(result)
    assert len(done) >= 3
    summary = batch.run(paths, PEOPLE, out, session, resume=True)
    assert summary.resumed == len(done)
    whole = batch.run(paths, PEOPLE, tmp_path / "whole", session)
    assert [row.sha256 for row in summary.rows] == [row.sha256 for row in whole.rows]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [journal.LOCK, journal.NAME, *(path.name for path in paths)]
    ), "something half-written was left lying"


def test_what_is_no_leftover_of_ours_is_left_alone(session: Session, tmp_path: Path) -> None:
    path = photo(tmp_path / "in" / "a.png", 0)
    out = tmp_path / "out"
    out.mkdir()
    for name in (".download.part", "film.avi.abcdefgh.part", ".a.png.ABCDEFGH.part"):
        (out / name).write_text("mine")
    (out / ".a.png.abcdef_8.part").write_text("ours")
    batch.run([path], PEOPLE, out, session)
    left = {path.name for path in out.glob("*.part")} | {path.name for path in out.glob(".*.part")}
    assert left == {".download.part", "film.avi.abcdefgh.part", ".a.png.ABCDEFGH.part"}


@pytest.mark.usefixtures("trailing")
def test_a_kill_in_the_middle_of_a_download_is_gone_on_from(stalling: str, tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path, checkpoints=tmp_path / "none")
    part = settings.weights / f"{NAME}.pt.part"
    process = started(FETCHING, tmp_path, stalling)
    until(lambda: part.exists() and part.stat().st_size >= 60_000, process)
    killed(process)
    assert weights.locate(NAME, settings) is None, "half a file must not serve"
    half = part.stat().st_size
    Stalling.flows.set()
    assert downloads.fetch(NAME, settings).read_bytes() == Stalling.data
    assert Stalling.ranges == [None, f"bytes={half}-"]
    assert not part.exists()


@pytest.mark.usefixtures("trailing")
def test_a_download_that_stalls_is_told_and_gone_on_from(
    stalling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(cache=tmp_path, checkpoints=tmp_path / "none")
    monkeypatch.setattr(fetching, "TIMEOUT", 0.5)
    with pytest.raises(MissingWeights, match="timed out"):
        downloads.fetch(NAME, settings)
    assert weights.locate(NAME, settings) is None
    monkeypatch.setattr(fetching, "TIMEOUT", 60)
    Stalling.flows.set()
    assert downloads.fetch(NAME, settings).read_bytes() == Stalling.data
    assert Stalling.ranges[1] is not None
