"""Several visitors at the same time, and what a backend that misbehaves does to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slow
from numpy.typing import NDArray
from PIL import Image as PillowImage

STAGE = ".st-stage-name"


def opened(studio: Any, path: Path, seed: int) -> NDArray[np.uint8]:
    """Open a photo that nobody else has, mark its middle, and return its pixels."""
    soft = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    picture = PillowImage.fromarray(soft).resize((320, 240), PillowImage.Resampling.BICUBIC)
    picture.save(path)
    studio.open(path)
    studio.brush(40)
    studio.stroke((140, 120), (180, 120))
    return np.asarray(picture)


@pytest.fixture(autouse=True)
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow backend works until a test lets it end."""
    monkeypatch.setattr(slow.Slow, "count", 10**6)


def stands(studio: Any, words: str) -> None:
    """Wait until the progress line says so."""
    studio.page.wait_for_function(
        "words => document.querySelector('.st-stage-name').textContent.includes(words)", arg=words
    )


def own(studio: Any, photo: NDArray[np.uint8]) -> None:
    """What this visitor downloads is this visitor's photo with the hole filled, and nothing else."""
    got = np.asarray(PillowImage.open(studio.saved("png")).convert("RGB"))
    apart = (got != photo).any(axis=2)
    assert apart[110:130, 145:175].any()
    apart[70:170, 90:230] = False
    assert not apart.any()


def test_two_visitors_side_by_side_get_their_own_and_one_cancel_touches_one(
    studio: Any, phone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = opened(studio, tmp_path / "a.png", 1), opened(phone, tmp_path / "b.png", 2)
    mask = studio.mask()
    studio.only("slow")
    studio.do("remove")
    stands(studio, "Taking its time")
    phone.only("telea")
    phone.remove()
    assert studio.app("s.app.busy"), "the quick fill had to wait for the slow one"
    own(phone, second)
    phone.page.keyboard.press("Escape")
    phone.only("slow")
    phone.do("remove")
    stands(phone, "Busy, 1 before you")
    studio.do("cancel")
    studio.says("Stopped")
    studio.rest()
    stands(phone, "Taking its time")
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("telea")
    studio.remove()
    own(studio, first)
    monkeypatch.setattr(slow.Slow, "count", 0)
    phone.page.wait_for_selector(".st[data-mode='compare']")
    phone.rest()
    made = phone.visit().step().made
    assert list(made) == ["slow"], "the one who waited has the result that was asked for"
    assert list(studio.visit().step().made) == ["telea"]


def test_one_who_waits_and_leaves_is_out_of_the_line(studio: Any, phone: Any, tmp_path: Path) -> None:
    opened(studio, tmp_path / "a.png", 3)
    opened(phone, tmp_path / "b.png", 4)
    studio.only("slow")
    studio.do("remove")
    stands(studio, "Taking its time")
    phone.only("slow")
    phone.do("remove")
    stands(phone, "Busy, 1 before you")
    line = studio.server.page.session.device.slow
    assert len(line) == 1
    phone.page.goto("about:blank")
    studio.wait_until(lambda: len(line) == 0)
    assert studio.app("s.app.busy")
    studio.do("cancel")
    studio.rest()


def test_a_full_line_is_told_in_words_and_loses_nothing(
    studio: Any, phone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(studio, tmp_path / "a.png", 5)
    opened(phone, tmp_path / "b.png", 6)
    mask = phone.mask()
    studio.only("slow")
    phone.only("slow")
    studio.do("remove")
    stands(studio, "Taking its time")
    monkeypatch.setattr(studio.server.page.session.device.slow, "waiting", 0)
    phone.do("remove")
    phone.says("Busy, 1 before you")
    phone.rest()
    np.testing.assert_array_equal(phone.mask(), mask)
    studio.do("cancel")
    studio.rest()


def test_a_backend_that_hangs_holds_up_neither_its_page_nor_the_others(
    studio: Any, phone: Any, tmp_path: Path
) -> None:
    first, second = opened(studio, tmp_path / "a.png", 7), opened(phone, tmp_path / "b.png", 8)
    mask = studio.mask()
    slow.Hanging.let_go.clear()
    studio.only("hanging")
    studio.do("remove")
    stands(studio, "In native code")
    phone.only("telea")
    phone.do("remove")
    stands(phone, "Busy, 1 before you")
    studio.do("cancel")
    studio.says("Stopped")
    studio.rest()
    phone.page.wait_for_selector(".st[data-mode='compare']")
    phone.rest()
    own(phone, second)
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("telea")
    studio.remove()
    slow.Hanging.let_go.set()
    studio.page.wait_for_timeout(300)
    assert list(studio.visit().step().made) == ["telea"], "what comes too late must not count"
    own(studio, first)


def test_a_backend_that_takes_its_thread_along_and_one_without_memory_are_told(
    studio: Any, tmp_path: Path
) -> None:
    photo = opened(studio, tmp_path / "a.png", 9)
    mask = studio.mask()
    studio.only("dying")
    studio.do("remove")
    studio.says("Dying failed (SystemExit")
    studio.rest()
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("hungry")
    studio.remove()
    studio.says("Memory was short: Hungry tried again")
    own(studio, photo)
