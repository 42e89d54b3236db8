"""The page: tabs, components, and which handler each event goes to."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import http_server
from gradio.exceptions import ServerFailedToStartError
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from inpaint_app.errors import InpaintError, printable
from inpaint_app.removal.session import Session
from inpaint_app.server import health
from inpaint_app.server.endpoints import jobs, mcp, removal
from inpaint_app.server.endpoints.arguments import ENDPOINTS, Arguments, check
from inpaint_app.server.endpoints.remote_inputs import Incoming
from inpaint_app.server.files import intake
from inpaint_app.server.files.cleaner import Cleaner
from inpaint_app.server.files.folders import Handed, ServerFolder, private_base
from inpaint_app.server.files.uploads import Uploads
from inpaint_app.server.guard import access
from inpaint_app.server.guard.hosts import Hosts, no_other_sites
from inpaint_app.server.guard.middleware import Guard
from inpaint_app.server.guard.server_paths import without_paths
from inpaint_app.server.visitors import Visits
from inpaint_app.server.work import AT_ONCE, THREADS
from inpaint_app.settings import Settings
from inpaint_app.ui import view_models
from inpaint_app.ui.remove import Remover
from inpaint_app.ui.studio import static, studio, styles, thumb
from inpaint_app.ui.tabs import batch, evaluate, help, models, trial
from inpaint_app.ui.theme import theme

_log = logging.getLogger(__name__)

SESSIONS = 512
"""Sessions that Gradio remembers, at 0.16 MB each; by itself it keeps 10,000."""

DEVICE = "device"
"""Events that use the device share one queue."""

PATIENCE = 60.0
"""Seconds that the server may take to start. Gradio by itself takes the next port after five, or says that a port which
it was given is in use, though the machine is only slow or busy."""


@contextmanager
def _patient() -> Iterator[None]:
    """While this holds, a server that is launched is waited for as long as its thread lives, up to PATIENCE."""
    kind: Any = http_server.Server
    theirs = kind.run_in_thread

    def run_in_thread(server: Any) -> None:
        if server.reloader:
            theirs(server)
            return
        server.thread = threading.Thread(target=server.run, daemon=True)
        server.thread.start()
        ends = time.monotonic() + PATIENCE
        while not server.started:
            if not server.thread.is_alive() or time.monotonic() > ends:
                raise ServerFailedToStartError("Nothing can listen there.")
            time.sleep(0.001)

    kind.run_in_thread = run_in_thread
    try:
        yield
    finally:
        kind.run_in_thread = theirs


class Page(gr.Blocks):
    """The page with what stands behind it."""

    session: Session
    visits: Visits
    incoming: Incoming
    uploads: Uploads
    folder: ServerFolder
    cleaner: Cleaner
    hosts: Hosts

    def launch(self, *given: Any, **options: Any) -> Any:
        """As Gradio has it, behind our guard, with our own uploads, and our own tools for some of the endpoints."""
        self.hosts.listening = options.get("server_name") or self.hosts.listening
        for block in self.blocks.values():
            if getattr(block, "elem_id", None) == evaluate.FOLDER and not self.hosts.private:
                block.visible = False
        self.hosts.shared = lambda: str(self.share_url or "")
        access.bind_queue(self._queue, self.visits)
        known = options.get("app_kwargs") or {}
        guard = Middleware(Guard, doors=access.doors(self))
        inside = intake.routes(self.uploads, self.visits.identities)
        options["app_kwargs"] = {
            **known,
            "middleware": [*known.get("middleware", ()), guard, Middleware(Arguments)],
            "routes": [*known.get("routes", ()), health.route(self.folder.root, self.cleaner.check), *inside],
        }
        jobs.note_cancels(self._queue)
        options["app_kwargs"]["routes"].append(jobs.reset_route(self._queue))
        self.cleaner.start()
        mine = mcp.in_place(self.incoming, self.visits.identities, self.session)
        with mine, no_other_sites(), _patient():
            return super().launch(*given, **options)

    def close(self, *given: Any, **options: Any) -> None:
        """As Gradio has it; what was written for visitors goes with the server."""
        super().close(*given, **options)
        self.cleaner.stop()
        self.folder.close()

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *given: Any, **options: Any) -> Any:
        """As Gradio has it, but a file that is named by an address is fetched under our limits, or not at all."""
        try:
            if block_fn.api_name in ENDPOINTS:
                check(block_fn.api_name, dict(zip(ENDPOINTS[block_fn.api_name], inputs, strict=False)))
            inputs = await self.incoming.all(inputs, access.at_hand())
        except InpaintError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return await super().preprocess_data(block_fn, inputs, *given, **options)

    async def process_api(self, *given: Any, **options: Any) -> Any:
        """As Gradio has it, but nothing is done in another's name, and no request is answered without a word."""
        try:
            access.enter(self.visits, options.get("request"))
            return await super().process_api(*given, **options)
        except gr.Error as error:
            error.message = printable(without_paths(str(error.message), self.session.settings))
            error.print_exception = (
                False  # Gradio's own would write its whole traceback, with what was sent in it
            )
            raise
        except InpaintError as error:
            said = without_paths(str(error), self.session.settings)
            raise gr.Error(said, print_exception=False) from error
        except Exception as error:  # of any kind: it is logged, and told without its innards
            _log.exception("Unexpected error behind a request")
            said = f"The request cannot be done as it is ({type(error).__name__})."
            raise gr.Error(said, print_exception=False) from error


def build(session: Session) -> Page:
    """The whole page over one session."""
    settings = session.settings
    keep = settings.keep_minutes * 60
    folder = ServerFolder(_base(), keep)
    uploads = Uploads(folder.uploads, settings)
    visits = Visits(folder.visits, settings, uploads)
    handed = Handed(folder.handed)
    page = Page(title="Inpaint", analytics_enabled=False, fill_width=True)
    page.api_open = False  # nothing that the queue bounds is had without it
    page.session, page.visits, page.uploads, page.folder = session, visits, uploads, folder
    page.incoming = Incoming(uploads, settings, visits.allowances)
    page.cleaner = Cleaner(folder, keep, visits.folders, (visits.sweep, uploads.forget))
    page.hosts = Hosts(settings)
    page.incoming.may_read = access.readable(visits, folder)
    atexit.register(folder.close)
    with page:
        gr.HTML(static("brand.html"), elem_id="masthead", js_on_load=static("names.js"))
        gr.HTML(static("shade.html"), elem_id="shade", js_on_load=static("shade.js"))
        with gr.Tabs(elem_id="pages"):
            with gr.Tab("Remove", id="remove"):
                _remove_tab(page, Remover(session, visits))
            with gr.Tab("Test on this photo", id="test"):
                trial.build(session, visits)
            with gr.Tab("Evaluate", id="evaluate"):
                evaluate.build(session, visits, page.hosts)
            with gr.Tab("Batch", id="batch"):
                batch.build(session, visits)
            with gr.Tab("Models", id="models"):
                models.build(visits, settings)
            with gr.Tab("Help", id="help"):
                help.build(mcp=mcp.available())
        removal.build(session, visits, handed)
    for block in page.blocks.values():
        block.GRADIO_CACHE = str(folder.root)
    # What queue(max_size=) sets; that would build the server once more.
    page._queue.max_size = session.settings.queue or None
    # Gradio sums up its last 10,000 events after each one, for a dashboard that is not shown.
    page._queue.ANALYTICS_MAX_EVENTS, page._queue.ANAYLTICS_CACHE_FREQUENCY = 16, 1 << 62
    return page


def launch_options(settings: Settings) -> dict[str, Any]:
    """What goes to `launch`: where it listens, looks, limits, and nothing from the network."""
    return {
        "server_name": settings.host or None,
        "server_port": settings.port or None,
        "share": False,
        "theme": theme(),
        "css": styles(),
        "footer_links": [],
        "show_error": False,
        "state_session_capacity": SESSIONS,
        "max_file_size": int(settings.max_megabytes * 1e6),
        "ssr_mode": False,
        "mcp_server": mcp.available(),
        "max_threads": THREADS,
        "pwa": False,
        "_frontend": False,  # else it asks itself for the page, and ends where a busy machine takes three seconds
        "favicon_path": str(Path(__file__).parent / "static" / "favicon.svg"),
    }


def _base() -> Path:
    """The folder in which each server makes its own; only files from there are served."""
    if not os.environ.get("GRADIO_TEMP_DIR"):
        os.environ["GRADIO_TEMP_DIR"] = str(private_base())
    return Path(get_upload_folder())


def _remove_tab(page: gr.Blocks, remover: Remover) -> None:
    thumbs = {name: thumb(path) for name, path in view_models.samples().items()}
    surface = studio(view_models.configuration(remover.session.settings), thumbs)
    long: dict[str, Any] = {
        "outputs": surface,
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": AT_ONCE,
        "concurrency_id": DEVICE,
    }
    short: dict[str, Any] = {**long, "concurrency_id": "short", "concurrency_limit": 16}
    # A line of its own: what waits to be opened, whose turns the decoder knows, holds up nothing else that is short.
    surface.open(remover.open, **{**short, "concurrency_id": "open", "concurrency_limit": AT_ONCE})
    surface.resume(remover.resume, **short)
    surface.ask(remover.ask, **short)
    surface.estimate(remover.estimate, **{**short, "trigger_mode": "always_last"})
    surface.find(remover.find, **long)
    surface.remove(remover.remove, **long)
    surface.prove(remover.prove, **long)
    surface.download(remover.download, **short)
    surface.keep(remover.keep, **short)
    surface.go(remover.go_to, **short)
    surface.mask(remover.mask, **short)
    surface.shots(remover.shots, **long)
    surface.select(remover.select, **long)
    surface.fetch(remover.fetch, **{**short, "concurrency_id": "fetch"})
    surface.detail(remover.detail, **{**short, "trigger_mode": "multiple"})
    surface.cancel(remover.cancel, queue=False, api_visibility="private", trigger_mode="multiple")
    page.unload(remover.leave)
