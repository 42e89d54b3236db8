"""MobileSAM by its own classes: what reaches the network, what comes back, what is kept, and who is refused."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.removal.session import Request, Session
from inpaint_app.segmenters import registry, sam_test, weights
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Progress

if (
    importlib.util.find_spec("ultralytics") is None
):  # not imported: it puts readers of its own in Pillow's place
    pytest.skip("ultralytics is not installed", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch is not installed")

from inpaint_app.segmenters import sam  # noqa: E402
from tests.segmenters import small_sam  # noqa: E402

FILE = weights.PROMPTED["mobile-sam"].file


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file that passes the self-test."""
    folder = tmp_path_factory.mktemp("sam")
    small_sam.save(small_sam.taught(small_sam.network()), folder / FILE)
    return folder


def pinned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings by which the folder's file is here, its hash known."""
    found = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    monkeypatch.setitem(weights.PROMPTED, "mobile-sam", replace(weights.PROMPTED["mobile-sam"], sha256=found))
    return Settings(mirrors=str(folder), cache=folder, checkpoints=folder, device="cpu")


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return pinned(made, monkeypatch)


def scene(height: int, width: int, middle: tuple[float, float], radius: float) -> Image:
    rows, columns = np.mgrid[:height, :width]
    disc = np.hypot(columns - middle[0], rows - middle[1]) < radius
    return np.where(disc[..., None], (200, 60, 50), (90, 130, 110)).astype(np.uint8)


def test_a_click_gives_the_thing_and_the_next_one_asks_the_encoder_no_more(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = sam.Sam("mobile-sam", here)
    network._seen.clear()
    image = scene(600, 800, (500, 200), 120)
    first = network.outline(image, Gesture(points=((500, 200),)))
    monkeypatch.setattr(network._network.image_encoder, "forward", lambda given: pytest.fail("looked again"))
    network.outline(image, Gesture(Box(380, 80, 620, 320)))
    assert len(network._seen) == 1
    assert first.dtype == np.float32
    assert first.shape == (192, 256)
    disc = cv2.resize(first, (800, 600)) > 0.5
    truth = image[..., 0] > 150
    assert (disc & truth).sum() > 0.6 * (disc | truth).sum()
    monkeypatch.setattr(network._network.image_encoder, "forward", lambda given: given)
    for number in range(sam.WARM):
        network._encoded(np.full((64, 64, 3), number, np.uint8))
    assert len(network._seen) == sam.WARM


@pytest.mark.parametrize("shape", [(600, 800), (801, 3), (40, 56), (1024, 700)], ids=str)
def test_what_reaches_the_network(
    shape: tuple[int, int], here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sam_test, "check", lambda outline: None)
    network = sam.Sam("mobile-sam", here)
    seen: dict[str, Any] = {}

    def encoder(given: Any) -> Any:
        seen["picture"] = given
        return torch.zeros(1, 256, 64, 64)

    prompts = network._network.prompt_encoder.forward

    def prompted(**given: Any) -> Any:
        seen.update(given)
        return prompts(**given)

    monkeypatch.setattr(network._network.image_encoder, "forward", encoder)
    monkeypatch.setattr(network._network.prompt_encoder, "forward", prompted)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    image[: shape[0] // 2] = (255, 0, 10)
    inside = network.outline(image, Gesture(points=((shape[1] / 2, shape[0]),)))
    picture = seen["picture"][0].permute(1, 2, 0).numpy()
    assert picture.shape == (1024, 1024, 3)
    height, width = inside.shape
    assert max(4 * height, 4 * width) == 1024
    assert not picture[4 * height :].any()
    assert not picture[:, 4 * width :].any()
    wanted = (np.array((255, 0, 10)) - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)
    assert np.allclose(picture[0, 0], wanted, atol=1e-3), "RGB, by SAM's mean and deviation"
    (point,) = seen["points"][0][0].tolist()
    assert point == pytest.approx([2 * width - 0.5, 4 * height - 0.5])
    assert seen["boxes"] is None
    network.outline(image, Gesture(Box(0, 0, shape[1], shape[0]), ((0, 0),)))
    assert seen["boxes"][0].tolist() == [[-0.5, -0.5], [4 * width - 0.5, 4 * height - 0.5]]


def test_select_uses_it_by_itself_and_says_so(here: Settings) -> None:
    session, progress = Session(here), Progress()
    image = scene(1500, 2000, (900, 700), 300)
    one = session.select(image, Gesture(points=((900, 700),)), progress=progress)
    assert progress.notes == ["MobileSAM drew the outline."]
    found, truth = one.full_mask((1500, 2000)), image[..., 0] > 150
    assert (found & truth).sum() > 0.9 * (found | truth).sum()
    click = Request(gestures=(Gesture(points=((900, 700),)),), backend="telea")
    assert "MobileSAM drew the outline." in session.run(image, click).notices


class Calls:
    """A pickle that would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (str(self.path),)


State = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state, ran: state, "failed its self-test"),
        (lambda state, ran: {key: state[key] for key in list(state)[1:]}, "is no MobileSAM .*Missing key"),
        (lambda state, ran: state | {"more": torch.zeros(1)}, "is no MobileSAM .*Unexpected key"),
        (lambda state, ran: state | {next(iter(state)): torch.zeros(2)}, "is no MobileSAM .*size mismatch"),
        (lambda state, ran: state | {"run": Calls(ran)}, "is no MobileSAM .*Weights only"),
        (lambda state, ran: {key: one * torch.nan for key, one in state.items()}, "self-test.*gave nothing"),
    ],
    ids=["random", "lacking", "more", "another shape", "with code in it", "no numbers"],
)
def test_a_file_of_another_kind_is_refused_with_what_was_seen_and_nothing_in_it_is_run(
    change: Callable[[State, Path], State], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(change(dict(small_sam.network().state_dict()), tmp_path / "ran"), tmp_path / FILE)
    with pytest.raises(CheckpointError, match=f"(?s){said}"):
        sam.Sam("mobile-sam", pinned(tmp_path, monkeypatch))
    assert not (tmp_path / "ran").exists()


def test_without_the_file_or_with_a_damaged_one_it_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path, checkpoints=tmp_path)
    with pytest.raises(MissingWeights, match="fetch it in Models"):
        sam.Sam("mobile-sam", settings)
    (tmp_path / FILE).write_bytes(b"half of it")
    with pytest.raises(CheckpointError, match=r"sha256 .* expected 6dbb90523a35"):
        sam.Sam("mobile-sam", settings)


@pytest.mark.parametrize(
    ("turned", "said"),
    [
        (lambda mask: mask[:, ::-1], "its mirror image"),
        (lambda mask: mask[::-1], "it upside down"),
        (lambda mask: 1 - mask, "all but the disc"),
        (np.zeros_like, "nothing"),
        (np.ones_like, "100% of the disc and 100% of the ground"),
        (lambda mask: np.roll(mask, 90, 1), r"\d+% of the disc"),
    ],
)
def test_the_self_test_says_what_it_saw(turned: Callable[[Any], Any], said: str) -> None:
    disc = sam_test.picture()[1].astype(np.float32)
    sam_test.check(lambda image, gesture: disc)
    for kind in ("click", "box"):
        answers = {"click": disc, "box": disc} | {kind: turned(disc)}
        with pytest.raises(CheckpointError, match=f"a {kind} .* gave {said}"):
            sam_test.check(lambda image, gesture, answers=answers: answers[gesture.kind])  # type: ignore[misc]


def test_a_refused_file_leaves_selecting_to_colours_with_one_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_sam.save(small_sam.network(), tmp_path / FILE)
    session = Session(pinned(tmp_path, monkeypatch))
    monkeypatch.setattr(session, "detect", lambda *_, **__: ())
    image, progress = scene(120, 160, (80, 60), 25), Progress()
    for _ in range(2):
        one = session.select(image, Gesture(Box(50, 30, 110, 90)), progress=progress)
        assert one.label == "selection"
    assert len(progress.notes) == 1
    assert "failed its self-test" in progress.notes[0]


def test_it_is_offered_once_where_it_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(Settings(cache=tmp_path, checkpoints=tmp_path))
    monkeypatch.setattr(session, "detect", lambda *_, **__: ())
    image, progress = scene(120, 160, (80, 60), 25), Progress()
    for _ in range(2):
        session.select(image, Gesture(Box(50, 30, 110, 90)), progress=progress)
    (note,) = progress.notes
    assert "inpaint-app models fetch mobile-sam" in note
    assert registry.offer(Settings(cache=tmp_path, checkpoints=tmp_path, offline=True)) == ""
    assert registry.offer(Settings(cache=tmp_path, checkpoints=tmp_path, fetch_megabytes=30)) == ""
