"""What a request may cost before anybody reads it: values of its JSON, and photos that it names by address."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from inpaint_app.errors import TooMany
from inpaint_app.server.endpoints import remote_inputs
from inpaint_app.server.guard import bodies, middleware
from inpaint_app.server.guard.identity import Visitor
from inpaint_app.settings import Settings
from inpaint_app.ui.page import SESSIONS, launch_options


def given(body: bytes, pieces: int = 1) -> Any:
    """What hands a body on in equal parts, without end."""
    step = -(-len(body) // pieces)
    parts = [body[at : at + step] for at in range(0, len(body), step)]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    return receive


@pytest.mark.parametrize("piece", [b"1,", b"[],", b'{"a":{}},', b"["])
def test_json_of_many_values_is_refused_before_it_is_read(piece: bytes) -> None:
    with pytest.raises(bodies.Refused, match="too many values"):
        bodies.checked(b"[" + piece * 2_200_000)


def test_strokes_of_as_many_points_as_are_drawn_are_taken() -> None:
    body = json.dumps({"data": [{"marks": [{"points": [1234.56, 987.65] * 400_000}]}]}).encode()
    assert bodies.checked(body) < bodies.ONE
    assert len(body) < middleware.BODY_BYTES


def test_the_depth_of_json_is_known_before_it_is_read() -> None:
    assert bodies.depth(b'{"a": ["[[[[\\"[{", [1]], "\\\\": [[]]}') == 3
    assert bodies.depth(b'"[[[[') == 0
    assert bodies.depth(b"[" * 5000 + b"]" * 5000) == 5000
    for start in (b"[", b'{"a":'):
        bodies.checked(start * bodies.DEPTH)
        with pytest.raises(bodies.Refused, match="deeper than 64") as no:
            bodies.checked(start * (bodies.DEPTH + 1))
        assert no.value.status == 400


def test_a_body_is_taken_whole_or_refused_and_what_comes_in_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = bodies.Reader()
    assert asyncio.run(reader.whole(given(b"x" * 1000, 7), 1000)) == b"x" * 1000
    with pytest.raises(bodies.Refused, match="maximum allowed size") as no:
        asyncio.run(reader.whole(given(b"x" * 1001, 7), 1000))
    assert no.value.status == 413
    monkeypatch.setattr(bodies, "READ", 999)
    with pytest.raises(bodies.Refused, match="too much just now"):
        asyncio.run(reader.whole(given(b"x" * 1000, 7), 1000))
    assert reader._bytes == 0, "what was refused takes no room"


def test_bodies_that_wait_are_bounded_by_visitor_and_in_all() -> None:
    alive = set[str]()
    waiting = bodies.Waiting(alive.__contains__)
    visitors = [Visitor(str(number), str(number)) for number in range(9)]
    for number, visitor in enumerate(visitors):
        fits = number < bodies.ALL // bodies.ONE
        assert waiting.admits(visitor, bodies.ONE) is fits
        if fits:
            alive.add(str(number))
            waiting.hold(str(number), visitor, bodies.ONE)
    assert not waiting.admits(visitors[0], bodies.SMALL + 1)
    assert waiting.admits(visitors[0], bodies.SMALL), "a small one is always let in"
    alive.remove("0")
    assert waiting.admits(visitors[0], bodies.ONE), "its event is over"


def test_addresses_are_counted_before_one_is_fetched() -> None:
    address = {"path": "https://example.com/a.jpg"}
    remote_inputs.check_count([[address] * 10, {"path": "/sent/here.jpg"}, None], 5)
    remote_inputs.check_count([[{"path": "/sent/here.jpg"}] * 300], 5)
    for named in ([[address] * 11], [{"path": " DATA:image/png;base64,AA"}] * 11):
        with pytest.raises(TooMany, match="names 11 photos by address, this server fetches 10"):
            remote_inputs.check_count(named, 5)


def test_few_sessions_are_kept() -> None:
    assert launch_options(Settings())["state_session_capacity"] == SESSIONS <= 1000
