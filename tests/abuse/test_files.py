"""Files that are bombs, no photos, or endless: each is refused with one clear error, and the server goes on."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import png
from tests.abuse.conftest import MEGABYTES, Caller
from tests.photofile.photos import saved, scene

SMALL = PillowImage.fromarray(scene(13, 21))


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png.chunk(b"IHDR", head) + png.chunk(b"IDAT", zlib.compress(bytes(1000)))
    return png.SIGNATURE + body + png.chunk(b"IEND", b"")


def png_unpacking() -> bytes:
    """A text of 200 MB in a small file."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    small = saved(SMALL, "PNG")
    return small[:33] + png.chunk(b"zTXt", b"Comment\0\0" + packed) + small[33:]


def jpeg_claiming() -> bytes:
    data = bytearray(saved(SMALL, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(data)


def tiff_claiming() -> bytes:
    data = bytearray(saved(SMALL, "TIFF"))
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, entry)[0] in (256, 257):
            struct.pack_into(order + "HII", data, entry + 2, 4, 1, 2**31 - 1)
    return bytes(data)


def gif_claiming() -> bytes:
    data = bytearray(saved(SMALL.quantize(16), "GIF"))
    data[6:10] = struct.pack("<HH", 65535, 65535)
    return bytes(data)


def gif_of_many() -> bytes:
    frames = [SMALL.rotate(n).quantize(4) for n in range(2000)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def webp_claiming() -> bytes:
    canvas = (16383).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas + saved(SMALL, "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def heif_claiming() -> bytes:
    data = bytearray(saved(SMALL, "HEIF"))
    at = data.index(b"ispe")
    data[at + 8 : at + 16] = struct.pack(">II", 60000, 60000)
    return bytes(data)


def bmp_claiming() -> bytes:
    data = bytearray(saved(SMALL, "BMP"))
    data[18:26] = struct.pack("<ii", 2**31 - 1, 2**31 - 1)
    return bytes(data)


BOMBS: dict[str, Callable[[], bytes]] = {
    "png": lambda: png_claiming(60_000, 60_000),
    "png of the largest numbers": lambda: png_claiming(2**31 - 1, 2**31 - 1),
    "png just over": lambda: saved(PillowImage.new("L", (2001, 1000)), "PNG"),
    "jpeg": jpeg_claiming,
    "tiff": tiff_claiming,
    "gif": gif_claiming,
    "webp": webp_claiming,
    "heif": heif_claiming,
    "bmp": bmp_claiming,
    "ppm": lambda: b"P6 99999 99999 255\n" + bytes(2000),
    "text": lambda: b"no photo " * 50,
    "zip": lambda: b"PK\x03\x04" + bytes(400),
    "page": lambda: b"<html><script>alert(1)</script>",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "recipe": lambda: b'{"recipe": 1, "mask": ' + b"[" * 50_000,
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_as_photo_and_as_mask(caller: Caller, name: str) -> None:
    path, good = caller.send(BOMBS[name](), "bomb.png"), caller.send(saved(SMALL, "PNG"))
    as_photo = caller.refused(photo=path, mask=good, backend="telea")
    assert "bomb.png" in as_photo
    assert any(word in as_photo for word in ("megapixels", "damaged", "not a photo", "empty"))
    as_mask = caller.refused(photo=good, mask=path, backend="telea")
    assert any(word in as_mask for word in ("megapixels", "cannot be read"))
    assert "bomb.png" in caller.error("open", {"path": caller.send(BOMBS[name](), "bomb.png")})


@pytest.mark.parametrize("make", [png_unpacking, gif_of_many])
def test_what_is_small_but_full_is_opened_small(caller: Caller, make: Callable[[], bytes]) -> None:
    kind, data = caller.fill(caller.send(make(), "full.gif"))
    assert kind == "complete" or any(words in data["error"] for words in ("damaged", "too many to keep"))


STROKE = {"kind": "stroke", "points": [9.5, 9.5, 20, 9.5], "width": 5, "erase": False}


@pytest.mark.parametrize(
    "marks",
    [["junk"], [7], [None], [{}], [{"kind": "x"}], [{"kind": ["stroke"]}], [{**STROKE, "points": []}],
     [{**STROKE, "points": [1]}], [{**STROKE, "points": [[1], 2]}], [{**STROKE, "points": ["x", "y"]}],
     [{**STROKE, "points": [1e300, 0]}], [{**STROKE, "points": [10**400, 0]}], [{**STROKE, "points": {"a": 1}}],
     [{**STROKE, "width": 0}], [{**STROKE, "width": "x"}], [{**STROKE, "width": True}], [{**STROKE, "width": 1e300}],
     [{**STROKE, "points": [0] * 900_000}], [{**STROKE, "points": [0, 0, 42, 26], "width": 1e6}] * 9_000,
     [{"kind": "choose", "numbers": 5}], [{"kind": "image", "id": "../../x"}], [{"kind": "image", "id": {"a": 1}}]],
    ids=range(22),
)  # fmt: skip
def test_marks_of_any_content(visitor: Caller, marks: Any) -> None:
    said = [one["kind"] for one in visitor.messages("remove", {"marks": marks, "backends": ["telea"]})]
    assert "error" in said
    assert "result" not in said
    kinds = [one["kind"] for one in visitor.messages("remove", {"marks": [STROKE], "backends": ["telea"]})]
    assert "result" in kinds, "photo and page are as they were"


def left_behind(caller: Caller) -> list[str]:
    """Half-written uploads."""
    return [path.name for path in caller.cache.iterdir() if path.is_file() and path.stat().st_size]


def test_an_upload_that_is_too_large_is_refused_and_leaves_nothing(caller: Caller) -> None:
    answer = caller.http.post("/gradio_api/upload", files={"files": ("a.png", bytes(MEGABYTES * 10**6 + 1))})
    assert answer.status_code == 413
    assert "maximum allowed size" in answer.text
    assert left_behind(caller) == []


def talk(caller: Caller, head: str, parts: Callable[[socket.socket], None]) -> bytes:
    """Speak HTTP by hand: a head, then parts until the server answers or hangs up."""
    host, port = caller.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
        with contextlib.suppress(OSError):
            parts(wire)
        try:
            return wire.recv(4096)
        except OSError:
            return b""


KIND = "multipart/form-data; boundary=b"
FORM = (
    f"POST /gradio_api/upload HTTP/1.1\nHost: localhost\nContent-Type: {KIND}\nTransfer-Encoding: chunked\n"
)
JSON = FORM.replace(KIND, "application/json")
PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@pytest.mark.parametrize(
    ("head", "first", "filling"),
    [
        (FORM, PART, bytes(100_000)),
        (FORM, PART, PART + bytes(90_000) + b"\r\n"),
        (JSON.replace("upload", "queue/join"), b'{"data": [', b"1," * 400_000),
        (JSON.replace("upload", "call/v2/detect"), b'{"photo": "', b"x" * 800_000),
    ],
    ids=["one file", "many files", "the queue", "an endpoint"],
)  # fmt: skip
def test_a_body_without_end_is_cut_off(caller: Caller, head: str, first: bytes, filling: bytes) -> None:
    sent = 0

    def parts(wire: socket.socket) -> None:
        nonlocal sent
        wire.sendall(chunk(first))
        while sent < 300e6:
            wire.sendall(chunk(filling))
            sent += len(filling)
            wire.setblocking(False)
            try:
                if wire.recv(1, socket.MSG_PEEK):
                    return
            except BlockingIOError:
                pass
            finally:
                wire.settimeout(20)

    answer = talk(caller, head, parts)
    assert sent < 150e6
    assert b" 413 " in answer.split(b"\r\n")[0] or not answer, "refused, or hung up on"
    assert left_behind(caller) == []


def test_an_upload_that_breaks_off_leaves_nothing(caller: Caller) -> None:
    talk(
        caller,
        FORM,
        lambda wire: (wire.sendall(chunk(PART + bytes(500_000))), wire.shutdown(socket.SHUT_WR))[0],
    )
    for _ in range(50):
        if not left_behind(caller):
            break
        caller.http.get("/health")
    assert left_behind(caller) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b\r\n\r\nx\r\n--b--",
        b"no form at all",
        PART,
        b"--b\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
def test_broken_forms_are_refused(caller: Caller, body: bytes) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = caller.http.post("/gradio_api/upload", content=body, headers=form)
    assert answer.status_code >= 400 or answer.json() == [] or "a.png" in answer.json()[0]
    assert caller.http.post("/gradio_api/upload", content=body).status_code == 400


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_lies_among_the_uploads_and_is_no_file_is_no_photo(caller: Caller, kind: str) -> None:
    """A pipe would hold a worker for ever, /dev/zero fill it."""
    sent = Path(caller.send(saved(SMALL, "PNG")))
    odd = sent.with_name("odd.png")
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/dev/zero")
    try:
        assert "no file that was sent" in caller.refused(photo=str(odd), mask=str(sent), backend="telea")
        assert "no file that was sent" in caller.refused(photo=str(sent), mask=str(odd), backend="telea")
        said = caller.error("open", {"path": str(odd)})
        assert any(words in said for words in ("did not arrive", "is not in the cache folder"))
        assert caller.http.get(f"/gradio_api/file={odd}").status_code == 403
    finally:
        odd.unlink()
