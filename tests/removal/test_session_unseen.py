"""A whole job in which somebody is seen only once another is gone: he goes too, where nobody is to stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.removal.session import Request, Session
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import SegmenterSpec
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Progress, Result
from tests.toys import instance as toy

PERSON = toy(1, "person", 0.9, Box(4, 6, 10, 20))
OTHER = toy(3, "person", 0.9, Box(50, 4, 56, 18))
BEHIND = toy(1, "person", 0.9, Box(8, 6, 18, 20))


class Uncovering:
    """Finds a bright person; a dark one behind her only once she is gone."""

    def detect(
        self, image: Image, confidence: float, progress: Progress, weak: object = None
    ) -> tuple[Instance, ...]:
        bright = PERSON if (image == 255).all(axis=2).sum() > 50 else None
        behind = [] if bright else [BEHIND]
        return tuple([bright] if bright else behind)


def make_finder(argument: str, settings: Settings) -> Uncovering:
    return Uncovering()


@pytest.mark.parametrize("candidates", [1, 2])
def test_who_is_seen_only_in_the_fill_goes_too_where_nobody_is_to_stay(
    image: Image, monkeypatch: pytest.MonkeyPatch, candidates: int
) -> None:
    finder = SegmenterSpec(
        "finder", "Finder", "Finds.", f"{__name__}:make_finder", "tests.toys:nothing_lacks", segmenters.COCO
    )
    monkeypatch.setattr(segmenters, "SEGMENTERS", (finder,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    session, image = Session(Settings()), np.full_like(image, 90)
    image[PERSON.box.slices] = 255
    heard: list[Result] = []
    request = Request(objects=("people",), backend="exemplar", grow=0, candidates=candidates)
    result = session.run(image, request, ready=heard.append)
    assert result.hole[PERSON.box.slices].all()
    assert result.hole[6:20, 10:18].all(), "the one behind was left"
    assert [one.number for one in result.removed] == [1, 2]
    assert "1 person" in " ".join(result.notices)
    assert all(np.array_equal(one.hole, result.hole) for one in heard), (
        "a fill that does not count was handed out"
    )
    for kept in (
        replace(request, belongings="off"),
        replace(request, found=(PERSON, OTHER), numbers=frozenset({1})),
    ):
        again = session.run(image, kept)
        assert np.array_equal(again.hole, PERSON.full_mask((48, 64)))
    clicked = replace(request, objects=(), found=(PERSON,), numbers=frozenset({1}))
    assert np.array_equal(session.run(image, clicked).hole, result.hole)
