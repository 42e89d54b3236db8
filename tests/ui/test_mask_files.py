"""What the page asks about a mask file, and that nothing is asked where the file is plain."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import MaskError
from inpaint_app.photofile.files import Photo, load
from inpaint_app.types import Box, Instance, Mask, Progress
from inpaint_app.ui.mask_files import meanings, pick

HOLE = np.zeros((60, 90), bool)
HOLE[20:40, 30:50] = True


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    path = tmp_path / "photo.png"
    PillowImage.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)).save(path)
    return load(path)


def saved(tmp_path: Path, mask: Mask) -> Path:
    path = tmp_path / "mask.png"
    PillowImage.fromarray(mask).save(path)
    return path


def test_a_plain_mask_is_taken_without_a_question(tmp_path: Path, photo: Photo) -> None:
    question, (only,) = meanings(saved(tmp_path, HOLE), photo)
    assert (question, only.words) == ("", "")
    np.testing.assert_array_equal(only.mask, HOLE)


def test_an_inverted_mask_is_asked_about_in_one_line(tmp_path: Path, photo: Photo) -> None:
    question, ways = meanings(saved(tmp_path, ~HOLE), photo)
    assert question == "This mask marks 93 % of the photo."
    assert [way.words for way in ways] == ["Use it inverted", "Use as it is"]
    np.testing.assert_array_equal(ways[0].mask, HOLE)
    np.testing.assert_array_equal(ways[1].mask, ~HOLE)


def test_a_mask_of_another_proportion_is_asked_about_once(tmp_path: Path, photo: Photo) -> None:
    """Stretched it would be inverted, too; whoever stretches it knows what it marks."""
    other = np.ones((90, 60), bool)
    other[30:50, 20:40] = False
    question, ways = meanings(saved(tmp_path, other), photo)
    assert "proportion" in question
    assert ways[0].words == "Stretch it to the photo"
    assert ways[0].mask.shape == (60, 90)
    assert 0.8 < ways[0].mask.mean() < 1


def test_nothing_marked_says_what_the_file_holds(tmp_path: Path, photo: Photo) -> None:
    with pytest.raises(MaskError, match=r"Nothing is marked.*0 of 255|Nothing is marked.*0 of 1"):
        meanings(saved(tmp_path, np.zeros((60, 90), bool)), photo)


def test_what_the_session_notes_of_a_selection_is_said() -> None:
    said: list[tuple[str, str]] = []
    one = Instance(1, "dog", 0.8, Box(2, 2, 9, 9), np.ones((7, 7), bool))

    def select(image: Any, gesture: Any, known: Any, name: Any, progress: Progress) -> Instance:
        progress.notes += ["MobileSAM drew the outline."] * 2
        return one

    visit: Any = SimpleNamespace(
        pixels=lambda: np.zeros((20, 30, 3), np.uint8),
        allowance=SimpleNamespace(turn=lambda *_: nullcontext()),
        step=lambda: SimpleNamespace(found=(one,)),
        say=lambda kind, **content: said.append((kind, content["text"])),
    )
    session: Any = SimpleNamespace(select=select)
    pick(session, visit, {"points": [[4, 4]]}, Progress())
    assert said == [("selected", "Selected: dog"), ("nothing", "MobileSAM drew the outline.")]
