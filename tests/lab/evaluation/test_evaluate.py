"""The whole line: plan → rows → folder → report; resumed, spread over processes, through the command line."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inpaint_app import cli
from inpaint_app.backends import registry
from inpaint_app.errors import BackendError, Cancelled, OptionError, SaveError
from inpaint_app.lab.evaluation import page, summary
from inpaint_app.lab.evaluation.measure import MOSAIC, Measured, Plan, Row, mosaic, run
from inpaint_app.lab.evaluation.photosets import gathered, photos
from inpaint_app.lab.evaluation.store import Store
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Progress, Result

BACKENDS = ("telea", "navier-stokes")
SESSION = Session(Settings())


def plan_of(folder: Path, **changes: object) -> Plan:
    plan = Plan(photos(folder), ("square:0.5", "freeform"), BACKENDS, size=32)
    return replace(plan, **changes)  # type: ignore[arg-type]


def bare(rows: list[Measured]) -> dict[tuple[str, str, str], Row]:
    return {found.row.key: replace(found.row, seconds=None, peak_mb=None) for found in rows}


def test_a_row_for_every_photo_hole_and_backend(folder: Path) -> None:
    plan = plan_of(folder)
    found = list(run(plan, SESSION))
    assert len(found) == plan.count == 16
    assert len(bare(found)) == 16
    for measured in found:
        row = measured.row
        assert row.error == ""
        assert (row.width, row.height) == (32, 32)
        assert row.changed_known == 0
        assert row.scores["image"]["l1"] == pytest.approx(row.scores["hole"]["l1"] * row.hole_share, rel=1e-3)
        assert row.scores["truth"]["hole tv"] > 0
        assert measured.fill is not None
        assert measured.fill.shape == measured.truth.shape


def test_the_same_seed_gives_the_same_rows_in_any_company(folder: Path) -> None:
    whole = bare(list(run(plan_of(folder), SESSION)))
    part = bare(list(run(plan_of(folder, holes=("freeform",), backends=("telea",)), SESSION)))
    assert part == {key: whole[key] for key in part}
    other = bare(list(run(plan_of(folder, seed=1, holes=("freeform",)), SESSION)))
    assert any(other[key].hole_share != whole[key].hole_share for key in other)


def test_several_processes_give_the_same_rows(folder: Path) -> None:
    plan = plan_of(folder, photos=photos(folder)[:2], holes=("square:0.5",))
    assert bare(list(run(plan, SESSION, processes=2))) == bare(list(run(plan, SESSION)))


def test_what_cannot_be_read_or_filled_is_a_row_with_its_error(folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"no picture")
    found = bare(list(run(plan_of(folder, backends=("telea", "no-such")), SESSION)))
    assert "no-such" in found["p0.png", "freeform", "no-such"].error
    assert "broken.png" in found["broken.png", "freeform", "telea"].error
    assert found["p0.png", "freeform", "telea"].error == ""


def test_a_mosaic_hole_shows_the_mosaic_as_a_row_and_to_no_backend(folder: Path) -> None:
    found = list(
        run(plan_of(folder, photos=photos(folder)[:1], holes=("mosaic:16/32",), backends=("telea",)), SESSION)
    )
    assert [measured.row.backend for measured in found] == [MOSAIC, "telea"]
    assert (found[1].cut[12:20, 12:20] == 127).all()


def test_what_restores_sees_the_mosaic_and_no_other_backend_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, np.ndarray] = {}

    def remove(session: Session, removal: Removal, backend: str, progress: Progress) -> Result:
        seen[backend] = removal.image
        raise BackendError("seen")

    telea = registry.find("telea")
    restorer = replace(telea, name="restorer", restores=True)
    monkeypatch.setattr(registry, "BACKENDS", (telea, restorer))
    monkeypatch.setattr(Session, "remove", remove)
    plan = plan_of(folder, photos=photos(folder)[:1], holes=("mosaic:16/32",), backends=("telea", "restorer"))
    list(run(plan, SESSION))
    hole = slice(12, 20), slice(12, 20)
    assert (seen["telea"][hole] == 127).all()
    assert len(np.unique(seen["restorer"][hole].reshape(-1, 3), axis=0)) > 2


def test_mosaic_blocks_are_means() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    mask = np.zeros((16, 16), dtype=bool)
    mask[:8, :8] = True
    found = mosaic(image, mask, cells=4)
    np.testing.assert_allclose(found[0, 0], image[:2, :2].mean(axis=(0, 1)), atol=0.51)
    assert (found[:2, :2] == found[0, 0]).all()
    np.testing.assert_array_equal(found[~mask], image[~mask])


def test_a_run_that_was_stopped_goes_on(folder: Path, tmp_path: Path, monkeypatch) -> None:
    plan, out = plan_of(folder), tmp_path / "out"
    store = Store(out, plan)
    for number, measured in enumerate(run(plan, SESSION)):
        if number == 5:
            break
        store.add(measured)
    with (out / "rows.jsonl").open("a") as stream:
        stream.write('{"photo": "torn')
    calls = []
    real = Session.remove
    monkeypatch.setattr(Session, "remove", lambda self, *rest: calls.append(1) or real(self, *rest))
    store.close()
    again = Store(out, plan)
    assert again.earlier == 5
    for measured in run(plan, SESSION, done=again.has):
        again.add(measured)
    again.close()
    assert len(calls) == 11
    assert len(Store(out, plan).rows) == 16


def test_rows_measured_otherwise_are_not_mixed(folder: Path, tmp_path: Path) -> None:
    plan = plan_of(folder)
    store = Store(tmp_path / "out", plan)
    store.add(next(run(plan, SESSION)))
    store.close()
    with pytest.raises(OptionError, match="size 32, not 16"):
        Store(tmp_path / "out", replace(plan, size=16))
    assert Store(tmp_path / "out", replace(plan, size=16), fresh=True).rows == {}


def test_failed_rows_are_tried_again(folder: Path, tmp_path: Path) -> None:
    plan = plan_of(folder, backends=("no-such",))
    store = Store(tmp_path / "out", plan)
    store.add(next(run(plan, SESSION)))
    store.close()
    assert Store(tmp_path / "out", plan).earlier == 0


def test_two_runs_do_not_write_into_one_folder(folder: Path, tmp_path: Path) -> None:
    plan = plan_of(folder)
    store = Store(tmp_path / "out", plan)
    with pytest.raises(SaveError, match="Another evaluation"):
        Store(tmp_path / "out", plan)
    store.close()
    Store(tmp_path / "out", plan).close()


def rows_by_hand() -> list[Row]:
    def row(photo: str, hole: str, backend: str, score: float) -> Row:
        inside = {"l1": 10.0, "l2": 1.0, "psnr": 20.0, "haarpsi": score}
        return Row(
            photo, hole, backend, 8, 8, 0.25, 0.5, None, {"hole": inside, "image": inside}, 1.0, 0.9, 0
        )

    return [
        row(f"{number}", hole, backend, 0.1 * number + bonus)
        for number in range(1, 6)
        for hole in ("a", "b")
        for backend, bonus in (("good", 0.2), ("poor", 0.0))
    ]


def test_tables_are_means_over_photos() -> None:
    table = summary.table(rows_by_hand(), "a", "hole")
    assert table.cells["good"]["haarpsi"].mean == pytest.approx(0.5)
    assert table.cells["good"]["haarpsi"].count == 5
    assert table.cells["poor"]["l1"].mean == pytest.approx(0.10)
    assert summary.table(rows_by_hand(), "a", "seeds").cells["poor"]["l1"].mean == pytest.approx(0.20)
    assert summary.table(rows_by_hand(), summary.ALL, "hole").cells["poor"]["haarpsi"].count == 5
    [pair] = summary.differences(rows_by_hand(), "a")
    assert (pair.first, pair.second, pair.won, pair.clear) == ("good", "poor", 1.0, True)
    assert pair.estimate.mean == pytest.approx(0.2)


def test_examples_are_best_median_and_worst() -> None:
    found = {example.rank: example.photo for example in summary.examples(rows_by_hand(), "b")}
    assert found == {"best": "5", "median": "3", "worst": "1"}


def evaluate(folder: Path, out: Path, *more: str) -> int:
    words = [
        "evaluate",
        str(folder),
        "--size",
        "32",
        "--masks",
        "square:0.5",
        "freeform",
        "--report",
        str(out),
    ]
    return cli.main([*words, "--backends", ",".join(BACKENDS), *more])


def test_the_command_writes_csv_json_and_one_self_contained_page(
    folder: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "out"
    assert evaluate(folder, out) == 0
    assert "report.html" in capsys.readouterr().out
    with (out / "rows.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 16
    for line in lines:
        assert float(line["seeds.l1"]) == pytest.approx(2 * float(line["image.l1"]) / 100, rel=1e-4)
    results = json.loads((out / "results.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    table = next(t for t in results["tables"] if (t["hole"], t["protocol"]) == ("square:0.5", "hole"))
    by_hand = [
        float(line["hole.haarpsi"])
        for line in lines
        if (line["hole"], line["backend"]) == ("square:0.5", "telea")
    ]
    assert table["cells"]["telea"]["haarpsi"]["mean"] == pytest.approx(np.mean(by_hand), abs=1e-6)
    page = (out / "report.html").read_text()
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert page.count("<figure>") == 2 * 3 * 4
    for drawing in re.findall(r"<svg.*?</svg>", page, re.S):
        ElementTree.fromstring(drawing)
    assert f"{np.mean(by_hand):.4f}" in page


def test_a_second_run_measures_nothing_and_writes_the_same(
    folder: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    out = tmp_path / "out"
    evaluate(folder, out)
    before = (out / "rows.csv").read_bytes()
    monkeypatch.setattr(Session, "remove", lambda *_: pytest.fail("measured again"))
    assert evaluate(folder, out) == 0
    assert (out / "rows.csv").read_bytes() == before
    assert "16 rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [["--backends", "no-such"], ["--metrics", "fid"], ["--masks", "star"], ["--size", "3"], ["--limit", "0"]],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(
    folder: Path, tmp_path: Path, more: list[str], capsys
) -> None:
    assert evaluate(folder, tmp_path / "out", *more) == 2
    assert capsys.readouterr().err.startswith("inpaint-app: ")


def test_names_of_photos_are_escaped_in_the_page(folder: Path, tmp_path: Path) -> None:
    (folder / "p0.png").rename(folder / "<b>&.png")
    evaluate(folder, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_what_is_measured_so_far_is_drawn(folder: Path) -> None:
    rows = [found.row for found in run(plan_of(folder, holes=("circle",)), SESSION)][:3]
    drawings = page.drawings(rows)
    assert len(drawings) == 3
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).tag == "svg"


def test_of_uploaded_files_one_that_is_none_fails_by_itself(folder: Path) -> None:
    broken = folder / "broken.jpg"
    broken.write_text("no photo")
    plan = Plan(gathered([folder / "p1.png", broken]), ("circle",), ("telea",), size=32)
    assert [found.row.error == "" for found in run(plan, SESSION)] == [True, False]


def test_a_cancel_ends_the_measurement(folder: Path) -> None:
    with pytest.raises(Cancelled):
        next(run(plan_of(folder), SESSION, Progress(cancelled=lambda: True)))
