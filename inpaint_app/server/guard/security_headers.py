"""What a browser is told about each answer: who may frame it, and where what is in it may send or fetch.

Gradio's page needs inline scripts and evaluates the code of its components, so scripts cannot be named one by one; what
can be forbidden is every place to bring them from or send something to.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from inpaint_app.server.guard.routes import Kind

SPACES_FRAMES = "https://huggingface.co https://*.huggingface.co https://*.hf.space"
"""Whose pages show a Space in a frame of theirs."""

FRAME_SIZER = "https://cdnjs.cloudflare.com"
"""Where Gradio's page gets the script with which a Space's frame takes the height of what is in it."""

_PAGE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:{scripts}; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'{frames}"
)
_FILE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"


def headers_for(kind: Kind, spaces: bool) -> Mapping[str, str]:
    """The headers of answers of a kind. spaces: this is a Space, which stands in a frame of huggingface.co."""
    common = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
    if kind is Kind.FILE:
        private = {"cache-control": "private, no-store", "cross-origin-resource-policy": "same-origin"}
        return {**common, **private, "content-security-policy": _FILE}
    frames, scripts = (f" {SPACES_FRAMES}", f" {FRAME_SIZER}") if spaces else ("", "")
    policy = {"content-security-policy": _PAGE.format(frames=frames, scripts=scripts)}
    # The older header knows no names: where others may frame the page it has to be left out.
    return {**common, **policy} | ({} if spaces else {"x-frame-options": "SAMEORIGIN"})


def with_headers(send: Send, added: Mapping[str, str], cookie: str = "") -> Send:
    """A `send` that adds headers, and a Set-Cookie where there is one, to what is answered."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers[name] = value
            if cookie:
                headers.append("set-cookie", cookie)
        await send(message)

    return sending
