"""Two servers for all tests of abuse, one as on one's own machine and one as on a Space, and callers that speak HTTP.

Both have small limits. On a Space callers come through its proxy: over https, each from an address of its own.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image as PillowImage

from inpaint_app.settings import Settings
from tests.photofile.photos import hole_in, saved, scene

MEGABYTES, MEGAPIXELS = 2, 2
SPACE = {"SPACE_ID": "somebody/inpaint", "CPU_CORES": "2", "MEMORY": "16Gi"}
SMALL = PillowImage.fromarray(scene(13, 21))
PHOTO, MASK = saved(SMALL, "PNG"), saved(hole_in(13, 21), "PNG")


@dataclass
class Caller:
    """A client: a browser with a cookie, or none. `session` is the page's."""

    address: str
    page: Any
    cache: Path
    cookie: str = ""
    session: str = field(default_factory=lambda: uuid.uuid4().hex[:11])
    origin: str = ""
    """What a browser that has the page open says as Origin."""
    came_from: str = "127.0.0.1"

    def __post_init__(self) -> None:
        headers, name, self.origin = {}, "inpaint-browser", self.address
        if self.on_a_space:
            host, name = "somebody-inpaint.hf.space", "__Host-inpaint-browser"
            self.origin = f"https://{host}"
            self.came_from = ".".join(map(str, (93, *uuid.uuid4().bytes[:3])))
            headers = {"host": host, "x-forwarded-proto": "https", "x-forwarded-for": self.came_from}
        if self.cookie:
            headers["cookie"] = f"{name}={self.cookie}"
        fresh = httpx.Limits(
            max_keepalive_connections=0
        )  # a busy server may close a connection as it is used again
        self.http = httpx.Client(  # verify: reading the world's certificates takes longer than most tests
            base_url=self.address, timeout=60, headers=headers, limits=fresh, verify=False
        )

    @property
    def on_a_space(self) -> bool:
        return bool(self.page.visits.settings.behind_proxy)

    def send(self, data: bytes, name: str = "photo.png") -> str:
        """Send a file and return its path on the server."""
        answer = self.http.post("/gradio_api/upload", files={"files": (name, data)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0])

    def call(self, endpoint: str, **asked: Any) -> tuple[str, Any]:
        """What a named endpoint says: ("complete" or "error", its data); files are given by path."""
        for name in ("photo", "mask"):
            if isinstance(asked.get(name), str):
                asked[name] = {"path": asked[name], "meta": {"_type": "gradio.FileData"}}
        begun = self.http.post(f"/gradio_api/call/v2/{endpoint}", json=asked)
        if begun.status_code != 200:
            return "error", begun.text
        stream = self.http.get(f"/gradio_api/call/v2/{endpoint}/{begun.json()['event_id']}").text
        kind, data = stream.strip().split("\n")[-2:]
        return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def refused(self, endpoint: str = "remove_mask", **asked: Any) -> str:
        """The one error of a call that has to be refused."""
        kind, data = self.call(endpoint, **asked)
        assert kind == "error", data
        said = data["error"] if isinstance(data, dict) else str(data)
        assert said, data
        assert "Traceback" not in said
        return str(said)

    def fill(self, photo: str, mask: str | None = None, **asked: Any) -> tuple[str, Any]:
        """Remove with a small mask."""
        mask = mask or self.send(saved(hole_in(13, 21), "PNG"), "mask.png")
        return self.call("remove_mask", photo=photo, mask=mask, backend="telea", **asked)

    def event(self, handler: str, message: Any, session: str | None = None) -> list[dict[str, Any]]:
        """Press something on the page: everything that the handler of that name says, until it is done."""
        fns = [one for one in self.page.fns.values() if one.name == handler]
        body = {
            "data": [None] * len(fns[0].inputs),
            "event_data": message,
            "fn_index": fns[0]._id,
            "session_hash": session or self.session,
        }
        begun = self.http.post("/gradio_api/queue/join", json=body)
        if begun.status_code != 200:
            return [{"msg": "refused", "output": {"error": begun.text}}]
        return self.heard(session)

    def heard(self, session: str | None = None) -> list[dict[str, Any]]:
        """What comes for a session until the server ends the stream.

        Gone earlier, even at its last message, the server may clear away what the session asks for next.
        """
        said = []
        address = f"/gradio_api/queue/data?session_hash={session or self.session}"
        with self.http.stream("GET", address) as stream:
            if stream.status_code != 200:
                return [{"msg": "refused", "output": {"error": stream.read().decode()}}]
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    said.append(json.loads(line.removeprefix("data: ")))
                    if said[-1]["msg"] == "unexpected_error":
                        break
        return [one for one in said if one["msg"] != "close_stream"]

    def messages(self, handler: str, message: Any) -> list[dict[str, Any]]:
        """What the page is told by a handler: the events of its last value."""
        values = [
            value
            for said in self.event(handler, message)
            for value in (said.get("output") or {}).get("data") or ()
            if isinstance(value, dict)
        ]
        return list(values[-1]["events"]) if values else []

    def error(self, handler: str, message: Any) -> str:
        """The one error that a handler of the page answers with."""
        heard = self.event(handler, message)
        values = [
            one
            for said in heard
            for one in (said.get("output") or {}).get("data") or ()
            if isinstance(one, dict)
        ]
        told = values[-1]["events"] if values else []
        errors = [said["text"] for said in told if said["kind"] == "error"]
        errors += [said["output"]["error"] for said in heard if "error" in (said.get("output") or {})]
        assert len(errors) == 1, heard
        return str(errors[0])


def waited(condition: Any, seconds: float) -> float:
    """Wait until it holds, and how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


CONTENT = {
    "test_arguments",
    "test_doors",
    "test_files",
    "test_names",
    "test_unheard",
    "test_an_odd_form_leaves_nothing",
}
"""What both manners answer by the same code, by content and by silence: a Space's with INPAINT_ATTACK_ALL=1."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, where nobody asks for all, what the second manner would only repeat."""
    if not os.environ.get("INPAINT_ATTACK_ALL"):
        items[:] = [item for item in items if not _repeats(item)]


def _repeats(item: pytest.Item) -> bool:
    named = {item.path.stem, getattr(item, "originalname", "")}
    if item.path.parent != Path(__file__).parent or not named & CONTENT:
        return False
    return getattr(getattr(item, "callspec", None), "params", {}).get("server") == "space"


@pytest.fixture(scope="package", params=["own", "space"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The running page, in this process, so that tests can look at what it holds, in both manners.

    Of this folder alone: its small limits stand in the environment and must be gone before other tests.
    """
    folder = tmp_path_factory.mktemp("served") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        patch.setenv("INPAINT_MAX_MEGABYTES", str(MEGABYTES))
        patch.setenv("INPAINT_MAX_MEGAPIXELS", str(MEGAPIXELS))
        patch.setenv("INPAINT_BATCH_PHOTOS", "3")
        for name, value in SPACE.items() if request.param == "space" else ():
            patch.setenv(name, value)
        from inpaint_app.removal.session import Session
        from inpaint_app.ui.page import build, launch_options

        page = build(Session(Settings.from_environment()))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {**launch_options(page.session.settings), "server_name": "127.0.0.1", "server_port": port}
        page.launch(**options, prevent_thread_lock=True, quiet=True)
        if request.param == "space":  # where it listens to everybody
            page.hosts.listening = "0.0.0.0"
        yield Caller(f"http://127.0.0.1:{port}", page, folder)
        page.close()


@pytest.fixture(scope="module")
def works(server: Caller) -> Iterator[None]:
    """After each file's tests the server does its work."""
    yield
    one = Caller(server.address, server.page, server.cache)
    kind, data = one.fill(one.send(PHOTO))
    assert kind == "complete", data
    assert data[1]["changed_known"] == 0
    one.http.close()


@pytest.fixture
def caller(server: Caller, works: None) -> Iterator[Caller]:
    """A client without cookies; the server has to be well after every test."""
    one = Caller(server.address, server.page, server.cache)
    yield one
    assert one.http.get("/health").json()["status"] == "ok"
    one.http.close()


@pytest.fixture
def visitor(server: Caller, caller: Caller) -> Caller:
    """A browser with a photo open on its page."""
    own = Caller(server.address, server.page, server.cache, cookie=uuid.uuid4().hex)
    path = own.send(saved(scene(26, 42), "PNG"))
    kinds = [said["kind"] for said in own.messages("open", {"path": path, "name": "mine.png"})]
    assert kinds[:2] == ["photo", "step"]
    return own
