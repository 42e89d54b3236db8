"""A photo as an assistant names it: base64 in a data: address, a file sent to this server, or a public address.

Nothing else on the server's disk or in its network can be named: a path has to lie in the folder of uploads, and a host
has to have a public address, which is then the one that is called.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import httpx
from safehttpx import AsyncSecureTransport

from inpaint_app.errors import PhotoTooLarge, TooMany, UnreadablePhoto
from inpaint_app.server.files.file_names import legal
from inpaint_app.server.files.temp_files import Handed
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


async def received(named: str, root_url: str, handed: Handed) -> Path:
    """The file on this server that an argument names. root_url: this server's address as the caller knows it.

    Raises UnreadablePhoto, PhotoTooLarge.
    """
    settings = Settings.from_environment()
    limit = int(settings.max_megabytes * 1e6)
    own = f"{root_url.rstrip('/')}/gradio_api/file="
    if named.startswith("data:"):
        return _decoded(named, limit, handed)
    if named.startswith(own):
        return _uploaded(unquote(named[len(own) :]), handed)
    if named.lower().startswith(("http://", "https://")):
        if settings.offline:
            raise UnreadablePhoto(
                "This server does not fetch anything (INPAINT_OFFLINE): send the photo to it."
            )
        return await _fetched(named, limit, handed)
    return _uploaded(named, handed)


def _decoded(address: str, limit: int, handed: Handed) -> Path:
    head, comma, text = address.partition(",")
    if not comma or not head.endswith(";base64"):
        raise UnreadablePhoto("The data: address holds no base64: expected data:image/jpeg;base64,….")
    if len(text) * 3 // 4 > limit:
        raise PhotoTooLarge(
            f"The photo has {len(text) * 3 / 4e6:.0f} MB, at most {limit / 1e6:.0f} are taken."
        )
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadablePhoto(f"The base64 of the data: address is broken ({error}).") from None
    kind = head.removeprefix("data:").partition(";")[0]
    path = handed.file(f"photo{mimetypes.guess_extension(kind) or ''}")
    path.write_bytes(content)
    return path


def _uploaded(named: str, handed: Handed) -> Path:
    try:
        path = Path(named).resolve()
        found = path.is_file() and handed.may_read(path)
    except (OSError, ValueError):
        found = False
    if not found:
        raise UnreadablePhoto(f"{named[:200]!r} is no file that was sent to this server. {WAYS}")
    return path


def counted(value: Any) -> int:
    """How many files of what an endpoint was given are at an address, or in one: they would have to be fetched."""
    if isinstance(value, list):
        return sum(counted(one) for one in value[:MANY])
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return 0
    return int(str(value["path"]).strip().lower().startswith(("http://", "https://", "data:")))


def check_count(values: list[Any], batch_photos: int) -> None:
    """Raise TooMany before anything is fetched, where a call names more than it may."""
    count, most = sum(map(counted, values)), 2 * batch_photos or FETCHED
    if count > most:
        raise TooMany(f"The call names {count} photos by address, this server fetches {most}: choose fewer.")


async def fetched(value: Any, handed: Handed) -> Any:
    """What an endpoint was given, every file in it one that was sent here; those at an address are fetched first.

    Gradio would fetch them whatever their size, and whatever INPAINT_OFFLINE says, and answers a path that it refuses
    without a word. Raises UnreadablePhoto, PhotoTooLarge.
    """
    if isinstance(value, list):
        return [await fetched(one, handed) for one in value[:MANY]]
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return value
    path = await received(value["path"].strip(), "", handed)
    if str(path) == str(Path(value["path"]).resolve()):
        return value
    return {**value, "path": str(path), "url": None, "orig_name": value.get("orig_name") or path.name}


async def _fetched(address: str, limit: int, handed: Handed) -> Path:
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
                return await _kept(response, limit, handed)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreadablePhoto(f"{address[:200]} could not be fetched ({type(error).__name__}).") from None
    raise UnreadablePhoto(f"{address[:200]} leads from address to address.")


async def _kept(response: httpx.Response, limit: int, handed: Handed) -> Path:
    name = legal(Path(unquote(response.url.path)).name[-80:])
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > limit:
            raise PhotoTooLarge(f"The photo has more than {limit / 1e6:.0f} MB.")
    path = handed.file(name)
    path.write_bytes(content)
    return path


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
