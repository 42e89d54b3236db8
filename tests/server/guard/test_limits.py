"""What one visitor may ask for, and who a visitor is."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from inpaint_app.errors import TooMany
from inpaint_app.server.guard import limits as module
from inpaint_app.server.guard.limits import Allowance, Allowances, visitor
from inpaint_app.settings import Settings


def request(host: str | None, forwarded: str | None = None) -> Any:
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return SimpleNamespace(client=SimpleNamespace(host=host) if host else None, headers=headers)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    now = SimpleNamespace(value=1000.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: now.value)
    return now


def test_only_so_many_at_once_and_a_place_is_free_again_after_an_error() -> None:
    allowance = Allowance(at_once=2)
    with allowance.turn():
        with pytest.raises(RuntimeError), allowance.turn():
            raise RuntimeError
        with allowance.turn(), pytest.raises(TooMany, match="2 things of yours"), allowance.turn():
            pass
        with allowance.turn():
            pass
    assert allowance.idle


def test_only_so_many_fills_a_minute_and_what_was_refused_is_not_counted(clock: Any) -> None:
    allowance = Allowance(per_minute=5)
    with allowance.turn(3):
        pass
    clock.value += 20
    with pytest.raises(TooMany, match="try again in 40 s"), allowance.turn(3):
        pass
    with allowance.turn(2):
        pass
    with pytest.raises(TooMany, match="try again in 40 s"), allowance.turn(1):
        pass
    clock.value += 40
    with allowance.turn(3):
        pass
    with (
        pytest.raises(TooMany, match="costs as much as 6 fills at once, this server does 5"),
        allowance.turn(6),
    ):
        pass
    assert not allowance.idle
    clock.value += 60
    assert allowance.idle


def test_no_limit_is_no_limit() -> None:
    allowance = Allowance()
    for _ in range(50):
        with allowance.turn(1000), allowance.turn(1000):
            pass
    assert allowance.idle


def test_many_threads_share_one_allowance() -> None:
    allowance, refused, go = Allowance(at_once=3), [], threading.Barrier(8)
    leave = threading.Event()

    def ask() -> None:
        go.wait()
        try:
            with allowance.turn():
                leave.wait(10)
        except TooMany:
            refused.append(1)
            if len(refused) == 5:
                leave.set()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5


@pytest.mark.parametrize(
    ("host", "forwarded", "behind_proxy", "who"),
    [
        ("203.0.113.7", None, False, "203.0.113.7"),
        ("10.16.3.80", "93.184.216.34", True, "93.184.216.34"),
        ("10.16.3.80", "1.2.3.4, 93.184.216.34, 10.0.0.9", True, "93.184.216.34"),
        ("93.184.216.34", "1.2.3.4", False, "93.184.216.34"),
        ("10.16.3.80", "nonsense, ,", True, "10.16.3.80"),
        ("10.16.3.80", "192.168.0.7", True, "10.16.3.80"),
        ("2606:4700:1:2:3:4:5:6", None, False, "2606:4700:1:2::/64"),
        ("10.0.0.1", "[2606:4700:1:2::9]", True, "2606:4700:1:2::/64"),
        (None, None, True, ""),
        ("testclient", None, False, "testclient"),
    ],
)
def test_a_visitor_is_an_address_that_cannot_be_made_up(
    host: str | None, forwarded: str | None, behind_proxy: bool, who: str
) -> None:
    assert visitor(request(host, forwarded), behind_proxy) == who


def test_each_address_has_an_allowance_of_its_own() -> None:
    held = Allowances(Settings(visitor_at_once=1, behind_proxy=True))
    mine = held.of(request("10.0.0.1", "93.184.216.34"))
    assert held.of(request("10.0.0.2", "93.184.216.34")) is mine
    with (
        mine.turn(),
        held.of(request("10.0.0.1", "93.184.216.35")).turn(),
        pytest.raises(TooMany),
        mine.turn(),
    ):
        pass


def test_visitors_who_ask_for_nothing_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN", 3)
    held = Allowances(Settings())
    first = held.of(request("8.0.0.1"))
    with first.turn():
        for last in range(2, 30):
            held.of(request(f"8.0.0.{last}"))
        assert held.of(request("8.0.0.1")) is first
        assert len(held._known) <= 4
