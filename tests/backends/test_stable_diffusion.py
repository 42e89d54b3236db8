"""Stable Diffusion keeps the contract of every backend, on a small pipeline of the same classes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.base import SizeRule, Window
from inpaint_app.backends.diffusion.backend import StableDiffusion
from inpaint_app.backends.diffusion.options import SCHEDULERS, StableDiffusionOptions
from inpaint_app.errors import Cancelled, CheckpointError, MissingError
from inpaint_app.removal.pipeline import Filler, Removal, remove
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress
from tests.backends.small_diffusion import SPEC, make, make_large, options, window

pytest.importorskip("diffusers")


@pytest.mark.parametrize("shape", [(64, 64), (1, 9), (9, 1), (37, 61), (100, 30)])
def test_any_size_gives_a_fill_of_that_size(sd: StableDiffusion, shape: tuple[int, int]) -> None:
    fill = sd.inpaint(window(shape), options(), Progress())
    assert fill.shape == (*shape, 3)
    assert fill.dtype == np.uint8


def test_the_seed_decides_the_pixels(sd: StableDiffusion) -> None:
    first, second = (sd.inpaint(window(), options(seed=4), Progress()) for _ in range(2))
    assert np.array_equal(first, second)
    other = sd.inpaint(window(), options(seed=5), Progress())
    assert not np.array_equal(first, other)


def test_a_cancel_stops_within_a_step_and_leaves_all_working(sd: StableDiffusion) -> None:
    expected = sd.inpaint(window(), options(steps=4), Progress())
    pipeline = sd._held[2] if sd._held else None
    asked: list[int] = []
    ran: list[int] = []
    handle = pipeline.unet.register_forward_hook(lambda *_: ran.append(1))

    def later() -> bool:
        asked.append(1)
        return (
            len(asked) > 9
        )  # in the middle of the second step: each asks once per block and once at its end

    with pytest.raises(Cancelled):
        sd.inpaint(window(), options(steps=4), Progress(cancelled=later))
    handle.remove()
    assert len(ran) == 1, "the step in which the cancel came was finished"
    assert len(asked) == 10, "work went on after the cancel"
    assert np.array_equal(sd.inpaint(window(), options(steps=4), Progress()), expected)


def test_progress_rises_to_one_with_steps_and_pictures(sd: StableDiffusion) -> None:
    told: list[tuple[float, str]] = []
    pictures: list[Image] = []
    progress = Progress(lambda fraction, stage: told.append((fraction, stage)), show=pictures.append)
    given = window((40, 64))
    sd.inpaint(given, options(steps=3, strength=1.0), progress)
    shares = [fraction for fraction, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert any(stage.startswith("Step 2 of 3") for _, stage in told)
    assert [picture.shape for picture in pictures] == [(40, 64, 3)] * 3
    assert np.array_equal(pictures[-1][~given.mask], given.image[~given.mask])
    assert not np.array_equal(pictures[0], pictures[-1])


def test_nobody_watching_costs_no_picture(sd: StableDiffusion, monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.backends.diffusion import preview

    monkeypatch.setattr(preview, "fitted", lambda *_: pytest.fail("a preview was made for nobody"))
    sd.inpaint(window(), options(), Progress())


class Recorder:
    """Stands before the pipeline's call and keeps what it was given."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.given: dict[str, Any] = {}
        self.scheduler = pipeline.scheduler

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pipeline, name)

    def __call__(self, **given: Any) -> Any:
        self.given = given
        self.pipeline.scheduler = self.scheduler
        return self.pipeline(**given)


def recorded(sd: StableDiffusion, given: Window, chosen: StableDiffusionOptions) -> Recorder:
    sd.inpaint(given, options(), Progress())
    assert sd._held is not None
    path, plan, pipeline = sd._held
    recorder = Recorder(pipeline)
    sd._held = (path, plan, recorder)
    sd.inpaint(given, chosen, Progress())
    sd._held = (path, plan, pipeline)
    return recorder


def test_all_options_reach_the_pipeline(sd: StableDiffusion) -> None:
    chosen = options(
        prompt="a meadow",
        negative_prompt="a cow",
        steps=5,
        guidance=3.5,
        strength=0.8,
        scheduler="euler",
        seed=9,
    )
    given = window((64, 48))
    recorder = recorded(sd, given, chosen)
    call = recorder.given
    assert call["prompt"] == "a meadow"
    assert call["negative_prompt"] == "a cow"
    assert call["num_inference_steps"] == 5
    assert call["guidance_scale"] == 3.5
    assert call["strength"] == 0.8
    assert call["generator"].initial_seed() == 9
    assert (call["height"], call["width"]) == (64, 48)
    assert type(recorder.scheduler).__name__ == "EulerDiscreteScheduler"
    seen = (call["image"][0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    assert given.guide is not None
    assert np.array_equal(seen, given.guide), "the hole starts from the guide's fill"
    assert np.array_equal(call["mask_image"][0, 0].numpy() > 0, given.mask)


def test_without_a_guide_the_run_starts_from_noise(sd: StableDiffusion) -> None:
    recorder = recorded(sd, window(guide=False), options(strength=0.4))
    assert recorder.given["strength"] == 1.0


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_runs(sd: StableDiffusion, name: str) -> None:
    assert sd.inpaint(window(), options(scheduler=name, steps=3), Progress()).shape == (64, 64, 3)


def test_a_weak_start_still_takes_a_step(sd: StableDiffusion) -> None:
    assert sd.inpaint(window(), options(steps=1, strength=0.05), Progress()).shape == (64, 64, 3)


def test_known_pixels_stay_and_far_holes_are_filled_apart(sd: StableDiffusion) -> None:
    photo = np.random.default_rng(0).integers(60, 200, (150, 400, 3)).astype(np.uint8)
    mask = np.zeros((150, 400), dtype=bool)
    mask[20:40, 20:44] = mask[100:120, 350:370] = True
    spec = dataclasses.replace(SPEC, size=SizeRule(native=64, context_minimum=16), guide=None)
    result = remove(Removal(photo, mask, grow=2), Filler(spec, sd, options()))
    assert len(result.boxes) == 2
    assert result.changed_known == 0
    assert (result.image[mask] != photo[mask]).any(axis=1).mean() > 0.9


def test_the_guide_comes_through_the_pipeline(sd: StableDiffusion) -> None:
    """A weak run must stay near the guide's fill; one from noise must not."""

    class Red:
        def inpaint(self, window: Window, options: object, progress: Progress) -> Image:
            fill = window.image.copy()
            fill[window.mask] = (220, 30, 30)
            return fill

    photo = np.full((64, 64, 3), 120, np.uint8)
    mask: Mask = np.zeros((64, 64), dtype=bool)
    mask[16:48, 16:48] = True
    spec = dataclasses.replace(SPEC, size=SizeRule(native=64))
    guide = Filler(registry.find("telea"), Red(), registry.find("telea").make_options({}))

    def redness(strength: float) -> float:
        chosen = options(strength=strength, steps=20, match_colour=False, grain=False, guidance=1)
        filled = remove(Removal(photo, mask, 0, 0), Filler(spec, sd, chosen, guide)).image[mask]
        return float(filled[:, 0].mean() - filled[:, 1:].mean())

    assert redness(0.05) > redness(1.0) + 10


def test_bf16_runs_here_too(sd: StableDiffusion) -> None:
    assert sd.inpaint(window(), options(precision="bf16"), Progress()).shape == (64, 64, 3)


def test_a_model_that_is_not_for_inpainting_is_refused(sd: StableDiffusion, tmp_path: Path) -> None:
    other = make(tmp_path, channels=4)
    with pytest.raises(CheckpointError, match=r"not an inpainting model .*4 channels, expected 9"):
        sd.inpaint(window(), options(model=str(other)), Progress())


def test_pickled_weights_are_refused(sd: StableDiffusion, model: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(model, tmp_path / "model")
    tensors = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    tensors.rename(tensors.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(CheckpointError, match="no complete diffusers model in safetensors"):
        sd.inpaint(window(), options(model=str(tmp_path / "model")), Progress())
    (tmp_path / "model.ckpt").write_bytes(b"pickle")
    with pytest.raises(CheckpointError, match=r"only \.safetensors"):
        sd.inpaint(window(), options(model=str(tmp_path / "model.ckpt")), Progress())


def test_xl_comes_through_the_same_door(sd: StableDiffusion, tmp_path: Path) -> None:
    pictures: list[Image] = []
    chosen = options(model=str(make_large(tmp_path)), strength=1.0)
    fill = sd.inpaint(window((40, 64)), chosen, Progress(show=pictures.append))
    assert fill.shape == (40, 64, 3)
    assert sd._held is not None
    assert type(sd._held[2]).__name__ == "StableDiffusionXLInpaintPipeline"
    assert [picture.shape for picture in pictures] == [(40, 64, 3)] * 2
    assert np.array_equal(fill, sd.inpaint(window((40, 64)), chosen, Progress()))


def test_a_missing_model_is_said_with_the_cure(sd: StableDiffusion) -> None:
    with pytest.raises(MissingError, match="check INPAINT_SD_MODEL"):
        sd.inpaint(window(), options(model="./nowhere"), Progress())


def test_the_session_runs_it(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from inpaint_app.removal.session import Session

    monkeypatch.setenv("INPAINT_SD_MODEL", str(model))
    monkeypatch.setenv("INPAINT_CACHE", str(tmp_path))
    monkeypatch.setenv("INPAINT_DEVICE", "cpu")
    photo = np.full((80, 90, 3), 120, np.uint8)
    mask = np.zeros((80, 90), dtype=bool)
    mask[30:50, 30:50] = True
    removal = Removal(photo, mask, options={"steps": 1, "precision": "fp32"})
    session = Session()
    result = session.remove(removal, "stable-diffusion-raw")
    assert result.changed_known == 0
    assert result.backend == "stable-diffusion-raw"
    asked = {**removal.options, "raw": True}
    again = session.remove(dataclasses.replace(removal, options=asked), "stable-diffusion")
    assert np.array_equal(again.image, result.image)


def test_what_it_made_steers_the_engine_and_is_kept_where_the_model_has_the_photos_pixels(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The small model has 64 pixels a side, the photo 400: what is coarse is the model's, the grain the photo's."""
    from inpaint_app.removal.session import Session

    small = dataclasses.replace(SPEC, size=SizeRule(native=64))
    monkeypatch.setattr(
        registry, "BACKENDS", tuple(small if one is SPEC else one for one in registry.BACKENDS)
    )
    session = Session(Settings(sd_model=str(model), cache=tmp_path, device="cpu"))
    photo = np.random.default_rng(0).integers(90, 150, (400, 400, 3)).astype(np.uint8)
    mask = np.zeros((400, 400), dtype=bool)
    mask[130:270, 130:270] = True
    options = {"steps": 1, "precision": "fp32", "grain": False, "match_colour": False, "strength": 1.0}
    removal = Removal(photo, mask, 0, 0, options=options)
    raw, finished = (
        session.remove(removal, name).image for name in ("stable-diffusion-raw", "stable-diffusion")
    )
    inside = (slice(160, 240), slice(160, 240))
    blurred = [cv2.GaussianBlur(image, (0, 0), 12)[inside].astype(int) for image in (raw, finished, photo)]
    assert np.abs(blurred[1] - blurred[0]).mean() < 0.5 * np.abs(blurred[2] - blurred[0]).mean()
    grain = [np.abs(np.diff(image[inside].astype(int), axis=0)).mean() for image in (raw, finished)]
    assert grain[1] > 3 * grain[0]
