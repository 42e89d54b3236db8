"""The network backends on tiny random weights, and the shipped ones on photos that they have not seen."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from inpaint_app.backends import registry
from inpaint_app.backends.base import Backend, BackendSpec, Batching, Window
from inpaint_app.backends.networks.borrowing import lay_on
from inpaint_app.backends.networks.feedforward import ContextEncoder, DetailAttention
from inpaint_app.backends.networks.semantic import poisson
from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.lab.objectives.data import load_photos
from inpaint_app.lab.objectives.holes import make_holes
from inpaint_app.lab.objectives.inpainting import build
from inpaint_app.lab.training.export import write_entry
from inpaint_app.lab.training.recipe import Part
from inpaint_app.lab.training.validate import filler, measure
from inpaint_app.removal.pipeline import Filler, Removal, remove
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Mask, Options, Progress

MODELS = "inpaint_app.models"
TINY = {
    "context-encoder": Part(
        f"{MODELS}.context_encoder:ContextEncoder", {"size": 16, "widths": [4, 8], "bottleneck": 4}
    ),
    "contextual-attention-small": Part(f"{MODELS}.contextual_attention:CoarseToFine", {"width": 4}),
    "contextual-attention-detail": Part(
        f"{MODELS}.detail_attention:DetailAttention",
        {"encoder": {"size": 64, "widths": [4, 8], "bottleneck": 4}, "width": 4},
    ),
    "mosaic": Part(f"{MODELS}.contextual_attention:CoarseToFine", {"width": 4, "prefill": "smooth"}),
    "vae-small": Part(f"{MODELS}.vae:VariationalAutoencoder", {"widths": [4, 8], "bottleneck": 4}),
    "dcgan": Part(f"{MODELS}.dcgan:Generator", {"code": 4, "widths": [8, 4]}),
    "dcgan-critic": Part(f"{MODELS}.context_encoder:Discriminator", {"size": 16, "widths": [4]}),
}
BACKENDS = [
    "context-encoder-raw",
    "contextual-attention-small",
    "contextual-attention-raw",
    "vae-small",
    "semantic",
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints with random weights."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name, part in TINY.items():
        data = save(build(part).state_dict())
        (folder / f"{name}.safetensors").write_bytes(data)
        table = {
            "file": f"{name}.safetensors",
            "sha256": hashlib.sha256(data).hexdigest(),
            "network": part.factory,
        }
        size = part.arguments.get("encoder", {"size": 16})["size"]
        write_entry(folder / "manifest.toml", name, {**table, "size": size, "arguments": part.arguments})
    return folder


@pytest.fixture
def tiny(weights: Path) -> Settings:
    return Settings(checkpoints=weights, device="cpu")


def made(name: str, tiny: Settings) -> tuple[BackendSpec, Backend]:
    spec = registry.find(name)
    assert spec.missing(tiny) == ()
    return spec, spec.create(tiny)


def options(spec: BackendSpec, **values: object) -> object:
    return spec.make_options({"steps": 3, **values} if spec.name == "semantic" else values)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("shape", [(16, 16), (1, 9), (37, 61)])
def test_fills_windows_of_any_size(tiny: Settings, name: str, shape: tuple[int, int]) -> None:
    spec, backend = made(name, tiny)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[: shape[0] // 2 + 1, : shape[1] // 2] = True
    before, hole = image.copy(), mask.copy()
    reports: list[float] = []
    progress = Progress(lambda share, _: reports.append(share))
    fill = backend.inpaint(Window(image, mask), options(spec, seed=3), progress)  # type: ignore[arg-type]
    assert fill.shape == image.shape
    assert fill.dtype == np.uint8
    assert reports[-1] == 1
    assert np.array_equal(image, before)
    assert np.array_equal(mask, hole)
    again = backend.inpaint(Window(image, mask), options(spec, seed=3), Progress())  # type: ignore[arg-type]
    assert np.array_equal(fill, again)
    image[mask] ^= 255
    if shape == (16, 16):
        peeped = backend.inpaint(Window(image, mask), options(spec, seed=3), Progress())  # type: ignore[arg-type]
        assert np.array_equal(fill, peeped)


@pytest.mark.parametrize("name", ["context-encoder-raw", "contextual-attention-small", "vae-small"])
def test_several_windows_at_once_are_filled_as_each_alone(tiny: Settings, name: str) -> None:
    spec, backend = made(name, tiny)
    assert isinstance(backend, Batching)
    random, windows = np.random.default_rng(0), []
    for shape in ((16, 16), (37, 61), (16, 20)):
        mask = np.zeros(shape, dtype=bool)
        mask[: shape[0] // 2 + 1, : shape[1] // 2] = True
        windows.append(Window(random.integers(0, 256, (*shape, 3), dtype=np.uint8), mask))
    fills = backend.inpaint_all(windows, options(spec), Progress())  # type: ignore[arg-type]
    for fill, window in zip(fills, windows, strict=True):
        alone = backend.inpaint(window, options(spec), Progress())  # type: ignore[arg-type]
        assert fill.shape == alone.shape
        assert np.abs(fill.astype(int) - alone).max() <= 1


@pytest.mark.parametrize("name", BACKENDS)
def test_a_window_that_is_all_hole(tiny: Settings, name: str) -> None:
    spec, backend = made(name, tiny)
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    fill = backend.inpaint(Window(image, np.ones((16, 16), dtype=bool)), options(spec), Progress())  # type: ignore[arg-type]
    assert fill.shape == image.shape


@pytest.mark.parametrize("name", BACKENDS)
def test_cancel_stops(tiny: Settings, name: str, image: Image, mask: Mask) -> None:
    spec, backend = made(name, tiny)
    with pytest.raises(Cancelled):
        backend.inpaint(Window(image, mask), options(spec), Progress(cancelled=lambda: True))  # type: ignore[arg-type]


def test_what_restores_goes_by_what_the_hole_holds(tiny: Settings) -> None:
    spec, backend = made("unpixelate", tiny)
    filler = Filler(spec, backend, spec.options())
    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    mask = np.zeros((40, 40), dtype=bool)
    mask[12:28, 12:28] = True
    dark, bright = photo.copy(), photo.copy()
    dark[mask], bright[mask] = 20, 240
    results = [remove(Removal(image, mask, grow=0), filler).image for image in (dark, bright)]
    assert all(np.array_equal(result[~mask], photo[~mask]) for result in results)
    assert not np.array_equal(*results)


@pytest.mark.parametrize(("name", "lifted"), [("context-encoder-raw", True), ("vae-small", False)])
def test_the_default_s_network_sees_the_dark_brighter_and_fills_as_dark(
    tiny: Settings, name: str, lifted: bool
) -> None:
    spec, backend = made(name, tiny)
    seen: list[Image] = []

    def repeat(images: Image, masks: Mask) -> Image:
        seen.append(images)
        return images

    backend._filled = repeat  # type: ignore[attr-defined]
    photo = np.random.default_rng(0).integers(10, 30, (40, 40, 3), dtype=np.uint8)
    mask = np.zeros((40, 40), dtype=bool)
    mask[12:28, 12:28] = True
    fill = backend.inpaint(Window(photo, mask), options(spec), Progress())  # type: ignore[arg-type]
    assert (np.median(seen[0]) > 60) == lifted
    assert 10 <= np.median(fill) <= 30


def test_an_untrained_network_is_not_ready(tmp_path: Path) -> None:
    settings = Settings(checkpoints=tmp_path)
    spec = registry.find("glcic-guided")
    (lack,) = [one for one in spec.missing(settings) if "weights" in one.what]
    assert "inpaint-app train glcic" in lack.cure
    with pytest.raises(MissingWeights, match="inpaint-app train glcic"):
        registry.find("glcic").create(settings)


def test_poisson_keeps_gradients_and_meets_the_rim() -> None:
    rows, columns = np.mgrid[:24, :24]
    image = np.stack([rows * 6, columns * 6, rows + columns], 2).astype(np.uint8)
    mask = np.zeros((24, 24), dtype=bool)
    mask[0:15, 6:20] = True
    assert np.abs(poisson(image, image + 40.0, mask, tolerance=1e-3) - image).max() < 0.1
    stripes = np.where(columns % 2 == 0, 20.0, -20.0)[..., None] + np.zeros(3)
    blended = poisson(image, stripes, mask)
    assert np.array_equal(blended[~mask], image[~mask])
    assert np.abs(np.diff(blended[7, 9:17, 2])).min() > 30


def test_poisson_without_a_rim_keeps_the_source() -> None:
    source = np.full((6, 6, 3), 77.0)
    assert (poisson(np.zeros((6, 6, 3), dtype=np.uint8), source, np.ones((6, 6), dtype=bool)) == 77).all()


def test_the_shipped_context_encoder_beats_diffusion(data: Path) -> None:
    truths = load_photos([data / "eval" / "scenes-val.tar"], 128)[:40]
    masks = make_holes({"centre": 1.0}, 128, len(truths), 0)
    ours, _ = measure(filler("context-encoder-raw", None, Settings()), truths, masks)
    telea, _ = measure(filler("telea", None, Settings()), truths, masks)
    assert ours["psnr"] > telea["psnr"] + 0.8


@pytest.fixture
def window() -> Window:
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    return Window(np.full((60, 60, 3), 90, np.uint8), mask)


@pytest.mark.parametrize("shape", [(80, 80), (96, 170), (300, 20), (9, 7)])
def test_borrowed_detail_is_as_fine_as_the_window(tiny: Settings, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros(shape, bool)
    mask[shape[0] // 3 : shape[0] // 2 + 1, shape[1] // 3 : shape[1] // 2 + 1] = True
    noisy = rng.integers(0, 255, (*shape, 3), dtype=np.uint8)
    backend = DetailAttention(tiny)
    fill = backend.inpaint(Window(noisy, mask), Options(), Progress())
    even = backend.inpaint(Window(np.full((*shape, 3), 90, np.uint8), mask), Options(), Progress())
    assert fill.shape == noisy.shape
    if min(shape) > 30:
        steps = [np.abs(np.diff(one.astype(float), axis=1))[mask[:, 1:]].mean() for one in (fill, even)]
        assert steps[0] > steps[1] + 3


@pytest.mark.parametrize(("shape", "apart"), [((256, 256), True), ((192, 320), True), ((256, 256), False)])
def test_blended_patches_are_as_rough_as_each_of_them(shape: tuple[int, int], apart: bool) -> None:
    """Whether they come from all over the window or from beside each other; where the window is even, nothing comes."""
    rng = np.random.default_rng(0)
    image = rng.normal(128, 20, (*shape, 3)).clip(0, 255).astype(np.uint8)
    hole, whole = np.zeros(shape, bool), Box(0, 0, shape[1], shape[0])
    hole[100:164, 100:164] = True
    rows = np.stack(np.mgrid[:32, :32], 2).reshape(-1, 2)
    lends = (
        np.stack([rng.integers(0, 10, len(rows)), rng.integers(0, 32, len(rows))], 1)
        if apart
        else rows - (12, 0)
    )
    flat = np.full_like(image, 128)
    rest = np.full((128, 128, 3), 128, np.float32), np.ones((128, 128), np.float32)
    made, even = image.copy(), flat.copy()
    for out, seen in ((made, image), (even, flat)):
        lay_on(out, flat, whole, hole, seen, hole, 2.0, np.stack([rows, lends], 1), *rest)
    inner = slice(112, 152), slice(112, 152)
    assert 0.85 < made[inner].std() / image[~hole].std() < 1.1
    assert np.array_equal(made[~hole], image[~hole])
    assert even[hole].std() == 0


def test_a_network_that_makes_no_numbers_is_refused(
    tiny: Settings, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ContextEncoder(tiny)
    monkeypatch.setattr(backend, "_network", lambda photo, hole: torch.full((1, 3, 16, 16), float("nan")))
    with pytest.raises(CheckpointError, match="made no picture"):
        backend.inpaint(window, Options(), Progress())


def test_a_network_goes_on_where_there_is_more_memory_and_no_further(
    tiny: Settings, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ContextEncoder(tiny)
    monkeypatch.setattr(backend, "_device", "cuda")
    assert backend.lower() == "on the processor, which is slower"
    assert backend.inpaint(window, Options(), Progress()).shape == (60, 60, 3)
    assert backend.lower() is None
