"""The film of a motion photo: found where phones put it, a bounded number of frames, and told where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.photofile import files, film
from tests.photofile import motion
from tests.photofile.photos import saved
from tests.shots.scenes import place, with_thing

FRAMES = [with_thing(place(), 4 + 3 * number) for number in range(30)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return motion.film(tmp_path_factory.mktemp("film"), FRAMES)


def jpeg() -> bytes:
    return saved(PillowImage.fromarray(with_thing(place())), "JPEG")


@pytest.mark.parametrize("samsung", [False, True])
def test_frames_come_evenly_from_the_whole_film(video: bytes, samsung: bool) -> None:
    photo = files.load(motion.motion_photo(jpeg(), video, samsung), name="moved.jpg")
    frames = film.frames(photo, None, files.Limits())
    assert len(frames) == film.FRAMES
    for (name, image), meant in zip(frames, (0, 4, 8, 12, 17, 21, 25, 29), strict=True):
        assert name == f"moved.jpg, frame {meant + 1}"
        assert np.abs(image.astype(int) - FRAMES[meant]).mean() < 6


def test_a_live_photos_film_lies_beside_it(video: bytes, tmp_path: Path) -> None:
    (tmp_path / "live.MOV").write_bytes(video)
    (tmp_path / "live.jpg").write_bytes(jpeg())
    photo = files.load(tmp_path / "live.jpg")
    assert len(film.frames(photo, tmp_path / "live.jpg", files.Limits())) == film.FRAMES
    with pytest.raises(UnreadablePhoto, match="no motion photo"):
        film.frames(photo, tmp_path / "other.jpg", files.Limits())


def test_a_film_that_is_broken_or_too_large_is_told(video: bytes) -> None:
    broken = files.load(motion.motion_photo(jpeg(), video[:200]), name="moved.jpg")
    with pytest.raises(UnreadablePhoto, match="cannot be decoded"):
        film.frames(broken, None, files.Limits())
    whole = files.load(motion.motion_photo(jpeg(), video), name="moved.jpg")
    with pytest.raises(UnreadablePhoto, match="240×180 pixels"):
        film.frames(whole, None, files.Limits(megapixels=0.01))
