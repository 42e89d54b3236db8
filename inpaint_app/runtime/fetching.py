"""One weight file from the network onto the disk: resumed, checked, from the first of several places that has it."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

REACH = 1.5
"""Seconds after which a server counts as out of reach; the system's own look-up may take half a minute to give up."""
TIMEOUT = 15.0
PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch. check: raises CheckpointError where what came is another. instead: what else helps, in words."""

    file: str
    address: str
    megabytes: float
    check: Callable[[Path], object]
    instead: str


def fetch_file(wanted: Wanted, folder: Path, settings: Settings, progress: Progress) -> Path:
    """Download into the folder and return the file, which appears under its name only when whole and checked.

    Goes on where a stopped download ended; asks the settings' mirrors first. Raises MissingWeights when network or disk
    do not let it through, CheckpointError when what came is another file, Cancelled.
    """
    if settings.offline:
        raise MissingWeights(
            f"{wanted.file} is not on this machine and INPAINT_OFFLINE forbids fetching it: {wanted.instead}."
        )
    part = folder / f"{wanted.file}.part"
    addresses = [*(f"{mirror}/{wanted.file}" for mirror in settings.mirror_addresses), wanted.address]
    for number, address in enumerate(addresses):
        try:
            _try(address, wanted, part, progress)
            break
        except Cancelled:
            raise
        except (OSError, ValueError, CheckpointError) as error:
            if number + 1 == len(addresses):
                if isinstance(error, CheckpointError | MissingWeights):
                    raise
                raise MissingWeights(_said(wanted, error)) from error
    os.replace(part, folder / wanted.file)
    progress(1.0, f"{wanted.file} is here")
    return folder / wanted.file


def _try(address: str, wanted: Wanted, part: Path, progress: Progress) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    _check_space(part, wanted)
    reach(address)
    _download(address, part, wanted, progress)
    try:
        wanted.check(part)
    except CheckpointError:
        part.unlink(missing_ok=True)
        raise


def reach(address: str) -> None:
    """Raise ConnectionError where nothing listens at the address's host within `REACH` seconds."""
    parts = urllib.parse.urlsplit(address)
    if not parts.hostname or urllib.request.getproxies():
        return  # a proxy looks names up by itself
    where = (parts.hostname, parts.port or (80 if parts.scheme == "http" else 443))
    found: list[bool] = []

    def look() -> None:
        with suppress(OSError), socket.create_connection(where, TIMEOUT):
            found.append(True)

    thread = threading.Thread(target=look, daemon=True, name="reach")
    thread.start()
    thread.join(REACH)
    if not found:
        raise ConnectionError(where[0])


def _check_space(part: Path, wanted: Wanted) -> None:
    have = part.stat().st_size if part.exists() else 0
    needed, free = wanted.megabytes * 1.1e6 - have, shutil.disk_usage(part.parent).free
    if free < needed:
        raise MissingWeights(
            f"{wanted.file} needs {needed / 1e6:.0f} MB, {part.parent} has {free / 1e6:.0f} MB left: free some, or set "
            "INPAINT_CACHE to another folder."
        )


def _download(address: str, part: Path, wanted: Wanted, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        reply = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310 - our own address or a setting's
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing beyond what is here: it is whole or rubbish, and the check tells
            return
        raise
    with reply:
        resumed = reply.status == 206
        have = have if resumed else 0
        total = have + int(reply.headers.get("Content-Length") or wanted.megabytes * 1e6)
        with part.open("ab" if resumed else "wb") as file:
            while piece := reply.read(PIECE):
                file.write(piece)
                have += len(piece)
                said = f"Fetching {wanted.file}: {have / 1e6:.1f} of {total / 1e6:.1f} MB"
                progress(min(0.99, have / total), said)
    if reply.headers.get("Content-Length") and have < total:
        raise OSError(f"the connection ended after {have} of {total} bytes")


def _said(wanted: Wanted, error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        reason = f"the server answered {error.code}"
    elif isinstance(error, urllib.error.URLError | ConnectionError):
        reason = "there is no network here"
    else:
        reason = str(error) or type(error).__name__
    return f"{wanted.file} could not be fetched ({reason}): try again later, or {wanted.instead}."
