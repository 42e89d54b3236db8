"""What is served is listed; a route that a new version of Gradio brings is closed until somebody looked at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from inpaint_app.removal.session import Session
from inpaint_app.server.guard import routes
from inpaint_app.settings import Settings
from inpaint_app.ui.page import build, launch_options

CLOSED = (
    "/openapi.json", "/login", "/login/", "/logout", "/svelte/{path:path}", "/manifest.json", "/pwa_icon",
    "/pwa_icon/{size}", "/monitoring", "/monitoring/summary", "/monitoring/{key}", "/gradio_api/deep_link",
    *(f"{routes.PREFIX}/{name}" for name in (
        "user", "user/", "login_check", "login_check/", "token", "token/", "runs", "runs/", "queue/status", "reset/",
        "dev/reload",
        "run-history/connect", "run-history/buckets", "run-history/records",
        "run-history/records/{endpoint}/{record_id}/assets/{asset_id}",
        "custom_component/{id}/{environment}/{type}/{file_name}", "proxy={url_path:path}", "file/{path:path}",
        "stream/{event_id}", "stream/{event_id}/close", "stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
        "stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
        "stream/{session_hash}/{run}/{component_id}/playlist-file", "component_server", "component_server/",
        "process_recording", "vibe-edit", "vibe-edit/", "undo-vibe-edit", "undo-vibe-edit/", "vibe-code", "vibe-code/",
        "vibe-starter-queries/", "vibe-starter-queries", "profiling/traces", "profiling/summary", "profiling/clear",
    )),
)  # fmt: skip
"""Routes of Gradio's that were looked at and that nothing of ours uses."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running server that a proxy gives the path /tools/inpaint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("GRADIO_ROOT_PATH", "/tools/inpaint")
        page = build(Session(Settings.from_environment()))
        page.launch(
            **{**launch_options(page.session.settings), "server_name": "127.0.0.1"},
            prevent_thread_lock=True,
            quiet=True,
        )
        yield page
        page.close(verbose=False)


def installed(app: Any, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every route of a server with its methods; what is mounted is one."""
    for route in getattr(app, "routes", ()):
        if isinstance(route, Mount):
            yield before + route.path, {"GET"}
        elif isinstance(route, Route):
            yield before + route.path, set(route.methods or ())
        else:
            yield from installed(getattr(route, "original_router", route), before)


def test_every_route_of_the_installed_version_was_looked_at(page: Any) -> None:
    served = {route.template for route in routes.SERVED}
    assert not served & set(CLOSED)
    found = {template for template, _ in installed(page.app)}
    assert len(found) > 60
    known = served | set(CLOSED)
    assert {template for template in found if template not in known} == set(), (
        "new: list it as served, or as closed"
    )


def test_what_is_listed_is_there(page: Any) -> None:
    found = {template for template, _ in installed(page.app)}
    optional = {f"{routes.PREFIX}/mcp/{{path:path}}"}
    assert {route.template for route in routes.SERVED} - found <= optional


def test_a_new_route_is_closed(page: Any) -> None:
    async def new(request: Any) -> Any:
        raise AssertionError("it was reached")

    page.app.router.routes.insert(
        0, Route("/gradio_api/brand-new/{session_hash}", new, methods=["GET", "POST"])
    )
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
        answer = httpx.request(method, f"{page.local_url}gradio_api/brand-new/x", timeout=30)
        assert answer.status_code == 404


@pytest.mark.parametrize("prefix", ["", "tools/inpaint/"])
def test_closed_routes_do_not_exist_under_any_prefix(page: Any, prefix: str) -> None:
    with httpx.Client(base_url=page.local_url, timeout=30) as client:
        for template in CLOSED:
            address = prefix + template.lstrip("/").replace("{path:path}", "x").replace(
                "{url_path:path}", "x"
            )
            for method in ("GET", "POST"):
                answer = client.request(method, f"/{address}".replace("{", "").replace("}", ""))
                assert answer.status_code == 404, (method, address)
                assert answer.json()["error"] == "This address is not served here."
        for odd in ("/monitoring", "//monitoring", "/./monitoring", "/monitoring/", "/MONITORING",
                    "/tools/inpaint//monitoring", "/%6donitoring", "/gradio_api//call/x/y",
                    "/tools/inpaint/tools/inpaint/monitoring"):  # fmt: skip
            assert client.get(f"{page.local_url.rstrip('/')}{odd}").status_code == 404, odd


def test_what_the_page_needs_is_served_under_its_prefix(page: Any) -> None:
    with httpx.Client(base_url=page.local_url, timeout=30) as client:
        for address in (
            "",
            "config",
            "gradio_api/info",
            "theme.css",
            "health",
            "tools/inpaint/",
            "tools/inpaint/config",
        ):
            assert client.get(f"/{address}").status_code == 200, address


def test_a_websocket_is_closed() -> None:
    import asyncio

    from inpaint_app.server.guard.middleware import Guard

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def never(*given: Any) -> None:
        raise AssertionError("it was reached")

    class Doors:
        settings = Settings()

    asyncio.run(Guard(never, Doors())({"type": "websocket", "path": "/queue/join"}, never, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_path_of_a_proxy_opens_no_closed_route(page: Any) -> None:
    address = page.local_url.rstrip("/")
    for path in ("/monitoring", "/monitoring/summary", "/monitoring/x", "/gradio_api/token", "/login"):
        for before in ("", "/tools/inpaint", "/tools/inpaint/tools/inpaint", "/tools/inpaint/."):
            answer = httpx.get(f"{address}{before}{path}", timeout=60, follow_redirects=True)
            assert answer.status_code in (403, 404), (before, path)
    assert httpx.get(f"{address}/tools/inpaint/health", timeout=60).status_code == 200
