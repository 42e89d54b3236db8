"""What diffusion takes of a machine: less where memory is short, said before the run, handed back after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.base import Expected
from inpaint_app.backends.diffusion import device
from inpaint_app.backends.diffusion.backend import StableDiffusion, expected
from inpaint_app.backends.diffusion.options import MEMORY
from inpaint_app.errors import OptionError
from inpaint_app.removal.pipeline import Removal
from inpaint_app.types import Progress
from tests.backends.small_diffusion import SPEC, options, window

pytest.importorskip("diffusers")


def test_when_memory_is_short_the_next_smaller_way_is_taken_and_said(
    sd: StableDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sd.inpaint(window(), options(memory="sliced"), Progress())
    tried: list[str] = []
    real = device.place

    def place(pipeline: Any, plan: device.Plan) -> None:
        tried.append(plan.memory)
        if plan.memory == "full":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        real(pipeline, plan)

    monkeypatch.setattr(device, "place", place)
    told: list[str] = []
    fill = sd.inpaint(window(), options(memory="full"), Progress(lambda _, stage: told.append(stage)))
    assert tried == ["full", "sliced"]
    assert "Memory is short: trying again in slices, which is slower" in told
    assert np.array_equal(fill, expected)


def test_when_nothing_smaller_is_left_memory_error_tells(
    sd: StableDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(pipeline: Any, plan: device.Plan) -> None:
        raise MemoryError

    sd.release()
    monkeypatch.setattr(device, "place", place)
    with pytest.raises(MemoryError, match="sliced on cpu was not small enough"):
        sd.inpaint(window(), options(), Progress())
    assert sd._held is None


def test_the_way_down_on_a_gpu_goes_through_every_mode() -> None:
    plan: device.Plan | None = device.Plan("cuda", "fp16", "full")
    taken = []
    while plan is not None:
        taken.append(plan.memory)
        plan = plan.lower()
    assert tuple(taken) == MEMORY


def test_other_errors_are_not_taken_for_short_memory(
    sd: StableDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(pipeline: Any, plan: device.Plan) -> None:
        raise RuntimeError("something else")

    sd.release()
    monkeypatch.setattr(device, "place", place)
    with pytest.raises(RuntimeError, match="something else"):
        sd.inpaint(window(), options(), Progress())


def test_an_absent_device_is_said() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(OptionError, match="no cuda device"):
        device.plan("cuda", "auto", "auto")


def test_a_run_teaches_the_next_one_its_time(sd: StableDiffusion) -> None:
    sd.inpaint(window(), options(steps=4), Progress())
    short, long = expected(options(steps=4), sd._settings), expected(options(steps=40), sd._settings)
    assert short.seconds is not None
    assert long.seconds is not None
    assert 0 < short.seconds < long.seconds
    assert short.megabytes is not None
    assert sd.held() / 1e6 <= short.megabytes < 2000
    assert expected(options(steps=4, precision="bf16", memory="sliced"), sd._settings) == Expected()
    told: list[str] = []
    sd.inpaint(window(), options(steps=4), Progress(lambda _, stage: told.append(stage)))
    assert any(stage.startswith("Starting, about ") for stage in told)


def test_the_session_says_what_it_will_take_and_lets_go_of_it_when_another_heavy_one_comes(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import gc
    import weakref

    from inpaint_app.removal.session import Session
    from inpaint_app.runtime import model_cache
    from inpaint_app.settings import Settings
    from tests.runtime.test_model_cache import Fake, fake

    monkeypatch.setattr(model_cache, "HEAVY", 1e5)  # the small pipeline's weights are some megabytes
    monkeypatch.setattr(registry, "BACKENDS", (*registry.BACKENDS, fake("other", 2000.0)))
    photo = np.full((80, 90, 3), 120, np.uint8)
    mask = np.zeros((80, 90), dtype=bool)
    mask[30:50, 30:50] = True
    given = {"steps": 1, "precision": "fp32"}
    session = Session(Settings(sd_model=str(model), cache=tmp_path, device="cpu"))
    assert session.expected("stable-diffusion-raw", given) == Expected()
    first = session.remove(Removal(photo, mask, options=given), "stable-diffusion-raw")
    told = session.expected("stable-diffusion-raw", given)
    assert told is not None
    assert told.seconds is not None
    assert told.seconds > 0
    held = session.device.warm.get(SPEC)
    assert held.held() > 1e5
    network = weakref.ref(held._held[2].unet)
    assert "patchmatch" in session.device.warm, "its guide stays beside it"
    session.remove(Removal(photo, mask), "other")
    gc.collect()
    assert network() is None, "the network is still in memory"
    assert held.held() == 0
    assert "stable-diffusion-raw" not in session.device.warm
    assert Fake.made["other"].held() == 2000e6
    again = session.remove(Removal(photo, mask, options=given), "stable-diffusion-raw")
    assert np.array_equal(again.image, first.image)
    assert Fake.made["other"].released == 1
