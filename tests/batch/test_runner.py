"""Many photos: one error stops nothing, and nothing that was done is lost or done twice."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app import batch
from inpaint_app.backends import registry as backends
from inpaint_app.batch import journal
from inpaint_app.batch.journal import Row
from inpaint_app.errors import Cancelled, OptionError, SaveError
from inpaint_app.photofile import files
from inpaint_app.removal.session import Request, Session
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.settings import Settings
from inpaint_app.types import Progress
from tests.conftest import ROOT
from tests.toys import FINDER, INTERRUPTING

PEOPLE = Request(objects=("people",), backend="telea")


def photo(path: Path, seed: int = 0, people: bool = True) -> Path:
    """A photo of 64×48; without people its corner is black."""
    image = np.random.default_rng(seed).integers(60, 256, (48, 64, 3)).astype(np.uint8)
    image[:16, :16] = 255 if people else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(segmenters, "SEGMENTERS", (FINDER,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    monkeypatch.setattr(backends, "BACKENDS", (*backends.BACKENDS, INTERRUPTING))
    return Session(Settings())


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, ...]:
    """Two photos with people and one file that is no photo, in the middle."""
    photo(tmp_path / "in" / "a.png", 1), photo(tmp_path / "in" / "c.png", 2)
    (tmp_path / "in" / "b.png").write_text("no photo")
    return batch.photos_in(tmp_path / "in")


def test_an_error_stops_nothing(session: Session, three: tuple[Path, ...], tmp_path: Path) -> None:
    done: list[Row] = []
    seen: list[float] = []
    out = tmp_path / "out"
    summary = batch.run(three, PEOPLE, out, session, Progress(lambda f, s: seen.append(f)), done.append)
    assert [row.status for row in summary.rows] == ["removed", "failed", "removed"]
    assert tuple(done) == summary.rows
    assert "b.png" in summary.rows[1].message
    assert summary.rows[0].removed == "1 person"
    assert [row.changed_outside for row in summary.rows] == [0, None, 0]
    before, after = (files.load(folder / "a.png").rgb for folder in (tmp_path / "in", out))
    assert 0 < (before != after).any(axis=2).sum() <= summary.rows[0].hole_pixels
    assert seen == sorted(seen)
    assert "2 of 3 photos done; 1 failed" in str(summary)


def test_the_table_holds_a_row_per_photo_and_tells_nothing_of_the_machine(
    session: Session, three: tuple[Path, ...], tmp_path: Path
) -> None:
    batch.run(three, PEOPLE, tmp_path / "out", session)
    text = (tmp_path / "out" / "batch.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["photo"] for row in rows] == ["a.png", "b.png", "c.png"]
    assert [row["result"] for row in rows] == ["a.png", "", "c.png"]
    assert str(tmp_path) not in text


def test_a_photo_with_nothing_to_remove_is_handed_on_bit_for_bit(session: Session, tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", people=False)
    (row,) = batch.run([path], PEOPLE, tmp_path / "out", session).rows
    assert row.status == "unchanged"
    assert (tmp_path / "out" / "a.jpg").read_bytes() == path.read_bytes()
    (row,) = batch.run([path], PEOPLE, tmp_path / "png", session, format="png").rows
    assert row.result == "a.png"
    assert np.array_equal(files.load(tmp_path / "png" / "a.png").rgb, files.load(path).rgb)


def test_resuming_does_only_what_is_not_done(
    session: Session, three: tuple[Path, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = batch.run(three, PEOPLE, out, session)
    stamp = (out / "a.png").stat().st_mtime_ns
    photo(tmp_path / "in" / "b.png", 3)
    second = batch.run(three, PEOPLE, out, session, resume=True)
    assert second.resumed == 2
    assert [row.status for row in second.rows] == ["removed"] * 3
    assert second.rows[0] == first.rows[0]
    assert (out / "a.png").stat().st_mtime_ns == stamp
    assert len(journal.read(out / "batch.csv")) == 3


def test_what_was_changed_since_is_done_again(session: Session, tmp_path: Path) -> None:
    paths = [photo(tmp_path / "in" / f"{name}.png", n) for n, name in enumerate("abcd")]
    out = tmp_path / "out"
    batch.run(paths, PEOPLE, out, session)
    photo(paths[0], 99)
    (out / "b.png").unlink()
    (out / "c.png").write_bytes(b"torn")
    assert batch.run(paths, PEOPLE, out, session, resume=True).resumed == 1
    assert files.load(out / "c.png").width == 64
    grown = Request(objects=("people",), backend="telea", grow=9)
    assert batch.run(paths, grown, out, session, resume=True).resumed == 0
    assert batch.run(paths, grown, out, session, resume=True).resumed == 4
    assert batch.run(paths, grown, out, session).resumed == 0


def test_masks_are_joined_by_name_and_part_of_what_is_resumed(session: Session, tmp_path: Path) -> None:
    paths = [photo(tmp_path / "in" / name) for name in ("a.png", "b.jpg")]
    drawn = np.zeros((48, 64), np.uint8)
    drawn[30:40, 40:60] = 255
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(cv2.imencode(".png", drawn)[1].tobytes())
    request, out = Request(backend="telea", grow=0), tmp_path / "out"
    masks = batch.masks_in(tmp_path / "masks", paths)
    summary = batch.run(paths, request, out, session, masks=masks)
    assert [row.status for row in summary.rows] == ["removed", "failed"]
    assert "Nothing is marked" in summary.rows[1].message
    changed = (files.load(out / "a.png").rgb != files.load(paths[0]).rgb).any(axis=2)
    assert changed[30:40, 40:60].any()
    assert not (changed & ~(drawn > 0)).any()
    (tmp_path / "masks" / "a.png").write_bytes(cv2.imencode(".png", 255 - drawn)[1].tobytes())
    assert batch.run(paths, request, out, session, masks=masks, resume=True).resumed == 0


def test_photos_of_one_name_get_names_of_their_own(session: Session, tmp_path: Path) -> None:
    paths = [
        photo(tmp_path / "in" / name, n) for n, name in enumerate(["x/a.png", "y/a.png", "y/A.png", "a.bmp"])
    ]
    out = tmp_path / "out"
    summary = batch.run(paths, PEOPLE, out, session, format="png")
    assert [row.result for row in summary.rows] == ["a.png", "a-2.png", "A-3.png", "a-4.png"]
    assert [row.photo for row in summary.rows] == ["a.png", "a.png (2)", "A.png", "a.bmp"]
    assert len({(out / row.result).read_bytes() for row in summary.rows}) == 4
    assert batch.run(paths, PEOPLE, out, session, format="png", resume=True).resumed == 4
    below = batch.run(paths, PEOPLE, tmp_path / "other", session, root=tmp_path / "in")
    assert [row.photo for row in below.rows] == ["x/a.png", "y/a.png", "y/A.png", "a.bmp"]


def test_the_photos_are_never_written_over(session: Session, three: tuple[Path, ...], tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in three}
    summary = batch.run(three, PEOPLE, tmp_path / "in", session)
    assert summary.count("failed") == 3
    assert "another folder" in summary.rows[0].message
    assert {path: path.read_bytes() for path in three} == before


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = photo(tmp_path / "secret" / "s.png")
    inside = photo(tmp_path / "in" / "sub" / "a.png")
    (tmp_path / "in" / "b.png").symlink_to(outside)
    (tmp_path / "in" / "c.png").symlink_to(inside)
    (tmp_path / "in" / "notes.txt").write_text("x")
    assert [path.name for path in batch.photos_in(tmp_path / "in")] == ["c.png"]
    assert [path.name for path in batch.photos_in(tmp_path / "in", recursive=True)] == ["c.png", "a.png"]
    with pytest.raises(OptionError, match="no folder"):
        batch.photos_in(tmp_path / "nowhere")


def test_a_link_among_the_results_is_replaced_not_followed(session: Session, tmp_path: Path) -> None:
    path, victim = photo(tmp_path / "a.png"), photo(tmp_path / "victim.png", 5)
    before = victim.read_bytes()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(victim)
    batch.run([path], PEOPLE, tmp_path / "out", session)
    assert victim.read_bytes() == before
    assert not (tmp_path / "out" / "a.png").is_symlink()


def test_a_cancel_keeps_what_is_done(session: Session, three: tuple[Path, ...], tmp_path: Path) -> None:
    done: list[Row] = []
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        batch.run(three, PEOPLE, out, session, Progress(cancelled=lambda: len(done) == 1), done.append)
    assert [row.photo for row in journal.read(out / "batch.csv")] == ["a.png"]
    assert batch.run(three, PEOPLE, out, session, resume=True).resumed == 1


KILLED = """
import os, sys
from pathlib import Path
from inpaint_app import batch
from inpaint_app.segmenters import registry
from inpaint_app.removal.session import Request, Session
from tests.toys import FINDER
registry.SEGMENTERS = (FINDER,)
rows = []
def on_done(row):
    rows.append(row)
    if len(rows) == 2:
        os._exit(9)
folder = Path(sys.argv[1])
request = Request(objects=("people",), backend="telea")
batch.run(batch.photos_in(folder / "in"), request, folder / "out", Session(), None, on_done)
"""


def test_a_kill_keeps_what_is_done_and_a_torn_row_is_left_out(session: Session, tmp_path: Path) -> None:
    paths = [photo(tmp_path / "in" / f"{name}.png", n) for n, name in enumerate("abc")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=environment, timeout=60)
    assert killed.returncode == 9
    out = tmp_path / "out"
    with (out / "batch.csv").open("a") as stream:
        stream.write('c.png,removed,c.png,"1 per')
    assert [row.photo for row in journal.read(out / "batch.csv")] == ["a.png", "b.png"]
    assert batch.run(paths, PEOPLE, out, session, resume=True).resumed == 2
    assert len(journal.read(out / "batch.csv")) == 3


def test_one_writer_at_a_time(session: Session, three: tuple[Path, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with journal.opened(out, resume=False), pytest.raises(SaveError, match="Another batch"):
        batch.run(three, PEOPLE, out, session)
    batch.run(three, PEOPLE, out, session)


@pytest.mark.parametrize(
    "wanted", [Request(objects=("people",), backend="nope"), Request(backend="telea", options={"x": 1})]
)
def test_a_wrong_job_fails_before_anything_starts(
    session: Session, three: tuple[Path, ...], tmp_path: Path, wanted: Request
) -> None:
    with pytest.raises(OptionError):
        batch.run(three, wanted, tmp_path / "out", session)
    assert not (tmp_path / "out").exists()


def test_results_that_cannot_be_written_anywhere_are_said_at_once(
    session: Session, three: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SaveError, match="cannot be written"):
        batch.run(three, PEOPLE, tmp_path / "file" / "out", session)


def test_the_zip_holds_every_result_and_the_table(
    session: Session, three: tuple[Path, ...], tmp_path: Path
) -> None:
    summary = batch.run(three, PEOPLE, tmp_path / "out", session)
    target = batch.zipped(summary, tmp_path / "all.zip")
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["a.png", "c.png", "batch.csv"]
        assert archive.read("a.png") == (tmp_path / "out" / "a.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "in", "out"]
    with pytest.raises(SaveError, match="zip cannot be written"):
        batch.zipped(summary, tmp_path / "no" / "all.zip")


def test_a_journal_of_any_content_is_read(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    path.write_bytes(b'\xff\xfe\0,"\n\n"broken')
    assert journal.read(path) == []
    with journal.opened(tmp_path, resume=True) as (earlier, write):
        assert earlier == {}
        write(Row('näme, with "quotes"\nand a line.png', "failed", message="x"))
    assert journal.read(path)[0].photo == 'näme, with "quotes"\nand a line.png'
