"""The three endpoints as tools of the Model Context Protocol; needs the extra `mcp`.

Gradio's own server of tools is kept for its transport and its queue. What it would do with photos is not: it encodes a
result anew before it hands it out, which changes the known pixels of a JPEG, keeps what it is sent for good, and reads
long addresses while everyone waits.
"""

from __future__ import annotations

import base64
import contextlib
import json
import mimetypes
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio.mcp
from anyio.to_thread import run_sync
from gradio import route_utils
from gradio.mcp import GradioMCPServer
from gradio_client import Client  # type: ignore[import-untyped,unused-ignore]
from starlette.requests import Request
from starlette.responses import JSONResponse

from inpaint_app.errors import InpaintError
from inpaint_app.removal.session import Session
from inpaint_app.server import pictures
from inpaint_app.server.endpoints.arguments import FILES, check
from inpaint_app.server.endpoints.remote_inputs import Incoming
from inpaint_app.server.endpoints.schemas import tools
from inpaint_app.server.guard import access
from inpaint_app.server.guard.identity import Identities, Visitor
from inpaint_app.types import Progress, Ticket

SHOWN_BYTES = 700_000
SHOWN_SIDE = 1024
"""A result is shown to the assistant as it is up to this size; of a larger one it sees a small picture."""

SHOWABLE = {"image/jpeg", "image/png", "image/webp", "image/gif"}


def available() -> bool:
    """Whether the package is there."""
    return find_spec("mcp") is not None


@contextlib.contextmanager
def in_place(incoming: Incoming, identities: Identities, session: Session) -> Iterator[None]:
    """While this holds, a Gradio app that is launched serves our tools."""

    def make(blocks: Any) -> Tools:
        server = Tools(blocks)
        server.incoming, server.identities, server.session = incoming, identities, session
        return server

    theirs = gradio.mcp.GradioMCPServer
    gradio.mcp.GradioMCPServer = make  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        gradio.mcp.GradioMCPServer = theirs  # type: ignore[misc]


class Tools(GradioMCPServer):
    """The server of tools: schemas from `schemas.tools`, calls through Gradio's queue, files as they are."""

    incoming: Incoming
    identities: Identities
    session: Session

    def create_mcp_server(self) -> Any:
        """Gradio's server, with what is listed and what is called replaced."""
        server: Any = super().create_mcp_server()

        async def listed() -> list[Any]:
            return [self.types.Tool(**tool) for tool in tools(self.session.settings)]

        async def called(name: str, arguments: dict[str, Any]) -> Any:
            return await self._call(name, arguments)

        # as decorators mypy would judge them by whether the package mcp is installed
        server.list_tools()(listed)
        server.call_tool(validate_input=False)(called)  # by check, in words that name the argument
        return server

    async def get_complete_schema(self, request: Request) -> JSONResponse:
        """The list of tools as plain JSON."""
        return JSONResponse(list(tools(self.session.settings)))

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        check(name, arguments, named=True)
        context: Any = self.mcp_server.request_context
        visitor = self.identities.of(context.request)
        access.enter_as(visitor)
        root_url = route_utils.get_root_url(
            request=context.request, route_path=self.get_route_path(context.request), root_path=self.root_path
        )
        asked = {word: await self._asked(word, value, root_url, visitor) for word, value in arguments.items()}
        client = await run_sync(self._get_or_create_client)
        job = client.submit(**asked, api_name=f"/{name}", headers=self._passed_on(context.request))
        token = context.meta.progressToken if context.meta is not None else None
        if token is None:
            outputs = await run_sync(job.result)
        else:
            outputs = await self._execute_tool_with_progress(job, token)
        return await run_sync(self._answer, outputs, root_url, visitor)

    def _get_or_create_client(self) -> Any:
        """Gradio's client of this very server, which says from the start that it is no stranger."""
        if self._client_instance is None:
            context: Any = self.mcp_server.request_context
            route = self.get_route_path(context.request)
            root = route_utils.get_root_url(
                request=context.request, route_path=route, root_path=self.root_path
            )
            self._client_instance = Client(
                self.local_url or root,
                download_files=False,
                verbose=False,
                analytics_enabled=False,
                ssl_verify=False,
                _skip_components=False,
                headers={"x-gradio-user": "mcp", **self.identities.vouching()},
            )
        return self._client_instance

    def _passed_on(self, request: Request) -> dict[str, str]:
        """Headers for the call through the queue, so that a visitor stays the same one."""
        kept = {name: value for name, value in request.headers.items() if name == "x-ip-token"}  # ZeroGPU's
        return {**kept, **self.identities.vouching(request)}

    async def _asked(self, word: str, value: Any, root_url: str, visitor: Visitor) -> Any:
        """An argument as the endpoint takes it."""
        if word in FILES:
            path = await self.incoming.one(str(value), root_url, visitor)
            return {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}
        if word == "shots":
            return [await self._asked("photo", one, root_url, visitor) for one in value]
        if isinstance(value, dict):
            return json.dumps(value)
        if word == "objects" and isinstance(value, list):
            return ", ".join(map(str, value))
        return str(value) if word in ("grow", "feather") else value

    def _answer(self, outputs: tuple[Any, ...], root_url: str, visitor: Visitor) -> Any:
        """Report and address as text and as data, then the picture."""
        file = next(output for output in outputs if isinstance(output, dict) and "path" in output)
        report = next(output for output in outputs if output is not file)
        path = Path(file["path"])
        told = {"file": f"{root_url.rstrip('/')}/gradio_api/file={quote(str(path))}", "report": report}
        content = [self.types.TextContent(type="text", text=json.dumps(told, ensure_ascii=False))]
        shown, kind, said = self._shown(path, visitor)
        if shown:
            content.append(self.types.TextContent(type="text", text=said))
            data = base64.b64encode(shown).decode()
            content.append(self.types.ImageContent(type="image", data=data, mimeType=kind))
        return self.types.CallToolResult(content=content, structuredContent=told)

    def _shown(self, path: Path, visitor: Visitor) -> tuple[bytes, str, str]:
        """What an assistant sees of a file: its bytes, their type, and a sentence about them."""
        kind = mimetypes.guess_type(path.name)[0] or ""
        if kind in SHOWABLE and path.stat().st_size <= SHOWN_BYTES:
            return path.read_bytes(), kind, "The file itself:"
        try:
            photo = self.session.load(path, progress=Progress(ticket=Ticket(visitor.address)))
        except (InpaintError, OSError):
            return b"", "", ""
        small = pictures.small_jpeg(photo.rgb, SHOWN_SIDE, 85)
        return small, "image/jpeg", "A small picture of it; the file at the address above is the photo:"
