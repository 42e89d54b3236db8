"""The command line as a person meets it: what it writes, says and returns."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.cli import main
from inpaint_app.photofile import files
from tests.cli.command import called, mask, photo, pixels


def test_a_mask_is_removed_and_the_rest_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = pixels(photo(here / "a.png"))
    assert (
        main(["remove", "a.png", "--mask", str(mask(here / "m.png")), "-o", "out.png", "--backend", "telea"])
        == 0
    )
    after = pixels(here / "out.png")
    changed = (after != before).any(axis=2)
    assert changed[32:42, 52:68].mean() > 0.9
    changed[20:54, 40:80] = False
    assert not changed.any()
    said = capsys.readouterr()
    assert "out.png" in said.out
    assert "0 known pixels changed" in said.out
    assert said.err == ""


def test_candidates_are_numbered_by_seed_and_the_suggested_one_can_be_had_alone(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png")
    mask(here / "m.png")
    call = "remove a.png --mask m.png --backend patchmatch --candidates 3 --seed 4"
    assert called(f"{call} -o out.png --json r.json --save-recipe") == 0
    records = json.loads((here / "r.json").read_text())
    assert [Path(record["result"]).name for record in records] == ["out-1.png", "out-2.png", "out-3.png"]
    assert [record["options"]["seed"] for record in records] == [4, 5, 6]
    assert [record["best"] for record in records].count(True) == 1
    assert not (here / "out.png").exists()
    assert capsys.readouterr().out.count("suggested") == 1
    best = next(record for record in records if record["best"])
    assert called(f"{call} -o best.png --best --quiet") == 0
    assert np.array_equal(pixels(here / "best.png"), pixels(here / best["result"]))
    assert called("remove a.png --recipe out-3.png.recipe.json -o again.png --quiet") == 0
    assert np.array_equal(pixels(here / "again.png"), pixels(here / "out-3.png"))
    assert called("remove a.png --mask m.png --backend telea --candidates 3 -o t.png --quiet") == 0
    assert (here / "t.png").exists()
    assert called(f"{call} --candidates 99 -o x.png") == 2
    photo(here / "b-2.png")
    assert called("remove b-2.png --mask m.png --backend patchmatch --candidates 3 -o b.png") == 2


def test_people_are_found_and_reported(here: Path) -> None:
    photo(here / "a.png")
    assert called("remove a.png --people -o out.png --backend telea --json r.json --quiet") == 0
    (record,) = json.loads((here / "r.json").read_text())
    assert [item["label"] for item in record["removed"]] == ["person"]
    assert record["found"] == 2
    assert record["changed_known_pixels"] == 0
    assert record["file"]["changed_pixels_outside"] == 0
    assert record["options"]["seed"] == 0


def test_a_jpeg_is_told_in_blocks(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.jpg")
    assert called("remove a.jpg --people --backend telea -o out.jpg") == 0
    said = capsys.readouterr().out
    assert "coding blocks written anew, 0 others changed" in said


def test_several_photos_and_backends_make_files_with_clear_names(here: Path) -> None:
    photo(here / "a.png"), photo(here / "b.jpg", 1)
    call = "remove a.png b.jpg --objects dog,people --backend telea --backend navier-stokes -o out"
    assert called(call) == 0
    assert sorted(path.name for path in (here / "out").iterdir()) == [
        "a-navier-stokes.png", "a-telea.png", "b-navier-stokes.jpg", "b-telea.jpg",
    ]  # fmt: skip


def test_a_folder_of_masks_and_a_photo_without_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.png"), photo(here / "b.png")
    (here / "masks").mkdir()
    mask(here / "masks" / "a.png")
    assert called("remove a.png b.png --mask masks -o out --backend telea") == 1
    assert [path.name for path in (here / "out").iterdir()] == ["a.png"]
    assert "no mask b.png" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["png", "webp", "tiff"])
def test_another_format_by_name_or_by_word(here: Path, format: str) -> None:
    photo(here / "a.jpg")
    assert main(f"remove a.jpg --people --backend telea -o out.{format}".split()) == 0
    assert files.load(here / f"out.{format}").format == format.upper()
    assert main(f"remove a.jpg --people --backend telea --format {format} -o out/".split()) == 0
    (made,) = (here / "out").iterdir()
    assert files.load(made).format == format.upper()
    assert made.suffix == files.SUFFIX[format.upper()]


def test_the_photo_itself_is_never_written_over_unless_allowed(here: Path) -> None:
    before = photo(here / "a.png").read_bytes()
    for out in ("a.png", "./a.png", ".", str(here / "a.png")):
        assert main(["remove", "a.png", "--people", "--backend", "telea", "-o", out]) == 2
    (here / "link.png").symlink_to(here / "a.png")
    assert called("remove a.png --people --backend telea -o link.png") == 2
    assert (here / "a.png").read_bytes() == before
    assert called("remove a.png --people --backend telea -o a.png --overwrite") == 0
    assert (here / "a.png").read_bytes() != before


def test_a_recipe_replays_to_the_same_pixels(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.jpg")
    assert called("remove a.jpg --people --save-recipe --seed 3 -o out.jpg") == 0
    capsys.readouterr()
    assert called("remove a.jpg --recipe out.jpg.recipe.json -o again.jpg --json -") == 0
    assert (here / "again.jpg").read_bytes() == (here / "out.jpg").read_bytes()
    said = capsys.readouterr()
    assert "Replayed: identical pixels." in said.err
    record = json.loads(said.out)[0]
    assert record["replay"] == {"identical": True, "differences": []}
    assert record["options"]["seed"] == 3


def test_a_replay_on_another_photo_says_what_differs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.png"), photo(here / "b.png", 9)
    assert called("remove a.png --people --save-recipe -o out.png --backend telea") == 0
    content = json.loads((here / "out.png.recipe.json").read_text())
    content["libraries"]["numpy"] = "0.1"
    (here / "old.json").write_text(json.dumps(content))
    assert called("remove b.png --recipe old.json -o again.png") == 0
    said = capsys.readouterr()
    assert "identical" not in said.out
    for part in ("photo's file differs", "numpy differs (recipe 0.1", "pixels differ"):
        assert part in said.err


def test_detect_lists_draws_and_masks(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.png")
    assert called("detect a.png --overlay o.png --mask m.png") == 0
    said = capsys.readouterr().out
    assert "person" in said
    assert "dog" in said
    assert "90%" in said
    assert (pixels(here / "o.png") != pixels(here / "a.png")).any()
    assert (pixels(here / "m.png")[..., 0] > 0).sum() == 2 * 15 * 20
    assert called("detect a.png --json - --people") == 0
    assert [item["label"] for item in json.loads(capsys.readouterr().out)] == ["person"]
    assert called("detect a.png --confidence 0.95") == 0
    assert "Nothing found" in capsys.readouterr().out


def test_an_option_of_one_backend_is_left_out_of_the_other(here: Path) -> None:
    photo(here / "a.png")
    call = "remove a.png --people --backend telea --backend patchmatch --option radius=7 -o out --json r.json"
    assert called(call) == 0
    records = json.loads((here / "r.json").read_text())
    assert [record["options"].get("radius") for record in records] == [7.0, None]


def test_what_measures_best_on_this_photo_fills_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.png")
    mask(here / "m.png", (slice(34, 42), slice(56, 66)))
    call = (
        "remove a.png --mask m.png --prove --backend navier-stokes --backend telea -o out.png --json r.json"
    )
    assert called(call) == 0
    said = capsys.readouterr().out
    (record,) = json.loads((here / "r.json").read_text())
    ranked = [standing["backend"] for standing in record["proof"]]
    assert sorted(ranked) == ["navier-stokes", "telea"]
    assert record["backend"] == ranked[0]
    assert f"1. {ranked[0]}" in said
    assert said.index(f"1. {ranked[0]}") < said.index(f"2. {ranked[1]}")
    plain = "remove a.png --mask m.png --backend {} -o plain.png --quiet"
    assert called(plain.format(ranked[0])) == 0
    assert np.array_equal(pixels(here / "out.png"), pixels(here / "plain.png"))


def test_where_there_is_no_room_to_measure_it_is_said_and_filled_all_the_same(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png", people=False)
    mask(here / "m.png", (slice(0, 80), slice(1, 120)))
    assert called("remove a.png --mask m.png --mask-as-is --prove --backend telea --grow 0 -o out.png") == 0
    assert "Not measured: The hole leaves no room" in capsys.readouterr().out
    assert (here / "out.png").exists()


def test_what_is_pointed_at_goes_and_its_recipe_does_it_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = np.full((80, 120, 3), 90, np.uint8)
    image[30:50, 50:70] = (200, 60, 40)
    image[60:70, 100:112] = (40, 60, 200)
    (here / "a.png").write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    call = "remove a.png --at 60,40 --box 98,58,114,72 --backend telea"
    assert called(f"{call} -o out.png --json r.json --save-recipe --quiet") == 0
    (record,) = json.loads((here / "r.json").read_text())
    assert [one["label"] for one in record["removed"]] == ["selection", "selection"]
    assert [one["box"] for one in record["removed"]] == [[50, 30, 70, 50], [100, 60, 112, 70]]
    after = pixels(here / "out.png").astype(int)
    assert np.abs(after - 90).max() < 12
    assert called("remove a.png --recipe out.png.recipe.json -o again.png --quiet") == 0
    assert np.array_equal(pixels(here / "again.png"), pixels(here / "out.png"))
    for wrong in ("--at 200,5", "--at 5", "--at=-1,5", "--box 9,9,3,3", "--box 300,300,310,310"):
        assert called(f"remove a.png {wrong} --backend telea -o x.png") == 2, wrong
    capsys.readouterr()
    assert called("detect a.png --at 60,40 --mask m.png --json -") == 0
    assert [one["label"] for one in json.loads(capsys.readouterr().out)] == ["selection"]
    assert pixels(here / "m.png").any(axis=2).sum() == 400


def test_a_batch_takes_the_same_place_out_of_every_photo(here: Path) -> None:
    (here / "in").mkdir()
    for name in ("a.png", "b.png"):
        image = np.full((80, 120, 3), 90, np.uint8)
        image[60:70, 90:112] = (250, 240, 60)
        (here / "in" / name).write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    assert called("batch in out --box 88,58,114,72 --backend telea --quiet") == 0
    assert all(np.abs(pixels(here / "out" / name).astype(int) - 90).max() < 12 for name in ("a.png", "b.png"))
