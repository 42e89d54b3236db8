"""What is heavy: two lines, things made once, and ways on when memory is short or a backend misbehaves."""

from __future__ import annotations

import threading
import time
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec, Window
from inpaint_app.errors import BackendError, Cancelled, out_of_memory
from inpaint_app.removal.session import Request, Session
from inpaint_app.runtime.worker import Device
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress


class Toy:
    """Does what the test puts into `does`."""

    does: Any = None
    made = 0

    def __init__(self, settings: Settings) -> None:
        type(self).made += 1

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Any:
        progress(0.0, "Playing")
        return Toy.does(self, window, progress)


class Lowering(Toy):
    """Has one way that needs less memory."""

    small = False

    def lower(self) -> str | None:
        if self.small:
            return None
        self.small = True
        return "on the processor, which is slower"


TOY = BackendSpec("toy", "Toy", "Plays.", f"{__name__}:Toy")
OTHER = BackendSpec("other", "Other", "Plays.", f"{__name__}:Toy")
SLOW = BackendSpec("slow-toy", "Slow toy", "Plays slowly.", f"{__name__}:Toy", slow=True)
LOWERING = BackendSpec("lowering", "Lowering", "Plays.", f"{__name__}:Lowering")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(backends, "BACKENDS", (*backends.BACKENDS, TOY, OTHER, SLOW, LOWERING))
    monkeypatch.setattr(Toy, "made", 0)
    return Session(Settings(patience=60))


def same(toy: Toy, window: Window, progress: Progress) -> Image:
    progress(1.0)
    return window.image.copy()


def test_quick_work_does_not_wait_for_slow_work(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, end = threading.Event(), threading.Event()

    def slowly(toy: Toy, window: Window, progress: Progress) -> Image:
        entered.set()
        end.wait(20)
        return window.image.copy()

    monkeypatch.setattr(Toy, "does", slowly)
    thread = threading.Thread(target=session.run, args=(image, Request(mask=mask, backend="slow-toy")))
    thread.start()
    assert entered.wait(5)
    stages: list[str] = []
    session.run(image, Request(mask=mask, backend="telea"), Progress(lambda f, stage: stages.append(stage)))
    assert thread.is_alive()
    assert not [stage for stage in stages if "before you" in stage]
    waiting = Progress(cancelled=lambda: len(session.device.slow) == 1)
    with pytest.raises(Cancelled):
        session.run(image, Request(mask=mask, backend="slow-toy"), waiting)
    end.set()
    thread.join(5)


def test_a_thing_is_made_once_however_many_ask(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly_made(toy: Toy, settings: Settings) -> None:
        time.sleep(0.05)
        Toy.made += 1

    monkeypatch.setattr(Toy, "__init__", slowly_made)
    device = Device(Settings())
    threads = [threading.Thread(target=device.warm.get, args=(TOY,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert Toy.made == 1


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda window: np.full(window.image.shape, np.nan, np.float32), "float32"),
        (lambda window: window.image[1:], "expected uint8"),
        (lambda window: window.image[..., 0], "expected uint8"),
        (lambda window: None, "NoneType"),
        (lambda window: window.image.astype(np.int64), "int64"),
    ],
)
def test_what_is_no_fill_is_refused_and_changes_nothing(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch, returned: Any, said: str
) -> None:
    monkeypatch.setattr(Toy, "does", lambda toy, window, progress: returned(window))
    before = image.copy()
    with pytest.raises(BackendError, match=said):
        session.run(image, Request(mask=mask, backend="toy"))
    assert np.array_equal(image, before)
    monkeypatch.setattr(Toy, "does", same)
    session.run(image, Request(mask=mask, backend="toy"))


def test_a_backend_that_ends_its_thread_becomes_an_error(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves(toy: Toy, window: Window, progress: Progress) -> Image:
        raise SystemExit(3)

    monkeypatch.setattr(Toy, "does", leaves)
    with pytest.raises(BackendError, match=r"Toy failed .*SystemExit"):
        session.run(image, Request(mask=mask, backend="toy"))
    session.run(image, Request(mask=mask, backend="telea"))


def test_a_backend_that_hangs_after_a_cancel_is_left_behind_with_all_that_it_held(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, end, stop = threading.Event(), threading.Event(), threading.Event()
    ended: list[BaseException] = []

    def hangs(toy: Toy, window: Window, progress: Progress) -> Image:
        entered.set()
        end.wait(20)
        return window.image.copy()

    def work() -> None:
        try:
            session.run(image, Request(mask=mask, backend="toy"), Progress(cancelled=stop.is_set))
        except Cancelled as error:
            ended.append(error)

    monkeypatch.setattr(Toy, "does", hangs)
    monkeypatch.setattr(session.device.quick, "grace", 0.2)
    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(5)
    monkeypatch.setattr(Toy, "does", same)
    stop.set()
    session.run(image, Request(mask=mask, backend="toy"))
    assert thread.is_alive()
    assert Toy.made == 2, "the one left behind still works with the first"
    end.set()
    thread.join(5)
    assert len(ended) == 1


def no_memory(*errors: BaseException) -> Any:
    """Raises these, one a call, then fills."""
    left = list(errors)

    def does(toy: Toy, window: Window, progress: Progress) -> Image:
        if left:
            raise left.pop(0)
        return same(toy, window, progress)

    return does


CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried ..."
)
GPU = type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 20.00 GiB")
CV2 = cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes")


@pytest.mark.parametrize("error", [MemoryError(), CPU, GPU, CV2], ids=["python", "torch", "cuda", "opencv"])
def test_short_memory_lets_go_of_other_models_and_says_so(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr(Toy, "does", same)
    session.run(image, Request(mask=mask, backend="other"))
    monkeypatch.setattr(Toy, "does", no_memory(error))
    stages: list[str] = []
    progress = Progress(lambda fraction, stage: stages.append(stage))
    session.run(image, Request(mask=mask, backend="toy"), progress)
    assert "other" not in session.device.warm
    assert "Memory is short: trying again with all other models let go" in stages
    assert progress.notes == ["Memory was short: Toy tried again with all other models let go."]


def test_when_nothing_else_can_be_let_go_a_smaller_way_is_taken_and_kept(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Toy, "does", no_memory(GPU))
    progress = Progress()
    session.run(image, Request(mask=mask, backend="lowering"), progress)
    assert progress.notes == ["Memory was short: Lowering tried again on the processor, which is slower."]
    again = Progress()
    session.run(image, Request(mask=mask, backend="lowering"), again)
    assert not again.notes


def test_when_there_is_no_smaller_way_it_is_said_and_the_next_one_starts_afresh(
    session: Session, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Toy, "does", no_memory(GPU, GPU))
    with pytest.raises(BackendError, match=r"ran out of memory.*smaller hole"):
        session.run(image, Request(mask=mask, backend="lowering"))
    assert "lowering" not in session.device.warm
    session.run(image, Request(mask=mask, backend="lowering"))


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory"), KeyError("x")])
def test_other_errors_are_not_taken_for_short_memory(error: BaseException) -> None:
    assert not out_of_memory(error)


def test_real_allocations_that_fail_are_known_for_what_they_are() -> None:
    torch = pytest.importorskip("torch")
    for allocate in (
        lambda: np.empty((1 << 46,), np.uint8),
        lambda: torch.empty(1 << 46, dtype=torch.uint8),
    ):
        with pytest.raises((MemoryError, RuntimeError)) as raised:
            allocate()
        assert out_of_memory(raised.value)
