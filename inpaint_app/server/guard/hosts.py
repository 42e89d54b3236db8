"""Under which names this server may be asked, and by pages of which.

A page of another site can have its own name point to 127.0.0.1, and would then be the same site as a local server
(DNS rebinding). So a request has to name this machine, or a name that it was told of. Addresses in figures cannot be
bound to something else; they are taken where the server listens on the network.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import gradio.routes

from inpaint_app.environment import SPACES
from inpaint_app.settings import Settings

OWN = ("localhost", "127.0.0.1", "::1")
"""What this machine is to itself."""

ANY = "*"

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_FOREIGN = ("cross-site", "same-site")


@contextmanager
def no_other_sites() -> Iterator[None]:
    """While this holds, a Gradio app that is launched tells no browser that pages of other sites may read its answers.

    Gradio's own layer says so to whoever asks, before our guard has seen the request.
    """
    routes: Any = gradio.routes
    theirs = routes.CustomCORSMiddleware
    routes.CustomCORSMiddleware = _Through
    try:
        yield
    finally:
        routes.CustomCORSMiddleware = theirs


class _Through:
    def __init__(self, app: Any, **_: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Hosts:
    """The names that are answered. listening: the address that the server listens on, once it is known."""

    def __init__(
        self, settings: Settings, listening: str = "", variables: Mapping[str, str] | None = None
    ) -> None:
        source = os.environ if variables is None else variables
        self.listening = listening or settings.host or source.get("GRADIO_SERVER_NAME", "")
        self.shared: Callable[[], str] = lambda: ""
        """The address that others were given for this server (`--share`), once there is one."""
        self._space = settings.surroundings == SPACES
        root = urlsplit(source.get("GRADIO_ROOT_PATH", "")).hostname or ""
        named = [*settings.hosts.split(","), source.get("SPACE_HOST", ""), root]
        self._public = {name.strip().lower().rstrip(".") for name in named if name.strip()}
        self._machine = set(_names_of_machine()) if self.networked else set()

    @property
    def networked(self) -> bool:
        """Whether others than this machine can reach the server."""
        return not _is_loopback(self.listening or "127.0.0.1")

    @property
    def private(self) -> bool:
        """Whether nobody but whoever sits at this machine can get here."""
        return not (self.networked or self._public or self._space or self.shared())

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server."""
        found = _HOST.fullmatch(host)
        return found is not None and self._serves(found["name"].strip("[]").lower().rstrip("."))

    def same_site(self, headers: Mapping[str, str]) -> bool:
        """Whether a request comes from this server's own page, or from no page at all (a program, a typed address)."""
        origin = headers.get("origin")
        if origin is not None:
            place = urlsplit(origin)
            # A proxy may have put a name of its own into Host; then the page has one of the public names.
            if place.scheme not in ("http", "https") or not place.netloc:
                return False
            if place.netloc.lower() != headers.get("host", "").lower() and not self._is_public(place.netloc):
                return False
        return headers.get("sec-fetch-site", "") not in _FOREIGN

    def _serves(self, name: str) -> bool:
        if name in OWN or name == self.listening.lower() or name in self._machine or self._is_public(name):
            return True
        if not self.networked:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_public(self, netloc: str) -> bool:
        """Whether a name is one that the server was told of."""
        name = (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
        shared = urlsplit(self.shared()).hostname
        return (
            ANY in self._public
            or name in self._public
            or (shared is not None and name == shared)
            or (self._space and name.endswith(".hf.space"))
        )


def from_this_machine(request: Any) -> bool:
    """Whether a request came from this machine, and through no proxy on it."""
    headers: Mapping[str, str] = getattr(request, "headers", None) or {}
    if any(str(name).lower().startswith(("x-forwarded", "forwarded", "via")) for name in headers):
        return False
    return _is_loopback(str(getattr(getattr(request, "client", None), "host", "") or ""))


def _names_of_machine() -> Iterable[str]:
    """What others in the network may call this machine."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local")


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
