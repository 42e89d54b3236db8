"""What requests cost the running server in memory: it is a process of its own, whose largest size the system tells."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.test_server_files import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FORM = {"content-type": "multipart/form-data; boundary=b"}
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, httpx.Client]]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, INPAINT_CACHE=str(folder / "cache")) as (process, browser):
        yield process, browser


def megabytes(process: Any, what: str) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def grown(process: Any, ask: Any) -> tuple[float, httpx.Response]:
    """Megabytes by which the server was larger at the worst moment of a request than before, and its answer."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    before = megabytes(process, "VmRSS")
    answer = ask()
    return megabytes(process, "VmHWM") - before, answer


TOOL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"detect","arguments":{"photo":%s}}}'
FULL = 15_900_000
SENT = {
    "60 MB of one text": (b'"' + b"x" * 60_000_000 + b'"', 413),
    "60 MB of blanks": (b" " * 60_000_000 + b"1", 413),
    "a text as long as is taken": (b'"' + b"x" * FULL + b'"', 200),
    "escapes as long as is taken": (b'"' + b"\\n" * (FULL // 2) + b'"', 200),
    "more objects than are taken": (b"[" + b'{"a":{}},' * 300_000 + b"1]", 413),
    "as many objects as are taken": (b"[" + b'{"a":{}},' * 200_000 + b"1]", 200),
    "as many numbers as are taken": (b"[" + b"1.2345678," * 1_400_000 + b"1]", 200),
    "250,000 lists in one another": (b"[" * 250_000 + b"]" * 250_000, 400),
    "900 lists in one another": (b"[" * 900 + b"]" * 900, 400),
}


@pytest.mark.parametrize("what", SENT)
@pytest.mark.parametrize("route", ["queue/join", "call/v2/detect", "mcp/"])
def test_json_costs_what_is_bounded_before_it_is_read(running: Any, route: str, what: str) -> None:
    process, browser = running
    body, status = SENT[what]
    number = next(
        one["id"] for one in browser.get("/config").json()["dependencies"] if one["api_name"] == "ask"
    )
    if route == "call/v2/detect":
        body = b'{"photo": %s}' % body
    elif route == "mcp/":
        pytest.importorskip("mcp")
        body = TOOL % body
    else:
        page = {"data": [None], "fn_index": number, "session_hash": uuid.uuid4().hex[:11], "event_data": 0}
        body = json.dumps(page).encode()[:-2] + body + b"}"
    more, answer = grown(process, lambda: browser.post(f"/gradio_api/{route}", content=body, headers=JSON))
    taken = {status} if route == "queue/join" else {status, 413, 422}
    assert answer.status_code in taken, answer.text[:300]
    assert "Traceback" not in answer.text
    assert more < (150 if answer.status_code == 200 else 80)
    assert browser.get("/health").status_code == 200


@pytest.mark.parametrize("name", ["text", "files"])
def test_a_text_field_of_a_form_is_held_nowhere(running: Any, name: str) -> None:
    process, browser = running

    def form() -> Iterator[bytes]:
        yield f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        yield from [bytes(1_000_000)] * 300
        yield b"\r\n--b--\r\n"

    more, answer = grown(process, lambda: browser.post("/gradio_api/upload", content=form(), headers=FORM))
    assert answer.status_code == 400
    assert "holds no file" in answer.text
    assert more < 20
