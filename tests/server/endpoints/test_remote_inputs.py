"""How a photo reaches the tools: what is fetched, from where, and how much of it."""

from __future__ import annotations

import asyncio
import base64
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaint_app.errors import InpaintError, PhotoTooLarge, TooMany, UnreadablePhoto
from inpaint_app.server.endpoints import remote_inputs as module
from inpaint_app.server.files.uploads import Uploads
from inpaint_app.server.guard import limits
from inpaint_app.server.guard.identity import Visitor
from inpaint_app.server.guard.limits import Allowances
from inpaint_app.settings import Settings

HERE = "http://here:7860"


class Host(http.server.BaseHTTPRequestHandler):
    """A host with a photo, with a photo without end, and with addresses that lead elsewhere."""

    def do_GET(self) -> None:
        if self.path == "/street.jpg":
            self._answer(200, b"a photo")
        elif self.path == "/moved":
            self._answer(302, b"", "/street.jpg")
        elif self.path == "/inward":
            self._answer(302, b"", "http://10.0.0.1/secret")
        elif self.path == "/round":
            self._answer(302, b"", "/round")
        elif self.path == "/slow":
            time.sleep(2)
            self._answer(200, b"a photo")
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(65536))
            except OSError:
                pass
        else:
            self._answer(404, b"")

    def _answer(self, status: int, content: bytes, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


SOMEBODY = Visitor("somebody", "203.0.113.5")


@pytest.fixture
def incoming(tmp_path: Path) -> module.Incoming:
    return made(tmp_path, Settings(max_megabytes=1))


def made(folder: Path, settings: Settings) -> module.Incoming:
    return module.Incoming(Uploads(folder / "uploads", settings), settings, Allowances(settings))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A host of this machine that passes for one of the public network."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    real = module.public_address

    async def public(name: str) -> str:
        return "127.0.0.1" if name == "photos.example" else await real(name)

    monkeypatch.setattr(module, "public_address", public)
    yield f"http://photos.example:{server.server_port}"
    server.shutdown()
    server.server_close()


def received(named: str, incoming: module.Incoming) -> Path:
    return asyncio.run(incoming.one(named, HERE, SOMEBODY))


@pytest.mark.parametrize("path", ["/street.jpg", "/moved"])
def test_a_public_address_is_fetched(host: str, incoming: module.Incoming, path: str) -> None:
    got = received(host + path, incoming)
    assert got.read_bytes() == b"a photo"
    assert got.name == "street.jpg"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/inward", "'10.0.0.1' is not in the public network"),
        ("/round", "from address to address"),
        ("/none", "answered 404"),
        ("/endless", "more than 1 MB"),
    ],
)
def test_what_cannot_or_must_not_be_fetched(
    host: str, incoming: module.Incoming, path: str, said: str
) -> None:
    with pytest.raises(InpaintError, match=said):
        received(host + path, incoming)


def test_what_could_not_be_fetched_leaves_nothing(host: str, incoming: module.Incoming) -> None:
    for path in ("/endless", "/none"):
        with pytest.raises(InpaintError):
            received(host + path, incoming)
    assert [path for path in incoming._uploads.root.rglob("*") if path.is_file()] == []
    assert incoming._uploads._bytes == 0


def test_nothing_is_fetched_offline(host: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="INPAINT_OFFLINE"):
        received(host + "/street.jpg", made(tmp_path, Settings(offline=True)))


def test_fetching_is_a_turn_of_the_visitors_and_counts(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "USUAL_SECONDS", 600.0)  # a busy machine is not what is measured
    monkeypatch.setattr(limits, "MINUTE", 600.0)
    incoming = made(tmp_path, Settings(visitor_at_once=1, visitor_per_minute=3))
    photo = {"path": host + "/street.jpg"}
    given = asyncio.run(incoming.all([[photo, photo], {"path": host + "/moved"}, "text"], SOMEBODY))
    paths = [Path(value["path"]) for value in (*given[0], given[1])]
    assert all(path.read_bytes() == b"a photo" for path in paths)
    assert all(incoming._uploads.holds(path, SOMEBODY) for path in paths), "they are the visitor's uploads"
    with (
        incoming._allowances.at(SOMEBODY.address).turn(0),
        pytest.raises(TooMany, match="One thing of yours"),
    ):
        received(host + "/street.jpg", incoming)
    asyncio.run(incoming.all([[photo] * 3], SOMEBODY))
    with pytest.raises(TooMany, match="3 fills a minute"):
        received(host + "/street.jpg", incoming)
    assert received(str(paths[0]), incoming) == paths[0], "what is here costs nothing"
    asyncio.run(incoming.all([photo], Visitor("other", "203.0.113.6")))


def test_a_host_that_is_slow_is_given_up_and_the_turn_ends(
    host: str, incoming: module.Incoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_SECONDS", 0.3)
    with pytest.raises(UnreadablePhoto, match="did not come within 0 s"):
        received(host + "/slow", incoming)
    assert incoming._allowances.at(SOMEBODY.address)._going == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1",
             "::ffff:127.0.0.1", "fe80::1%1", "224.0.0.1", "100.64.0.1", "2130706433", "0x7f.1"],
)  # fmt: skip
def test_inner_addresses_are_none(host: str) -> None:
    with pytest.raises(UnreadablePhoto):
        asyncio.run(module.public_address(host))


def test_a_public_one_is_one() -> None:
    assert asyncio.run(module.public_address("9.9.9.9")) == "9.9.9.9"


def test_base64_is_decoded_up_to_the_limit(incoming: module.Incoming) -> None:
    text = base64.b64encode(b"photo").decode()
    got = received(f"data:image/png;base64,{text}", incoming)
    assert (got.name, got.read_bytes()) == ("photo.png", b"photo")
    with pytest.raises(PhotoTooLarge, match="2 MB, at most 1"):
        received("data:image/png;base64," + "A" * 2_700_000, incoming)
    for broken in ("data:image/png,abc", "data:image/png;base64,äö", "data:"):
        with pytest.raises(UnreadablePhoto):
            received(broken, incoming)


def test_only_files_of_the_upload_folder_can_be_named(incoming: module.Incoming, tmp_path: Path) -> None:
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(b"secret")
    inside = incoming._uploads.begin("a photo.jpg", SOMEBODY).path
    inside.write_bytes(b"photo")
    (inside.parent / "link.jpg").symlink_to(outside)
    assert received(str(inside), incoming) == inside
    assert received(f"{HERE}/gradio_api/file={str(inside).replace(' ', '%20')}", incoming) == inside
    for named in (str(outside), f"{inside.parent}/../../../secret.jpg", str(inside.parent / "link.jpg"),
                  str(inside.parent), "", "\0", "x" * 5000):  # fmt: skip
        with pytest.raises(UnreadablePhoto, match="no file that was sent"):
            received(named, incoming)
