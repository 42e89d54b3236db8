"""What is sent to the named endpoints, looked at before Gradio sees it: what is wrong is one sentence that names it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from starlette._utils import get_route_path
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inpaint_app.backends import registry as backends
from inpaint_app.errors import OptionError
from inpaint_app.removal.parts import KINDS
from inpaint_app.removal.request import ARGUMENTS, READING, expected
from inpaint_app.segmenters.selecting.gesture import MOST as MOST_GESTURES
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.server.guard.limits import SHOTS
from inpaint_app.server.guard.routes import PREFIX

_HOW = ("backend", "options", "grow", "feather")
_SAVING = ("frame", "exact", "mark_edited")
POINTING = ("at", "box")
MOVING = "everything_that_moves"

ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "detect": ("photo", "confidence", "segmenter"),
    "remove_objects": (
        "photo",
        "objects",
        *_HOW,
        "confidence",
        "segmenter",
        "candidates",
        *_SAVING,
        *KINDS,
        *POINTING,
        "shots",
        MOVING,
    ),
    "remove_mask": ("photo", "mask", *_HOW, "candidates", *_SAVING, *READING, "shots"),
}
"""The arguments of each endpoint, in their order."""

FILES = ("photo", "mask")
REQUIRED = FILES
_SENT = (
    'a file: {"path": "…", "meta": {"_type": "gradio.FileData"}} of one that was sent to /gradio_api/upload'
)
_NAMED = (
    "a data: address with base64, a file that was sent to /gradio_api/upload, or a public http(s) address"
)


def check(endpoint: str, given: Mapping[str, Any], named: bool = False) -> None:
    """Raises OptionError for a missing or unknown argument, or one of a wrong kind.

    given: what was sent, as JSON. named: files are named by text, as tools take them, not given as Gradio's file data.
    """
    if endpoint not in ENDPOINTS:
        kind = "tool" if named else "endpoint"
        raise OptionError(f"There is no {kind} {endpoint[:100]!r}. Known: {', '.join(ENDPOINTS)}.")
    known = ENDPOINTS[endpoint]
    for word in given:
        if word not in known:
            raise OptionError(
                f"There is no argument {str(word)[:100]!r} of {endpoint}. Known: {', '.join(known)}."
            )
    for word in known:
        if word in given:
            _check_one(word, given[word], named)
        elif word in REQUIRED:
            raise OptionError(
                f"There is no {word}: the argument {word} is missing, expected {_NAMED if named else _SENT}."
            )


def _check_one(word: str, value: Any, named: bool) -> None:
    expected = _expected(word, value, named)
    if expected:
        given = "null" if value is None else f"{json.dumps(value, default=str)[:60]}"
        none = f"There is no {word}: the" if word in FILES else "The"
        raise OptionError(f"{none} argument {word} is {given}, expected {expected}.")


def _expected(word: str, value: Any, named: bool) -> str:
    """What an argument should be, where it is not; else ""."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if word == "shots":
        listed = value is None or (isinstance(value, list) and len(value) <= SHOTS)
        fits = listed and not any(_expected("photo", one, named) for one in value or ())
        return "" if fits else f"a list of at most {SHOTS} files, each {_NAMED if named else _SENT}"
    if word in FILES:
        if named:
            return "" if isinstance(value, str) and value else _NAMED
        sent = isinstance(value, Mapping) and isinstance(value.get("path"), str) and value["path"]
        return "" if sent else _SENT
    if word in ("grow", "feather"):  # looked at once the text is read
        return "" if number or isinstance(value, str) else "a number of pixels, or auto"
    if word == "frame":
        fits = number and 0 <= value <= 100_000 and value == int(value)
        return "" if fits else "a whole number from 0"
    if word in POINTING:
        return _pointed(word, value)
    if word in ARGUMENTS:
        return expected(word, value)
    if word == "options":
        return "" if isinstance(value, str | Mapping) else 'an object such as {"seed": 1}, as JSON text'
    if word == "objects":
        plain = isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
        return "" if plain and value else 'words such as "people, dog"'
    return "" if isinstance(value, str) else "text"


def _pointed(word: str, value: Any) -> str:
    try:
        Gesture.listed(**{word: value})
    except OptionError:
        numbers = {"at": "x,y", "box": "left,top,right,bottom"}[word]
        return f"a list [{numbers}] of numbers, or a list of at most {MOST_GESTURES} such lists"
    return ""


def from_network(given: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """The options that a page or a caller sent for a backend.

    Whether a path exists would be told by the answer, so none is taken. Raises OptionError, the same for every value
    that is not on the list.
    """
    for field in dataclasses.fields(backends.find(backend).options):
        listed = field.metadata.get("listed")
        if listed is not None and field.name in given and given[field.name] not in ("", *listed):
            raise OptionError(
                f"{field.name} is none of those that a server takes ({', '.join(listed)}): leave it empty for the one "
                "that the server's owner has set."
            )
    return dict(given)


class Arguments:
    """The middleware: a call of an endpoint whose arguments are wrong is answered with 422, an unknown one with 404."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        name = _called(scope)
        if name is None:
            await self.app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        try:
            check(name, _arguments(name, body, scope))
        except OptionError as error:
            status = 422 if name in ENDPOINTS else 404
            await JSONResponse({"detail": str(error), "error": str(error)}, status)(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, again, send)


def _called(scope: Scope) -> str | None:
    """The endpoint that a request calls; None where it calls none."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path = get_route_path(scope).rstrip("/")
    start = f"{PREFIX}/call/"
    if not path.startswith(start):
        return None
    name = path.removeprefix(start).removeprefix("v2/")
    return None if "/" in name else name


def _arguments(name: str, body: bytes, scope: Scope) -> Mapping[str, Any]:
    """What a call gives: an object by name, or the older form with a list in their order."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise OptionError("The body is no JSON object: give the arguments by their names.")
    if "/call/v2/" in get_route_path(scope):
        return {word: value for word, value in sent.items() if word != "oauth_token"}
    data, known = sent.get("data"), ENDPOINTS.get(name, ())
    if not isinstance(data, list):
        raise OptionError('The body has no list "data": give the arguments in their order, or use /call/v2/.')
    if known and len(data) > len(known):
        raise OptionError(f"{name} takes {len(known)} arguments, {len(data)} were given: {', '.join(known)}.")
    if known and len(data) < len(known):
        raise OptionError(f"The argument {known[len(data)]} is missing: {name} takes {', '.join(known)}.")
    return dict(zip(known, data, strict=True))
