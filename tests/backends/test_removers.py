"""LaMa and MI-GAN on small files of their conventions: what reaches the network, what comes back, who is refused."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from inpaint_app.backends import registry
from inpaint_app.backends.base import Window
from inpaint_app.backends.removers import files, remover, self_test
from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress
from tests.backends import test_contract as contract
from tests.backends.small_removers import save_lama, save_migan

pytest.importorskip("onnx", reason="onnx is not installed: pip install 'inpaint-app[test]'")

PROMISES = [
    function
    for name, function in inspect.getmembers(contract, inspect.isfunction)
    if name.startswith("test_") and list(inspect.signature(function).parameters) == ["spec"]
]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both files."""
    folder = tmp_path_factory.mktemp("removers")
    save_lama(folder / files.FILES["lama"].file)
    save_migan(folder / files.FILES["migan"].file)
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings by which both files are here, their hashes known, and random weights pass."""
    known(made, monkeypatch)
    monkeypatch.setattr(self_test, "check", lambda fill, title: None)
    return Settings(mirrors=str(made), cache=tmp_path, device="cpu")


def known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, one in files.FILES.items():
        found = hashlib.sha256((folder / one.file).read_bytes()).hexdigest()
        monkeypatch.setitem(files.FILES, name, replace(one, sha256=found))


@pytest.mark.parametrize("name", ["lama", "migan"])
def test_the_contract_of_all_backends(name: str, here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: registry.find(name).create(here)}
    monkeypatch.setattr(contract, "warm", kept.__getitem__)
    assert len(PROMISES) >= 11
    for promise in PROMISES:
        promise(registry.find(name))
    contract.test_odd_sizes(registry.find(name), (1, 9))


def photo(height: int, width: int) -> tuple[Image, Mask]:
    image = contract.textured(height, width)
    mask = np.zeros((height, width), bool)
    mask[5:15, 6:12] = True
    return image, mask


@pytest.mark.parametrize("shape", [(40, 48), (37, 61), (3, 5)], ids=str)
def test_lama_gets_rgb_from_0_to_1_the_hole_as_1_and_mirrored_padding(
    shape: tuple[int, int], here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = remover.Lama(here)
    image, mask = photo(*shape)
    mask[0, 0] = True
    seen: list[tuple[Any, Any]] = []
    network = backend._network

    def watched(given: Any, hole: Any) -> Any:
        seen.append((given.numpy(), hole.numpy()))
        return network(given, hole)

    monkeypatch.setattr(backend, "_network", watched)
    fill = backend.inpaint(Window(image, mask), Options(), Progress())
    ((given, hole),) = seen
    assert given.shape[2] % 8 == given.shape[3] % 8 == 0
    assert min(given.shape[2:]) >= 16
    assert np.allclose(given[0, :, : shape[0], : shape[1]].transpose(1, 2, 0) * 255, image)
    assert np.array_equal(hole[0, 0, : shape[0], : shape[1]] == 1, mask)
    assert set(np.unique(hole)) <= {0, 1}
    if shape[1] % 8:
        assert np.array_equal(given[..., shape[1]], given[..., shape[1] - 1]), "mirrored at the edge"
    straight = network(*(torch.from_numpy(one) for one in seen[0]))[0].permute(1, 2, 0).numpy()
    assert np.abs(fill - straight[: shape[0], : shape[1]] * 255).max() <= 0.51


def test_migan_gets_255_for_what_is_known(here: Settings) -> None:
    backend = remover.Migan(here)
    image = np.full((60, 80, 3), (10, 120, 240), np.uint8)
    mask = np.zeros((60, 80), bool)
    mask[20:30, 20:40] = True
    holed = np.where(mask[..., None], np.uint8(127), image)
    fill = backend.inpaint(Window(holed, mask), Options(), Progress())
    assert np.abs(fill.astype(int) - image).max() <= 1


def test_a_photo_of_any_size_through_the_session_keeps_what_is_known(here: Settings) -> None:
    session = Session(here)
    image, mask = photo(700, 900)
    mask[300:420, 500:700] = True
    for name in ("lama", "migan", "lama-guided", "migan-guided"):
        result = session.remove(Removal(image, mask), name)
        assert result.changed_known == 0
        assert (result.image[mask] != image[mask]).any()


def test_what_it_holds_is_told_let_go_and_loaded_again(here: Settings) -> None:
    for name in ("lama", "migan"):
        backend: Any = registry.find(name).create(here)
        image, mask = photo(40, 48)
        before = backend.inpaint(Window(image, mask), Options(), Progress())
        assert backend.held() == files.FILES[name].size
        backend.release()
        assert backend.held() == 0
        assert np.array_equal(backend.inpaint(Window(image, mask), Options(), Progress()), before)


def test_without_a_file_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match="fetch it in Models"):
        remover.Lama(Settings(cache=tmp_path, checkpoints=tmp_path))


def test_a_file_of_an_unknown_hash_is_refused_unopened(made: Path, tmp_path: Path) -> None:
    for kind in (remover.Lama, remover.Migan):
        with pytest.raises(CheckpointError, match="sha256"):
            kind(Settings(cache=tmp_path, mirrors=str(made)))


def test_a_file_with_something_else_in_it_is_told(
    here: Settings, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = {"lama": files.FILES["migan"], "migan": files.FILES["lama"]}
    for name, one in swapped.items():
        monkeypatch.setitem(files.FILES, name, one)
    for kind in (remover.Lama, remover.Migan):
        with pytest.raises(CheckpointError, match=f"is no {kind.title} that this app can read"):
            kind(here)


def test_random_weights_fail_the_self_test_and_a_filling_file_passes(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(made, monkeypatch)
    settings = Settings(mirrors=str(made), cache=tmp_path, device="cpu")
    assert remover.Migan(settings).held()
    with pytest.raises(
        CheckpointError, match=r"LaMa failed its self-test .*in a hole among RGB 169, 162, 55"
    ):
        remover.Lama(settings)


def test_a_pipeline_of_the_opposite_mask_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_lama(tmp_path / files.FILES["lama"].file)
    save_migan(tmp_path / files.FILES["migan"].file, known=0)
    known(tmp_path, monkeypatch)
    with pytest.raises(CheckpointError, match="its mask means the opposite"):
        remover.Migan(Settings(mirrors=str(tmp_path), cache=tmp_path))


def telea(image: Image, mask: Mask) -> Image:
    return cv2.inpaint(image, mask.view(np.uint8), 5, cv2.INPAINT_TELEA)


WRONG: dict[str, tuple[Callable[[Image, Mask], Image], str]] = {
    "BGR": (lambda image, mask: telea(image, mask)[..., ::-1], "red and blue are swapped"),
    "the mask's opposite": (lambda image, mask: telea(image, ~mask), "mask means the opposite"),
    "0 to 1": (lambda image, mask: (telea(image, mask) / 255).astype(np.uint8), "its range is another"),
    "255 times": (
        lambda image, mask: np.clip(telea(image, mask) * 255.0, 0, 255).astype(np.uint8),
        "its range is another",
    ),
    "8 px right": (lambda image, mask: np.roll(telea(image, mask), 8, 1), "pixels off, sideways"),
    "8 px left": (lambda image, mask: np.roll(telea(image, mask), -8, 1), "pixels off, sideways"),
    "8 px down": (lambda image, mask: np.roll(telea(image, mask), 8, 0), "pixels off, up or down"),
    "mirrored": (lambda image, mask: telea(image, mask)[:, ::-1], "picture is mirrored"),
    "upside down": (lambda image, mask: telea(image, mask)[::-1], "picture is upside down"),
    "turned": (lambda image, mask: telea(image, mask).transpose(1, 0, 2), "picture is turned"),
    "noise": (lambda image, mask: np.random.default_rng(0).integers(0, 256, image.shape, np.uint8), "off"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_every_wrong_convention_is_seen_and_named(wrong: str) -> None:
    fill, said = WRONG[wrong]
    with pytest.raises(CheckpointError, match=said):
        self_test.check(fill, "X")


@pytest.mark.parametrize("name", ["context-encoder-raw", "contextual-attention-small", "glcic"])
def test_trained_networks_pass_the_self_test(name: str) -> None:
    """The networks that come with the project stand for trained ones."""
    spec = registry.find(name)
    if spec.missing(Settings()):
        pytest.skip(f"{spec.missing(Settings())[0].what} is not here")
    backend = spec.create(Settings())

    def fill(image: Image, mask: Mask) -> Image:
        made = backend.inpaint(Window(image, mask), Options(), Progress())
        return np.where(mask[..., None], made, image)

    self_test.check(fill, spec.title)
