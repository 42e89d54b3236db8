"""A cancel stops the work that it names, whenever it comes, and no other."""

from __future__ import annotations

from inpaint_app.server.endpoints.cancels import REMEMBERED, Cancels


def test_a_cancel_names_its_work_and_no_other() -> None:
    cancels = Cancels()
    stop = cancels.begin(7)
    cancels.cancel(6)
    cancels.cancel(0)
    assert not stop.is_set()
    cancels.cancel(7)
    assert stop.is_set()
    assert not cancels.begin(8).is_set()


def test_a_cancel_that_comes_before_its_work_is_honoured() -> None:
    cancels = Cancels()
    cancels.begin(1)
    cancels.cancel(2)
    assert cancels.begin(2).is_set()


def test_not_every_cancel_is_remembered_for_ever() -> None:
    cancels = Cancels()
    for number in range(1, 3 * REMEMBERED):
        cancels.cancel(number)
    assert not cancels.begin(1).is_set()
    assert cancels.begin(3 * REMEMBERED - 1).is_set()
