"""What a request may cost before anybody reads it: values of its JSON, and photos that it names by address."""

from __future__ import annotations

import asyncio

import pytest

from inpaint_app.errors import TooMany
from inpaint_app.server.endpoints import remote_inputs
from inpaint_app.server.guard import middleware
from inpaint_app.ui.page import SESSIONS, launch_options


@pytest.mark.parametrize("piece", [b"1,", b"[],", b'{"a":{}},', b"["])
def test_json_of_many_values_is_cut_off_before_it_is_read(piece: bytes) -> None:
    taken, sent = [], []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": piece * 50_000, "more_body": True}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def app(scope: object, receive: object, send: object) -> None:
        while True:
            taken.append(await receive())  # type: ignore[operator]

    bounded = middleware._Bounded(receive, send, 64e6, False)  # type: ignore[arg-type]
    asyncio.run(bounded.run(app, {"type": "http", "headers": []}))  # type: ignore[arg-type]
    assert sum(len(one["body"]) for one in taken) < 3 * middleware.VALUES * len(piece)
    assert sent[0]["status"] == 413


def test_addresses_are_counted_before_one_is_fetched() -> None:
    address = {"path": "https://example.com/a.jpg"}
    remote_inputs.check_count([[address] * 10, {"path": "/sent/here.jpg"}, None], 5)
    remote_inputs.check_count([[{"path": "/sent/here.jpg"}] * 300], 5)
    for named in ([[address] * 11], [{"path": " DATA:image/png;base64,AA"}] * 11):
        with pytest.raises(TooMany, match="names 11 photos by address, this server fetches 10"):
            remote_inputs.check_count(named, 5)


def test_few_sessions_are_kept() -> None:
    assert launch_options()["state_session_capacity"] == SESSIONS <= 1000
