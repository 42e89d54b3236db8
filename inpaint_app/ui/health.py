"""Whether this server can take work up, for a container's health check and for whoever watches over it: GET /health."""

from __future__ import annotations

import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def health(request: Request) -> Response:
    """200 where uploads and results can be written, 503 and the reason where they cannot (a full disk)."""
    try:
        folder = Path(get_upload_folder())
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        return JSONResponse({"status": "failing", "reason": f"no file can be written: {error.strerror}"}, 503)
    return JSONResponse({"status": "ok", "version": _version()})


def _version() -> str:
    try:
        return version("inpaint-app")
    except PackageNotFoundError:  # run from a folder, as on Spaces
        return "source"


ROUTE = Route("/health", health, methods=["GET"])
