"""GPUs that are lent by the call: what Spaces ask for is kept, checked against a stand-in as strict as the package.

The stand-in forks, or pickles there and back, as `spaces` 0.51 does. No GPU is needed: what is tested is the way there.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from inpaint_app import environment
from inpaint_app.backends.diffusion import device, zerogpu
from inpaint_app.errors import CheckpointError
from inpaint_app.types import Image


class Lender(ModuleType):
    """Stands for the package `spaces`."""

    def __init__(self, fork: bool) -> None:
        super().__init__("spaces")
        self.fork, self.named, self.asked = fork, 0, []

    def GPU(self, duration: Callable[..., int]) -> Callable[..., Any]:  # noqa: N802 - its name in the package
        def name(task: Callable[..., Any]) -> Callable[..., Any]:
            self.named += 1

            def called(*arguments: Any) -> Any:
                self.asked.append(duration(*arguments))
                sent = pickle.dumps(arguments)
                return pickle.loads(
                    self._forked(task, sent) if self.fork else pickle.dumps(task(*pickle.loads(sent)))
                )

            return called

        return name

    def _forked(self, task: Callable[..., Any], sent: bytes) -> bytes:
        context = multiprocessing.get_context("fork")
        mine, its = context.Pipe()
        process = context.Process(target=lambda: its.send_bytes(pickle.dumps(task(*pickle.loads(sent)))))
        process.start()
        answer = mine.recv_bytes()
        process.join(20)
        return answer


@pytest.fixture(params=[False, True], ids=["pickled", "forked"])
def lender(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lender]:
    made = Lender(request.param)
    monkeypatch.setitem(sys.modules, "spaces", made)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    zerogpu._task.cache_clear()
    yield made
    zerogpu._task.cache_clear()


def sum_of(first: int, second: int) -> tuple[int, int]:
    return first + second, os.getpid()


def break_down(how: str) -> None:
    if how == "ours":
        raise CheckpointError("The model does not fit.")
    if how == "memory":
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB.")
    raise ValueError("a shape is wrong")


def test_elsewhere_the_call_is_just_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)
    assert not zerogpu.prepare()
    assert zerogpu.on_gpu(20, sum_of, 3, 4) == (7, os.getpid())


def test_the_function_is_named_once_and_before_anything_is_asked_for(lender: Lender) -> None:
    assert zerogpu.prepare()
    assert (lender.named, lender.asked) == (1, [])
    for _ in range(3):
        total, process = zerogpu.on_gpu(20, sum_of, 3, 4)
        assert total == 7
        assert (process != os.getpid()) == lender.fork
    assert (lender.named, lender.asked) == (1, [20, 20, 20])
    zerogpu.on_gpu(5000, sum_of, 1, 1)
    assert lender.asked[-1] == zerogpu.LONGEST


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("ours", CheckpointError, "The model does not fit."),
        ("memory", MemoryError, "CUDA out of memory"),
        ("other", RuntimeError, "ValueError: a shape is wrong"),
    ],
)
def test_errors_come_back_as_what_they_were(
    lender: Lender, how: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        zerogpu.on_gpu(1, break_down, how)


def test_what_is_no_module_function_is_refused_and_not_run(lender: Lender) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        zerogpu.on_gpu(1, lambda: 1)


def test_only_the_heavy_call_looks_for_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """`spaces` makes torch say that there is a GPU even where none is lent: finders and small networks stay off it."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert environment.torch_device("auto") == "cuda:0"
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert environment.gpu_is_lent()
    assert environment.torch_device("auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: pytest.fail("there is nothing to ask yet"))
    assert device.plan("auto", "auto", "auto") == device.Plan("cuda", "fp16", "full")
    assert device.plan("auto", "auto", "offload").memory == "full"


def test_a_fill_on_a_lent_gpu_is_the_same_fill(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("diffusers")
    from inpaint_app.backends import registry
    from inpaint_app.backends.base import Window
    from inpaint_app.backends.diffusion.backend import StableDiffusion
    from inpaint_app.settings import Settings
    from inpaint_app.types import Progress
    from tests.backends.small_diffusion import make

    model = make(tmp_path_factory.mktemp("model"))
    settings = Settings(sd_model=str(model), cache=tmp_path, device="cpu")
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    options = registry.find("stable-diffusion").make_options({"steps": 2, "precision": "fp32"})
    image = np.random.default_rng(2).integers(0, 255, (64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[20:40, 24:44] = True
    window = Window(image, mask)

    def filled() -> Image:
        return StableDiffusion(settings).inpaint(window, options, Progress())

    here = filled()
    lender = Lender(fork=False)
    monkeypatch.setitem(sys.modules, "spaces", lender)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    zerogpu._task.cache_clear()
    np.testing.assert_array_equal(filled(), here)
    assert lender.asked == [round(zerogpu.AROUND + 2 * zerogpu.PER_STEP)]
    zerogpu._task.cache_clear()
