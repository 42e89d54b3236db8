"""The addresses that are served, each with what a request has to own. What is not listed does not exist.

Gradio's server has some eighty routes and gains more with every version. The page, gradio_client and assistants need
those below; a test holds these, and a list of those that nothing uses, equal to the routes of the installed version, so
that each new one is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

PREFIX = "/gradio_api"


class Kind(Enum):
    """What is asked of whoever wants a route."""

    PAGE = "the page, which may be led to from anywhere"
    OPEN = "nothing of a visitor's"
    SESSION = "a session: it has to be the visitor's, or nobody's yet"
    JOIN = "a call, whose session is looked at where its body is read (page.Page)"
    DIRECT = "what is done at once, without the queue: it only names something (page.Page.api_open)"
    CALL = "a call by name, which begins a session of its own"
    EVENT = "what an event gives: it has to be the visitor's"
    CANCEL = "the end of an event: session and event have to be the visitor's"
    FILE = "a file: it has to be the visitor's, or one handed out by its address"
    UPLOAD = "files that come in"
    PROGRESS = "how far an upload is: it has to be the visitor's"
    TOOLS = "assistants, which make calls of their own"


@dataclass(frozen=True, slots=True)
class Route:
    """template: as the server has it; its {parts} hold no slash, but a {part:path} may."""

    template: str
    methods: frozenset[str]
    kind: Kind

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its addresses look like."""
        parts = re.split(r"(\{\w+(?::path)?\})", self.template)
        return re.compile("".join(_part(part) for part in parts), re.DOTALL)


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name, _, kind = part.strip("{}").partition(":")
    return f"(?P<{name}>{'.*' if kind else '[^/]+'})"


def _routes(kind: Kind, methods: str, *templates: str) -> tuple[Route, ...]:
    return tuple(Route(template, frozenset(methods.split()), kind) for template in templates)


SERVED = (
    *_routes(Kind.PAGE, "GET HEAD", "/"),
    *_routes(
        Kind.OPEN, "GET HEAD", "/health", "/config", "/config/", "/favicon.ico", "/robots.txt", "/theme.css",
        "/assets/{path:path}", "/static/{path:path}", f"{PREFIX}/theme.css", f"{PREFIX}/info", f"{PREFIX}/info/",
        f"{PREFIX}/openapi.json", f"{PREFIX}/app_id", f"{PREFIX}/app_id/", f"{PREFIX}/startup-events",
    ),
    *_routes(Kind.SESSION, "GET", f"{PREFIX}/heartbeat/{{session_hash}}", f"{PREFIX}/queue/data"),
    *_routes(Kind.JOIN, "POST", f"{PREFIX}/queue/join"),
    *_routes(
        Kind.DIRECT, "POST",
        f"{PREFIX}/run/{{api_name}}", f"{PREFIX}/run/{{api_name}}/",
        f"{PREFIX}/api/{{api_name}}", f"{PREFIX}/api/{{api_name}}/",
    ),
    *_routes(
        Kind.CALL, "POST", f"{PREFIX}/call/{{api_name}}", f"{PREFIX}/call/{{api_name}}/",
        f"{PREFIX}/call/v2/{{api_name}}", f"{PREFIX}/call/v2/{{api_name}}/",
    ),
    *_routes(
        Kind.EVENT, "GET", f"{PREFIX}/call/v2/{{api_name}}/{{event_id}}", f"{PREFIX}/call/{{api_name}}/{{event_id}}"
    ),
    *_routes(Kind.CANCEL, "POST", f"{PREFIX}/cancel", f"{PREFIX}/reset"),
    *_routes(Kind.FILE, "GET HEAD", f"{PREFIX}/file={{path_or_url:path}}"),
    *_routes(Kind.UPLOAD, "POST", f"{PREFIX}/upload"),
    *_routes(Kind.PROGRESS, "GET", f"{PREFIX}/upload_progress"),
    *_routes(Kind.TOOLS, "GET HEAD POST DELETE", f"{PREFIX}/mcp", f"{PREFIX}/mcp/{{path:path}}"),
)  # fmt: skip

_PATTERNS = tuple((route, route.pattern) for route in SERVED)


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route that serves an address, and the parts of it; None where nothing is served."""
    for route, pattern in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None and method in route.methods:
            return route, found.groupdict()
    return None
