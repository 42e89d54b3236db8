"""The evaluation as the page draws it: a snapshot after every fill."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from inpaint_app.errors import Cancelled, OptionError
from inpaint_app.lab.evaluation.live import HEAD, stream
from inpaint_app.removal.session import Session
from inpaint_app.types import Progress

BACKENDS = ("telea", "navier-stokes")


def test_a_snapshot_after_every_fill_and_a_table_of_all_so_far(folder: Path) -> None:
    snapshots = list(stream(Session(), folder, ("square:0.5", "freeform"), BACKENDS, size=32))
    assert [len(snapshot.rows) for snapshot in snapshots] == list(range(1, 17))
    assert {snapshot.total for snapshot in snapshots} == {16}
    first, last = snapshots[0].table(), snapshots[-1].table()
    assert [line[:2] for line in first] == [["telea", "1"]]
    assert [line[:2] for line in last] == [["telea", "4"], ["navier-stokes", "4"]]
    assert all(len(line) == len(HEAD) for line in last)
    assert snapshots[-1].table("freeform") != last
    assert snapshots[3].latest.fill.shape == (32, 32, 3)


def test_its_plots_are_drawings(folder: Path) -> None:
    *_, last = stream(Session(), folder, ("circle",), BACKENDS, size=32, limit=2)
    drawings = last.plots()
    assert len(drawings) == 3
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).tag == "svg"


def test_uploaded_files_and_what_is_wrong_with_them(folder: Path) -> None:
    broken = folder / "broken.jpg"
    broken.write_text("no photo")
    *_, last = stream(Session(), [folder / "p1.png", broken], ("circle",), ("telea",), size=32)
    assert [row.error == "" for row in last.rows] == [True, False]
    assert last.table()[0][1] == "1"


def test_refusals_and_cancel(folder: Path) -> None:
    with pytest.raises(OptionError):
        next(stream(Session(), folder, ("star",), BACKENDS))
    with pytest.raises(Cancelled):
        next(stream(Session(), folder, ("circle",), BACKENDS, Progress(cancelled=lambda: True)))
