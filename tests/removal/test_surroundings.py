"""Which backend the surroundings of a hole choose, and what is offered where nothing can be chosen yet."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.removers import files
from inpaint_app.backends.removers.specs import CHOOSING
from inpaint_app.errors import CheckpointError
from inpaint_app.removal import surroundings
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress, Result

SIDE = 160


def hole() -> Mask:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[60:100, 60:100] = True
    return mask


def stripes() -> Image:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    return np.repeat((60 + 120 * ((rows + columns) // 12 % 2)).astype(np.uint8)[..., None], 3, 2)


def edge() -> Image:
    image = np.full((SIDE, SIDE, 3), 60, np.uint8)
    image[SIDE // 2 :] = 170
    return image


def noise(soft: float = 0.0) -> Image:
    drawn = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    return (
        drawn
        if not soft
        else cv2.normalize(cv2.GaussianBlur(drawn, (0, 0), soft), None, 0, 255, cv2.NORM_MINMAX)
    )


@pytest.mark.parametrize("image", [stripes(), edge()], ids=["stripes", "edge"])
def test_stripes_and_edges_are_structure(image: Image) -> None:
    assert surroundings.coherence(image, hole()) > surroundings.STRUCTURE + 0.2


@pytest.mark.parametrize(
    "image", [noise(), noise(3), np.full((SIDE, SIDE, 3), 90, np.uint8)], ids=["noise", "soft", "plain"]
)
def test_noise_and_plain_ground_are_not(image: Image) -> None:
    assert surroundings.coherence(image, hole()) < surroundings.STRUCTURE - 0.1


def test_what_stands_in_the_hole_and_its_outline_do_not_count() -> None:
    image = noise()
    inside = np.where(hole()[..., None], stripes(), image)
    assert surroundings.coherence(inside, hole()) == pytest.approx(
        surroundings.coherence(image, hole()), abs=0.01
    )
    plain = np.full((SIDE, SIDE, 3), 90, np.uint8)
    plain[hole()] = 255
    assert surroundings.coherence(plain, hole()) == 0
    assert surroundings.coherence(plain, np.ones((SIDE, SIDE), bool)) == 0  # nothing is known


class Fake:
    """A session that notes what it is asked to fill with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.asked: list[str] = []
        self.refused: tuple[str, ...] = ()

    def remove(self, removal: Removal, backend: str, progress: Progress) -> Result:
        self.asked.append(backend)
        if backend in self.refused:
            raise CheckpointError("The file of LaMa failed its self-test.")
        return Result(removal.image, removal.mask, backend, 0.0, (), 0, 0, 0, Options())


def settings_with(folder: Path, *names: str) -> Settings:
    for name in names:
        (folder / files.FILES[name].file).write_bytes(b"")
    return Settings(cache=folder, mirrors=str(folder))


@pytest.mark.parametrize(
    ("names", "image", "backend"),
    [
        (("migan",), stripes(), "migan-guided"),
        (("migan",), noise(), registry.DEFAULT),
        (("lama", "migan"), stripes(), "lama-guided"),
    ],
)
def test_a_network_fills_among_lines_the_default_among_texture(
    tmp_path: Path, names: tuple[str, ...], image: Image, backend: str
) -> None:
    session, progress = Fake(settings_with(tmp_path, *names)), Progress()
    assert registry.default(session.settings) == CHOOSING.name
    result = surroundings.remove(cast(Session, session), Removal(image, hole()), progress)
    assert session.asked == [backend] == [result.backend]
    assert registry.find(backend).title in progress.notes[0]
    assert "coherence" in progress.notes[0]


def test_a_file_that_is_refused_leaves_the_next_and_a_note(tmp_path: Path) -> None:
    session, progress = Fake(settings_with(tmp_path, "lama")), Progress()
    session.refused = ("lama-guided",)
    result = surroundings.remove(cast(Session, session), Removal(stripes(), hole()), progress)
    assert result.backend == registry.DEFAULT
    assert "self-test" in progress.notes[0]
    session.refused = ("lama-guided", registry.DEFAULT)
    with pytest.raises(CheckpointError):
        surroundings.remove(cast(Session, session), Removal(stripes(), hole()), progress)


def test_without_networks_and_with_options_of_its_own_the_default_stays(tmp_path: Path) -> None:
    assert registry.default(Settings(cache=tmp_path)) == registry.DEFAULT
    assert registry.default(settings_with(tmp_path, "migan"), {"guidance": 0.1}) == registry.DEFAULT
    assert registry.default(settings_with(tmp_path, "migan"), {"seed": 1}) == CHOOSING.name


def test_the_smaller_network_is_offered_once_and_only_among_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filled(self: Session, removal: Removal, backend: str, progress: Progress | None = None) -> Result:
        return Result(removal.image, removal.mask, backend, 0.0, (), 0, 0, 0, Options())

    monkeypatch.setattr(Session, "remove", filled)
    session = Session(Settings(cache=tmp_path))
    told = [session.run(image, Request(mask=hole())).notices for image in (noise(), stripes(), stripes())]
    assert [len(notices) for notices in told] == [0, 1, 0]
    assert "28 MB" in told[1][0]
    assert "models fetch migan" in told[1][0]


def test_nothing_is_offered_that_cannot_be_fetched_or_is_here(tmp_path: Path) -> None:
    for settings in (
        Settings(cache=tmp_path, offline=True),
        Settings(cache=tmp_path, fetch_megabytes=20.0),
        settings_with(tmp_path, "lama"),
    ):
        assert surroundings.offer(settings, stripes(), hole()) == ""
