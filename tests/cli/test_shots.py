"""`--shots` and `--everything-that-moves`."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.cli import main
from inpaint_app.photofile import files
from inpaint_app.types import Image
from tests.photofile import motion
from tests.shots.scenes import hand_held, hole, place, with_thing


def written(path: Path, image: Image) -> None:
    path.write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, image in (("1", with_thing(place())), ("2", hand_held(place(), 2)), ("3", place())):
        written(tmp_path / f"{name}.png", image)
    written(tmp_path / "mask.png", np.repeat(hole()[..., None] * np.uint8(255), 3, axis=2))
    return tmp_path


def test_the_report_says_how_much_is_true(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = [
        "remove",
        "1.png",
        "--mask",
        "mask.png",
        "--shots",
        "1.png",
        "2.png",
        "3.png",
        "--backend",
        "telea",
    ]
    assert main([*call, "-o", "out.png", "--json", "report.json"]) == 0
    record = json.loads((folder / "report.json").read_text())[0]
    assert record["changed_known_pixels"] == 0
    assert [shot["name"] for shot in record["shots"]["shots"]] == ["2.png", "3.png"]
    assert record["shots"]["share"] > 0.97
    assert record["shots"]["told"] in capsys.readouterr().out
    assert np.abs(files.load(folder / "out.png").rgb.astype(int) - place()).mean() < 1


def test_everything_that_moves_needs_no_mask(folder: Path) -> None:
    call = ["remove", "1.png", "--everything-that-moves", "--backend", "telea", "-o", "out.png"]
    assert main([*call, "--shots", "2.png", "3.png"]) == 0
    assert np.abs(files.load(folder / "out.png").rgb.astype(int) - place()).mean() < 2
    assert main(call) == 2


def test_shots_are_of_one_photo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remove", "1.png", "2.png", "--mask", "mask.png", "--shots", "3.png", "-o", "out/"]) == 2
    assert "one PHOTO" in capsys.readouterr().err


def test_the_film_of_a_motion_photo_gives_its_shots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its frames are smaller than the photo, and someone walks through them."""
    still = cv2.resize(with_thing(place()), (480, 360), interpolation=cv2.INTER_CUBIC)
    walking = [with_thing(place(), 90 - 10 * number) for number in range(10)]
    data = motion.motion_photo(
        cv2.imencode(".jpg", still[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes(),
        motion.film(tmp_path, walking),
    )
    (tmp_path / "moved.jpg").write_bytes(data)
    call = ["remove", str(tmp_path / "moved.jpg"), "--box", "176,136,254,244", "--backend", "telea"]
    target = ["-o", str(tmp_path / "out.jpg"), "--json", str(tmp_path / "report.json")]
    assert main([*call, "--from-motion", *target]) == 0
    record = json.loads((tmp_path / "report.json").read_text())[0]
    assert record["shots"]["share"] > 0.5
    assert any("of the photo's resolution" in note for note in record["shots"]["notes"])
    written(tmp_path / "still.png", still)
    assert (
        main(["remove", str(tmp_path / "still.png"), *call[2:], "--from-motion", *target, "--overwrite"]) == 1
    )
    assert "no motion photo" in capsys.readouterr().err
