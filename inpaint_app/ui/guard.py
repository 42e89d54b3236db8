"""What stands before Gradio's server: closes routes that nothing here uses, bounds bodies, binds pages to browsers.

Gradio names a page by a session hash that the browser makes up and that stands in addresses and logs. So whoever knows
one could read another's answers. Here each browser gets a cookie, and a session belongs to the cookie that it was first
seen with. Clients without cookies (gradio_client, curl) are known by the hash alone, as Gradio has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import threading
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inpaint_app.settings import Settings

COOKIE = "inpaint-browser"
KNOWN = 20_000
"""Sessions remembered; the one not seen longest is forgotten first."""

BODY_BYTES = 64 * 2**20
"""Longest body of a request that is no upload: a brushed mask is some hundred kilobytes, a recipe some megabytes."""

STALL_SECONDS = 60.0
"""An upload that sends nothing for so long is given up."""

CLOSED = re.compile(
    r"/gradio_api/(proxy=|file=/*[a-z][a-z0-9+.-]*:|file/|process_recording|component_server|custom_component/"
    r"|vibe-|undo-vibe|run-history|deep_link|stream/|dev/|profiling|runs\b|token\b|login_check)"
    r"|^/(monitoring|svelte/|login\b|logout\b)",
    re.IGNORECASE,
)
"""Routes of Gradio's that nothing of ours uses: fetching other servers' files, video tools, editors, dashboards."""

_UPLOAD = re.compile(r"/gradio_api/upload/?$")
_TOOLS = re.compile(r"/gradio_api/mcp\b")
_SESSION = re.compile(r"/gradio_api/(?:heartbeat/(?P<hash>[^/]+)|queue/data)$")


class Owners:
    """Which browser a session belongs to: the one that it was first seen with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def admit(self, session_hash: str, browser: str) -> bool:
        """Whether a session may be used by the browser of that cookie ("" for none)."""
        own = hashlib.sha256(browser.encode("utf-8", "replace")).hexdigest() if browser else ""
        with self._lock:
            owner = self._known.setdefault(session_hash[:200], own)
            self._known.move_to_end(session_hash[:200])
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return secrets.compare_digest(owner, own)


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, settings: Settings, owners: Owners) -> None:
        self.app = app
        self.settings = settings
        self.owners = owners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path, cookie = scope["path"], browser(headers.get("cookie", ""))
        session = _session(path, scope["query_string"])
        limit = self.limit(path)
        declared = headers.get("content-length", "")
        if CLOSED.search(path):
            await _refusal(404, "This address is not served here.")(scope, receive, send)
        elif session and not self.owners.admit(session, cookie):
            await _refusal(403, "This session belongs to another browser: reload the page.")(
                scope, receive, send
            )
        elif declared.isdecimal() and int(declared) > limit:
            await _too_large(limit)(scope, receive, send)
        else:
            page = scope["method"] in ("GET", "HEAD") and path in ("/", scope.get("root_path", "") + "/")
            if page and not cookie:
                send = _with_cookie(send, _secure(scope, headers))
            await _Bounded(receive, send, limit, bool(_UPLOAD.search(path))).run(self.app, scope)

    def limit(self, path: str) -> float:
        """Bytes that a request's body may have."""
        largest = self.settings.max_megabytes * 1e6
        if _UPLOAD.search(path):
            photos = self.settings.batch_photos
            return largest * max(2, 2 * photos) + 2**20 if photos else float("inf")
        return largest * 1.4 + BODY_BYTES if _TOOLS.search(path) else BODY_BYTES


class _Bounded:
    """One request whose body may not be longer than `limit`, nor stall where it is an upload."""

    def __init__(self, receive: Receive, send: Send, limit: float, upload: bool) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._upload = upload
        self._got = 0
        self._over = False
        self._whole = False
        self._begun = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Call the app; where the body was too long it is answered so, whatever the app made of it."""
        with contextlib.suppress(_TooLong):
            await app(scope, self.receive, self.send)
        if self._over and not self._begun:
            await _too_large(self._limit)(scope, self._receive, self._send)

    async def receive(self) -> Message:
        """The next part. An upload that breaks off or stalls ends as a broken form does, so that its files go."""
        if not self._upload or self._whole:
            message = await self._receive()
        else:
            try:
                message = await asyncio.wait_for(self._receive(), STALL_SECONDS)
            except TimeoutError:
                raise MultiPartException("The upload stalled: send it again.") from None
            if message["type"] == "http.disconnect":
                raise MultiPartException("The upload broke off: send it again.")
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
        if self._got > self._limit:
            self._over = True
            if self._upload:
                raise MultiPartException(
                    f"The upload is over the maximum allowed size of {self._limit / 1e6:.0f} MB."
                )
            raise _TooLong
        return message

    async def send(self, message: Message) -> None:
        """Hand on, unless the answer is ours."""
        if not self._over:
            self._begun = True
            await self._send(message)


class _TooLong(Exception):  # noqa: N818 - never seen outside
    """The body went over its limit."""


def browser(cookies: str) -> str:
    """What the cookie header says of who this is; "" where nothing."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value[:100] if found else ""


def _session(path: str, query: bytes) -> str:
    """The session that a request wants to hear of."""
    asked = _SESSION.search(path)
    if asked is None:
        return ""
    named: str | None = asked["hash"]
    return named or parse_qs(query.decode("latin-1")).get("session_hash", [""])[-1]


def _secure(scope: Scope, headers: Headers) -> bool:
    return bool(scope["scheme"] == "https" or headers.get("x-forwarded-proto", "").startswith("https"))


def _with_cookie(send: Send, secure: bool) -> Send:
    """A page in another one's frame, as on Spaces, keeps its cookie only as Partitioned, and only over https."""
    kind = "; SameSite=None; Secure; Partitioned" if secure else "; SameSite=Lax"
    value = f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; HttpOnly; Max-Age=31536000{kind}"

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"set-cookie", value.encode())]}
        await send(message)

    return sending


def _refusal(status: int, said: str) -> JSONResponse:
    return JSONResponse({"detail": said, "error": said}, status, headers={"Connection": "close"})


def _too_large(limit: float) -> JSONResponse:
    return _refusal(413, f"The request is over the maximum allowed size of {limit / 1e6:.0f} MB.")
