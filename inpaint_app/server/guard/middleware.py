"""What stands before Gradio's server: names and sites that may ask, addresses that are served, whose they are, bounds.

Gradio names a page by a session hash that the browser makes up and that stands in addresses and logs. So whoever knows
one could read another's answers. Here each browser gets a cookie (`identity.py`), and sessions, events and files belong
to the visitor that they were first seen with (`ownership.py`). Only what `routes.py` lists is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inpaint_app import environment
from inpaint_app.errors import printable
from inpaint_app.server.guard import bodies, routes
from inpaint_app.server.guard.hosts import Hosts
from inpaint_app.server.guard.identity import Identities, Visitor, cookie_of, fresh_cookie, is_secure
from inpaint_app.server.guard.ownership import ANOTHERS, Ownership
from inpaint_app.server.guard.routes import Kind
from inpaint_app.server.guard.security_headers import headers_for, with_headers
from inpaint_app.settings import Settings

BODY_BYTES = 16 * 2**20
"""Longest body of what the page asks: strokes of 400,000 points are some megabytes."""

CALL_BYTES = 4 * 2**20
"""Longest body of a call by name, and of an assistant's, whose library takes no more: photos are sent before."""

NAMING_BYTES = 4096
"""Longest body of a request that only names something."""

NOT_SERVED = "This address is not served here."

_log = logging.getLogger(__name__)


@dataclass
class Doors:
    """Whom to ask.

    file: whether a file may be read by a visitor; heard, due: whether anything is to come for a session, of an event.
    """

    settings: Settings
    hosts: Hosts
    identities: Identities
    sessions: Ownership
    events: Ownership
    file: Callable[[str, Visitor], bool]
    heard: Callable[[str], bool] = lambda session: True
    due: Callable[[str], bool] = lambda event: True


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self.app = app
        self.doors = doors
        self._reader = bodies.Reader()
        self._spaces = doors.settings.surroundings == environment.SPACES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing of ours speaks over a websocket
            await send({"type": "websocket.close", "code": 1008})
            return
        request = HTTPConnection(scope)
        found = routes.find(scope["method"], get_route_path(scope))
        kind = found[0].kind if found else Kind.OPEN
        cookie = ""
        if kind is Kind.PAGE and not cookie_of(request.headers.get("cookie", ""), is_secure(request)):
            cookie = fresh_cookie(is_secure(request))
        refusal = self._refusal_at_sight(request, found)
        if refusal is None and found is not None:
            try:
                receive, refusal = await self._refusal(request, found[0], found[1], receive)
            except bodies.Refused as no:
                refusal = refused(no.status, no.said)
        send = with_headers(send, headers_for(kind, self._spaces), cookie if refusal is None else "")
        if refusal is not None:
            await refusal(scope, receive, send)
        else:
            await _Bounded(receive, send, self.limit(kind), kind).run(self.app, scope)

    def _refusal_at_sight(self, request: HTTPConnection, found: Any) -> ASGIApp | None:
        """Why a request is refused whoever sent it; None where it is not."""
        host = request.headers.get("host", "")
        if not self.doors.hosts.knows(host):
            return refused(
                403,
                "This server is not known under that name: the setting INPAINT_HOSTS names those it answers to.",
            )
        forwarded = request.headers.get("x-forwarded-host", "").partition(",")[0].strip()
        if forwarded and not self.doors.hosts.knows(forwarded):
            return refused(403, "X-Forwarded-Host names none of this server's names (INPAINT_HOSTS).")
        if found is None:
            return refused(404, NOT_SERVED)
        kind = found[0].kind
        followed = request.scope["method"] in ("GET", "HEAD") and kind in (Kind.PAGE, Kind.FILE)
        led_here = (
            followed
            and request.headers.get("sec-fetch-mode") == "navigate"
            and "origin" not in request.headers
        )
        if not led_here and not self.doors.hosts.same_site(request.headers):
            return refused(403, "A page of another site asks for this: open the app's own page.")
        limit = self.limit(kind)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            return refused(413, bodies.too_long(limit).said)
        return None

    async def _refusal(
        self, request: HTTPConnection, route: routes.Route, parts: dict[str, str], receive: Receive
    ) -> tuple[Receive, ASGIApp | None]:
        """Why a visitor is refused; None where it is not. Also what gives the body, which may have been read."""
        visitor = self.doors.identities.of(request)
        if route.kind is Kind.SESSION:
            session = parts.get("session_hash") or _asked(request, "session_hash")
            if not self.doors.sessions.admit(session, visitor):
                return receive, refused(403, ANOTHERS)
            if "session_hash" not in parts and not self.doors.heard(session):
                _log.info("Nothing is to come for a session that was asked for")
                return receive, _nothing_to_come()
        elif route.kind is Kind.EVENT and not self.doors.events.holds(parts["event_id"], visitor):
            return receive, refused(404, NOT_SERVED)
        elif route.kind is Kind.EVENT and not self.doors.due(parts["event_id"]):
            _log.info("An event that was told already was asked for again")
            return receive, refused(404, "This event was told already: make the call again.")
        elif route.kind is Kind.FILE and not self.doors.file(parts["path_or_url"], visitor):
            return receive, refused(403, "There is no such file of yours.")
        elif route.kind is Kind.CANCEL:
            body = await self._reader.whole(receive, NAMING_BYTES)
            if not self._may_cancel(body, visitor):
                return receive, refused(403, ANOTHERS)
            return bodies.replayed(body, receive), None
        elif (
            route.kind in (Kind.JOIN, Kind.DIRECT, Kind.CALL, Kind.TOOLS)
            and request.scope["method"] == "POST"
        ):
            body = await self._reader.whole(receive, self.limit(route.kind))
            bodies.at_hand.set(bodies.checked(body))
            return bodies.replayed(body, receive), None
        return receive, None

    def _may_cancel(self, body: bytes, visitor: Visitor) -> bool:
        """Whether the event that is named is the visitor's, and the session too, where one is named."""
        try:
            named = json.loads(body)
            session, event = str(named.get("session_hash") or ""), str(named["event_id"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False
        ours = not session or self.doors.sessions.holds(session, visitor)
        return ours and self.doors.events.holds(event, visitor)

    def limit(self, kind: Kind) -> float:
        """Bytes that a request's body may have."""
        largest = self.doors.settings.max_megabytes * 1e6
        if kind is Kind.UPLOAD:
            photos = self.doors.settings.batch_photos
            return largest * max(2, 2 * photos) + 2**20 if photos else float("inf")
        if kind in (Kind.CALL, Kind.TOOLS):
            return CALL_BYTES
        return BODY_BYTES if kind is Kind.JOIN else NAMING_BYTES


class _Bounded:
    """One request whose body may not be longer than `limit`, nor stall where it is an upload.

    Whatever is wrong with a call is told as the caller's mistake: Gradio says 500 to arguments that it cannot read.
    """

    def __init__(self, receive: Receive, send: Send, limit: float, kind: Kind) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._upload = kind is Kind.UPLOAD
        self._call = kind in (Kind.JOIN, Kind.DIRECT, Kind.CALL)
        self._got = 0
        self._over = False
        self._whole = False
        self._begun = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Call the app; where the body was too long it is answered so, whatever the app made of it."""
        try:
            with contextlib.suppress(_TooLong):
                await app(scope, self.receive, self.send)
        except Exception as error:
            if self._begun and _is_expected(error):
                _log.info("A stream ended: %s", _first_line(error))
            elif self._call and not self._begun:
                _log.warning("A call that cannot be read: %s: %s", type(error).__name__, _first_line(error))
                await refused(400, "The call cannot be read: see /gradio_api/info for what each takes.")(
                    scope, self._receive, self._send
                )
            else:
                raise
        if self._over and not self._begun:
            await refused(413, bodies.too_long(self._limit).said)(scope, self._receive, self._send)

    async def receive(self) -> Message:
        """The next part. An upload that breaks off or stalls ends as a broken form does, so that its files go."""
        if not self._upload or self._whole:
            message = await self._receive()
        else:
            try:
                message = await asyncio.wait_for(self._receive(), bodies.STALL_SECONDS)
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
            if self._call and message["type"] == "http.response.start" and message["status"] == 500:
                message = {**message, "status": 422}
            await self._send(message)


class _TooLong(Exception):  # noqa: N818 - never seen outside
    """The body went over its limit."""


def _is_expected(error: BaseException) -> bool:
    """Whether a stream ended as Gradio ends those of sessions that it does not know: with a status, too late."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_expected(one) for one in error.exceptions)
    return isinstance(error, HTTPException) or isinstance(error.__cause__, HTTPException)


def _first_line(error: BaseException) -> str:
    return printable(str(error).partition("\n")[0])[:200]


def _asked(request: HTTPConnection, name: str) -> str:
    """The value of a query that the server will read: the last, where there are several."""
    values = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True).get(name)
    return str(values[-1]) if values else ""


def refused(status: int, said: str) -> JSONResponse:
    """An answer of one sentence."""
    return JSONResponse({"detail": said, "error": said}, status, headers={"Connection": "close"})


def _nothing_to_come() -> StreamingResponse:
    """What Gradio's stream says where it does not know a session, without the traceback in the log."""
    told = {"msg": "unexpected_error", "event_id": None, "message": "404: Not Found", "success": False,
            "session_not_found": True}  # fmt: skip
    return StreamingResponse(iter([f"data: {json.dumps(told)}\n\n"]), media_type="text/event-stream")
