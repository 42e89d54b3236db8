"""Turns at the device: one at a time, going round between those who ask, and never lost to one that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from inpaint_app.errors import BackendError, Busy, Cancelled
from inpaint_app.runtime.fair_queue import Line
from inpaint_app.types import Progress, Ticket


class Asker:
    """One piece of work that holds its turn until it is told to end."""

    def __init__(self, line: Line, owner: str, log: list[str], progress: Progress | None = None) -> None:
        self.stages: list[str] = []
        self.stop, self.end, self.entered = threading.Event(), threading.Event(), threading.Event()
        self.progress = progress or Progress(
            lambda fraction, stage: self.stages.append(stage), self.stop.is_set, ticket=Ticket(owner)
        )
        self.error: BaseException | None = None
        self.log = log
        self.thread = threading.Thread(target=self.run, args=(line, owner), daemon=True)
        before = len(line)
        self.thread.start()
        until(lambda: self.entered.is_set() or len(line) > before or not self.thread.is_alive())

    def run(self, line: Line, owner: str) -> None:
        try:
            with line.turn(self.progress, "Toy", lambda: self.log.append(f"forget {owner}")):
                self.log.append(owner)
                self.entered.set()
                self.end.wait(120)
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.error = error


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.005)


@contextmanager
def asked(line: Line, *owners: str) -> Iterator[list[Asker]]:
    log: list[str] = []
    askers = [Asker(line, owner, log) for owner in owners]
    yield askers
    for asker in askers:
        asker.end.set()
    for asker in askers:
        asker.thread.join(60)


def test_turns_go_round_and_one_who_asks_much_waits_for_the_others() -> None:
    line = Line(32, 1, 60)
    with asked(line, "a", "a", "a", "a", "b", "c", "b") as askers:
        log = askers[0].log
    assert log == ["a", "a", "b", "c", "a", "b", "a"]


def test_pages_of_one_address_take_turns_as_one_and_among_themselves() -> None:
    line = Line(32, 1, 60)
    with asked(line, "x 1", "x 1", "x 1", "x 2", "x 3", "y 1", "y 1") as askers:
        log = askers[0].log
    assert log == ["x 1", "x 1", "y 1", "x 2", "y 1", "x 3", "x 1"]


def test_nobody_is_overtaken_for_ever_by_those_who_come_new() -> None:
    line = Line(64, 1, 60)
    log: list[str] = []
    askers = [Asker(line, "old", log), Asker(line, "old", log)]
    for number in range(10):
        askers.append(Asker(line, f"new {number}", log))
        served = len(log)
        next(one for one in askers if one.entered.is_set() and not one.end.is_set()).end.set()
        until(lambda served=served: len(log) > served)
    assert log.index("old", 1) <= 2
    for asker in askers:
        asker.end.set()
        asker.thread.join(60)


def test_each_hears_how_many_are_before_it() -> None:
    line = Line(8, 1, 60)
    with asked(line, "a", "b", "c") as (first, second, third):
        until(lambda: "Busy, 2 before you" in third.stages and "Busy, 1 before you" in second.stages)
        first.end.set()
        assert second.entered.wait(60)
        until(lambda: third.stages[-1] == "Busy, 1 before you")


def test_a_full_line_turns_away_in_words_but_never_work_that_was_let_in() -> None:
    line = Line(2, 1, 60)
    with asked(line, "a", "b", "c") as askers:
        with pytest.raises(Busy, match="Busy, 3 before you"), line.turn(Progress(ticket=Ticket("d")), "Toy"):
            pass
        batch = Progress(ticket=Ticket("e"))
        batch.ticket.had_turn = True
        own = Progress()
        late = [Asker(line, "e", askers[0].log, batch), Asker(line, "", askers[0].log, own)]
        assert len(line) == 4
        for asker in late:
            asker.end.set()
    until(lambda: len(line) == 0)
    for asker in late:
        asker.thread.join(60)
        assert asker.error is None


def test_one_who_leaves_is_out_of_the_line_at_once() -> None:
    line = Line(8, 1, 60)
    with asked(line, "a", "b", "c") as (first, second, third):
        second.stop.set()
        second.thread.join(60)
        assert not second.thread.is_alive()  # the first one's turn goes on
        assert isinstance(second.error, Cancelled)
        until(lambda: third.stages[-1] == "Busy, 1 before you")
        assert not first.end.is_set()
    assert "b" not in first.log


def test_a_turn_that_was_cancelled_and_hangs_is_taken_away() -> None:
    line = Line(8, 0.2, 60)
    with asked(line, "a", "b") as (hanging, waiting):
        hanging.stop.set()
        assert waiting.entered.wait(60)
        assert hanging.log == ["a", "forget a", "b"]
        hanging.end.set()
        hanging.thread.join(60)
        assert isinstance(hanging.error, Cancelled), "what came too late must not count"
        assert not waiting.end.is_set()
        assert line._at_work is not None, "the one left behind must not end the next one's turn"


def test_a_turn_that_says_nothing_for_too_long_is_taken_away_and_told_why() -> None:
    line = Line(8, 1, 0.4)
    with asked(line, "a", "b") as (hanging, waiting):
        assert waiting.entered.wait(60)
        hanging.end.set()
        hanging.thread.join(60)
        assert isinstance(hanging.error, BackendError)
        assert "no sign of life" in str(hanging.error)


def test_a_slow_turn_that_reports_is_left_alone() -> None:
    line = Line(8, 1, 2.5)  # far more than a busy machine makes of a tenth of a second
    with asked(line, "a", "b") as (slow, waiting):
        for _ in range(30):
            slow.progress.part(0.2, 0.4)(0.5, "Working")
            time.sleep(0.1)
        assert not waiting.entered.is_set()
    assert slow.error is None
