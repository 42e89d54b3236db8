"""How a photo reaches the tools: what is fetched, from where, and how much of it."""

from __future__ import annotations

import asyncio
import base64
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaint_app.errors import InpaintError, PhotoTooLarge, UnreadablePhoto
from inpaint_app.server.endpoints import remote_inputs as module
from inpaint_app.server.files.temp_files import Handed

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


@pytest.fixture
def handed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handed:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("INPAINT_MAX_MEGABYTES", "1")
    monkeypatch.delenv("INPAINT_OFFLINE", raising=False)
    return Handed(tmp_path / "gradio" / "handed")


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


def received(named: str, handed: Handed) -> Path:
    return asyncio.run(module.received(named, HERE, handed))


@pytest.mark.parametrize("path", ["/street.jpg", "/moved"])
def test_a_public_address_is_fetched(host: str, handed: Handed, path: str) -> None:
    got = received(host + path, handed)
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
def test_what_cannot_or_must_not_be_fetched(host: str, handed: Handed, path: str, said: str) -> None:
    with pytest.raises(InpaintError, match=said):
        received(host + path, handed)


def test_nothing_is_fetched_offline(host: str, handed: Handed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_OFFLINE", "1")
    with pytest.raises(UnreadablePhoto, match="INPAINT_OFFLINE"):
        received(host + "/street.jpg", handed)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1",
             "::ffff:127.0.0.1", "fe80::1%1", "224.0.0.1", "100.64.0.1", "2130706433", "0x7f.1"],
)  # fmt: skip
def test_inner_addresses_are_none(host: str) -> None:
    with pytest.raises(UnreadablePhoto):
        asyncio.run(module.public_address(host))


def test_a_public_one_is_one() -> None:
    assert asyncio.run(module.public_address("9.9.9.9")) == "9.9.9.9"


def test_base64_is_decoded_up_to_the_limit(handed: Handed) -> None:
    text = base64.b64encode(b"photo").decode()
    got = received(f"data:image/png;base64,{text}", handed)
    assert (got.name, got.read_bytes()) == ("photo.png", b"photo")
    with pytest.raises(PhotoTooLarge, match="2 MB, at most 1"):
        received("data:image/png;base64," + "A" * 2_700_000, handed)
    for broken in ("data:image/png,abc", "data:image/png;base64,äö", "data:"):
        with pytest.raises(UnreadablePhoto):
            received(broken, handed)


def test_only_files_of_the_upload_folder_can_be_named(handed: Handed, tmp_path: Path) -> None:
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(b"secret")
    inside = handed.file("a photo.jpg")
    inside.write_bytes(b"photo")
    (inside.parent / "link.jpg").symlink_to(outside)
    assert received(str(inside), handed) == inside
    assert received(f"{HERE}/gradio_api/file={str(inside).replace(' ', '%20')}", handed) == inside
    for named in (str(outside), f"{inside.parent}/../../../secret.jpg", str(inside.parent / "link.jpg"),
                  str(inside.parent), "", "\0", "x" * 5000):  # fmt: skip
        with pytest.raises(UnreadablePhoto, match="no file that was sent"):
            received(named, handed)
