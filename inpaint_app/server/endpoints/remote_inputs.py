"""A photo as an assistant names it: base64 in a data: address, a file sent to this server, or a public address.

Nothing else on the server's disk or in its network can be named: a path has to lie in the folder of uploads, and a
host has to have a public address, which is then the one that is called. What is fetched is an upload of whoever asked,
in one of the visitor's turns, and counts as its opening does.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import ipaddress
import mimetypes
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import httpx
from anyio.to_thread import run_sync
from safehttpx import AsyncSecureTransport

from inpaint_app.errors import PhotoTooLarge, SaveError, TooMany, UnreadablePhoto
from inpaint_app.server.files.uploads import Upload, Uploads
from inpaint_app.server.guard.identity import Visitor
from inpaint_app.server.guard.limits import OPENING, Allowances
from inpaint_app.settings import Settings

WAYS = (
    "Give a data: address with base64, the path or address of a file sent to /gradio_api/upload, "
    "or a public http(s) address."
)

MANY = 10_000
"""Files that one input may name."""

FETCHED = 20
"""Photos at an address, or in one, that one call may name; a server with a limit for batches takes twice as many."""

REDIRECTS = 5
SECONDS = 30.0
"""How long a host may take to answer, and to send the next part."""

CALL_SECONDS = 90.0
"""How long all that one call names by address may take."""


class Incoming:
    """Brings what calls name to this server, as uploads of whoever asks.

    may_read: whether whoever sends the request at hand may name a file of this server's.
    """

    def __init__(self, uploads: Uploads, settings: Settings, allowances: Allowances) -> None:
        self.may_read: Callable[[Path], bool] = lambda path: path.is_relative_to(uploads.root)
        self._uploads = uploads
        self._settings = settings
        self._allowances = allowances
        self._limit = int(settings.max_megabytes * 1e6)

    async def all(self, values: list[Any], visitor: Visitor) -> list[Any]:
        """What an endpoint was given, every file in it one that was sent here; those at an address are fetched first.

        Gradio would fetch them whatever their size, and whatever INPAINT_OFFLINE says, and answers a path that it
        refuses without a word. Raises UnreadablePhoto, PhotoTooLarge, TooMany, SaveError.
        """
        check_count(values, self._settings.batch_photos)
        async with self._turn(sum(map(fetches, values)), visitor):
            return [await self._given(value, visitor) for value in values]

    async def one(self, named: str, root_url: str, visitor: Visitor) -> Path:
        """The file on this server that an argument names. root_url: this server's address as the caller knows it.

        Raises as `all` does.
        """
        own = f"{root_url.rstrip('/')}/gradio_api/file="
        if named.startswith(own):
            return self._sent(unquote(named[len(own) :]))
        async with self._turn(int(_is_address(named)), visitor):
            return await self._received(named, visitor)

    @contextlib.asynccontextmanager
    async def _turn(self, addresses: int, visitor: Visitor) -> AsyncIterator[None]:
        """One of the visitor's pieces of work where anything is to be fetched, which costs what opening does."""
        if not addresses:
            yield
            return
        began = time.monotonic()
        with self._allowances.at(visitor.address).turn(OPENING * addresses) as turn:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    yield
            except TimeoutError:
                said = f"What the call names by address did not come within {CALL_SECONDS:.0f} s"
                raise UnreadablePhoto(f"{said}: send it here instead.") from None
            finally:
                turn.spent(time.monotonic() - began)

    async def _given(self, value: Any, visitor: Visitor) -> Any:
        if isinstance(value, list):
            return [await self._given(one, visitor) for one in value[:MANY]]
        if not isinstance(value, dict) or not isinstance(value.get("path"), str):
            return value
        path = await self._received(value["path"].strip(), visitor)
        if str(path) == str(Path(value["path"]).resolve()):
            return value
        return {**value, "path": str(path), "url": None, "orig_name": value.get("orig_name") or path.name}

    async def _received(self, named: str, visitor: Visitor) -> Path:
        if named.startswith("data:"):
            return self._decoded(named, visitor)
        if not _is_address(named):
            return self._sent(named)
        if self._settings.offline:
            raise UnreadablePhoto(
                "This server does not fetch anything (INPAINT_OFFLINE): send the photo to it."
            )
        return await self._fetched(named, visitor)

    def _decoded(self, address: str, visitor: Visitor) -> Path:
        head, comma, text = address.partition(",")
        if not comma or not head.endswith(";base64"):
            raise UnreadablePhoto("The data: address holds no base64: expected data:image/jpeg;base64,….")
        if len(text) * 3 // 4 > self._limit:
            raise PhotoTooLarge(
                f"The photo has {len(text) * 3 / 4e6:.0f} MB, at most {self._limit / 1e6:.0f} are taken."
            )
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UnreadablePhoto(f"The base64 of the data: address is broken ({error}).") from None
        kind = head.removeprefix("data:").partition(";")[0]
        with self._upload(f"photo{mimetypes.guess_extension(kind) or ''}", visitor) as upload:
            self._append(upload, content)
        return upload.path

    def _sent(self, named: str) -> Path:
        try:
            path = Path(named).resolve()
            found = path.is_file() and self.may_read(path)
        except (OSError, ValueError):
            found = False
        if not found:
            raise UnreadablePhoto(f"{named[:200]!r} is no file that was sent to this server. {WAYS}")
        return path

    async def _fetched(self, address: str, visitor: Visitor) -> Path:
        try:
            for _ in range(REDIRECTS):
                host = httpx.URL(address).host
                async with (
                    httpx.AsyncClient(
                        transport=AsyncSecureTransport(await public_address(host)),
                        timeout=SECONDS,
                        trust_env=False,
                    ) as client,
                    client.stream("GET", address) as response,
                ):
                    if response.has_redirect_location:
                        address = urljoin(address, response.headers["Location"])
                        continue
                    if response.status_code != 200:
                        raise UnreadablePhoto(f"{host} answered {response.status_code} instead of a photo.")
                    return await self._kept(response, visitor)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreadablePhoto(f"{address[:200]} could not be fetched ({type(error).__name__}).") from None
        raise UnreadablePhoto(f"{address[:200]} leads from address to address.")

    async def _kept(self, response: httpx.Response, visitor: Visitor) -> Path:
        with self._upload(Path(unquote(response.url.path)).name[-80:], visitor) as upload:
            async for part in response.aiter_bytes():
                if upload.bytes + len(part) > self._limit:
                    raise PhotoTooLarge(f"The photo has more than {self._limit / 1e6:.0f} MB.")
                await run_sync(self._append, upload, part)
        return upload.path

    @contextlib.contextmanager
    def _upload(self, name: str, visitor: Visitor) -> Iterator[Upload]:
        """A file that is whole in the end, or gone; raises SaveError where the disk is full."""
        try:
            upload = self._uploads.begin(name, visitor)
            try:
                yield upload
                upload.whole = True
            finally:
                if not upload.whole:
                    self._uploads.drop(upload)
        except OSError as error:
            raise SaveError(
                f"The server cannot write the file ({error.strerror}): try again later."
            ) from error

    def _append(self, upload: Upload, part: bytes) -> None:
        self._uploads.add(upload, len(part))
        with upload.path.open("ab") as file:
            file.write(part)


def _is_address(named: str) -> bool:
    return named.strip().lower().startswith(("http://", "https://"))


def fetches(value: Any) -> int:
    """How many files of what an endpoint was given have to be fetched."""
    return _count(value, _is_address)


def counted(value: Any) -> int:
    """How many files of what an endpoint was given are at an address, or in one."""
    return _count(value, lambda named: _is_address(named) or named.strip().lower().startswith("data:"))


def _count(value: Any, is_one: Callable[[str], bool]) -> int:
    if isinstance(value, list):
        return sum(_count(one, is_one) for one in value[:MANY])
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return 0
    return int(is_one(value["path"]))


def check_count(values: list[Any], batch_photos: int) -> None:
    """Raise TooMany before anything is fetched, where a call names more than it may."""
    count, most = sum(map(counted, values)), 2 * batch_photos or FETCHED
    if count > most:
        raise TooMany(f"The call names {count} photos by address, this server fetches {most}: choose fewer.")


async def public_address(host: str) -> str:
    """The IP address of a host in the public network; raises UnreadablePhoto where it has none."""
    try:
        known = await asyncio.get_running_loop().getaddrinfo(host, None)
    except (OSError, UnicodeError):
        raise UnreadablePhoto(f"There is no host {host[:100]!r}.") from None
    for *_, place in known:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if address.is_global and not address.is_multicast:
            return str(address)
    raise UnreadablePhoto(
        f"{host[:100]!r} is not in the public network: send the photo to this server instead."
    )
