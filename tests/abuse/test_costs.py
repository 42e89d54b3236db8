"""Calls that ask for more than they seem to: each is refused, or paid for, before it costs anything."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from inpaint_app.server.endpoints import remote_inputs
from tests.abuse.conftest import MASK, PHOTO, Caller
from tests.backends.test_networks import tiny, weights  # noqa: F401 - fixtures


class Counting(http.server.BaseHTTPRequestHandler):
    """A host with one photo that notes who asks."""

    asked: list[str] = []  # noqa: RUF012 - one list for all requests is what is wanted

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(PHOTO)))
        self.end_headers()
        self.wfile.write(PHOTO)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A host of this machine that passes for one of the public network."""
    here = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=here.serve_forever, daemon=True).start()

    async def public(name: str) -> str:
        return "127.0.0.1"

    monkeypatch.setattr(remote_inputs, "public_address", public)
    Counting.asked.clear()
    yield f"http://photos.example:{here.server_port}"
    here.shutdown()
    here.server_close()


def batch(one: Caller, photos: list[Any]) -> str:
    """What the page's batch says to these photos."""
    fn = next(fn for fn in one.page.fns.values() if len(fn.inputs) == 6 and len(fn.outputs) == 3)
    body = {
        "data": [photos, [], ["people"], "telea", False, 1],
        "fn_index": fn._id,
        "session_hash": one.session,
    }
    begun = one.http.post("/gradio_api/queue/join", json=body)
    return json.dumps(one.heard()) if begun.status_code == 200 else begun.text


def test_three_hundred_addresses_are_refused_before_one_is_fetched(visitor: Caller, host: str) -> None:
    named = [{"path": f"{host}/{number}.png", "meta": {"_type": "gradio.FileData"}} for number in range(300)]
    assert "names 300 photos by address, this server fetches 6" in batch(visitor, named)
    assert Counting.asked == []


def test_what_is_fetched_is_a_turn_of_the_visitors(caller: Caller, host: str) -> None:
    allowance = caller.page.visits.allowances.at(caller.came_from)
    given = {"photo": f"{host}/a.png", "mask": caller.send(MASK), "backend": "telea"}
    before = sum(count for _, count in allowance._asked)
    kind, data = caller.call("remove_mask", **given)
    assert kind == "complete", data
    if caller.on_a_space:
        assert sum(count for _, count in allowance._asked) >= before + 1.5, "a fetch, and the fill"
        with allowance.turn(0), allowance.turn(0):
            assert "are being worked on here already" in caller.refused(**given)
    assert len(Counting.asked) == 1


@pytest.mark.usefixtures("tiny")
def test_many_steps_and_starts_are_charged_by_what_they_cost(caller: Caller) -> None:
    asked = {"photo": caller.send(PHOTO), "mask": caller.send(MASK), "backend": "semantic"}
    if caller.on_a_space:
        said = caller.refused(**asked, options=json.dumps({"steps": 5000, "starts": 32}))
        assert re.search(r"costs as much as (799|800) fills at once, this server does 20 a minute", said), (
            said
        )
    kind, data = caller.call("remove_mask", **asked, options=json.dumps({"steps": 2, "starts": 1}))
    assert kind == "complete", data
