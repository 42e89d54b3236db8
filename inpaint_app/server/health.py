"""Whether this server can take work up, for a container's health check and for whoever watches over it: GET /health."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def route(folder: Path, cleaner: Callable[[], str]) -> Route:
    """The address. folder: where files have to be writable; cleaner: tells what is wrong with what deletes them."""

    def health(request: Request) -> Response:
        reason = unwritable(folder) or cleaner()
        if reason:
            return JSONResponse({"status": "failing", "reason": reason}, 503)
        return JSONResponse({"status": "ok", "version": _version()})

    return Route("/health", health, methods=["GET"])


def unwritable(folder: Path) -> str:
    """Why uploads and results cannot be written (a full disk), "" where they can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        return f"no file can be written: {error.strerror}"
    return ""


def _version() -> str:
    try:
        return version("inpaint-app")
    except PackageNotFoundError:  # run from a folder, as on Spaces
        return "source"
