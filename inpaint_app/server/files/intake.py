"""The addresses to which files are sent, and where their page asks how far they are: Gradio's own are not used."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from inpaint_app.errors import SaveError
from inpaint_app.server.files.uploads import Uploads
from inpaint_app.server.guard.identity import Identities
from inpaint_app.server.guard.routes import PREFIX

LOOK_EVERY = 0.1
BEGUN_SECONDS = 3.0
"""How long a page may ask for an upload before it has begun."""

SILENT_SECONDS = 15.0


def routes(uploads: Uploads, identities: Identities) -> list[Route]:
    """Where files are sent to, and how far they are."""

    async def upload(request: Request) -> Response:
        number = request.query_params.get("upload_id", "")
        kind = request.headers.get("content-type", "")
        try:
            paths = await uploads.receive(kind, request.stream(), identities.of(request), number)
        except MultiPartException as error:
            return PlainTextResponse(error.message, 413 if "maximum allowed size" in error.message else 400)
        except SaveError as error:
            return PlainTextResponse(str(error), 507)
        return JSONResponse([str(path) for path in paths])

    async def progress(request: Request) -> Response:
        number, visitor = request.query_params.get("upload_id", ""), identities.of(request)
        ends = time.monotonic() + BEGUN_SECONDS
        while number not in uploads.progress and time.monotonic() < ends:
            await asyncio.sleep(LOOK_EVERY)
        known = uploads.progress.get(number)
        if known is None or known.owner.key != visitor.key:
            return PlainTextResponse("Upload not found", 404)
        return StreamingResponse(_told(uploads, number), media_type="text/event-stream")

    return [
        Route(f"{PREFIX}/upload", upload, methods=["POST"]),
        Route(f"{PREFIX}/upload_progress", progress, methods=["GET"]),
    ]


async def _told(uploads: Uploads, number: str) -> AsyncIterator[str]:
    """What Gradio's page expects to hear: each time the bytes that came since, and that it is done."""
    known, told, silent = uploads.progress[number], 0, time.monotonic()
    name = known.name
    while not known.done:
        if known.name != name:
            name, told = known.name, 0
        if known.bytes > told:
            yield _line({"msg": "update", "orig_name": name, "chunk_size": known.bytes - told})
            told, silent = known.bytes, time.monotonic()
        elif time.monotonic() - silent > SILENT_SECONDS:
            yield _line({"msg": "heartbeat"})
            silent = time.monotonic()
        await asyncio.sleep(LOOK_EVERY)
    yield _line({"msg": "done"})
    uploads.progress.pop(number, None)


def _line(message: dict[str, object]) -> str:
    return f"data: {json.dumps(message)}\n\n"
