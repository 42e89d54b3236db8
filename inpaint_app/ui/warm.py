"""Once the page is up, the heavy libraries are loaded behind it, so that the first click is quick."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.errors import InpaintError
from inpaint_app.photofile import files
from inpaint_app.removal.session import Request, Session

_log = logging.getLogger(__name__)


def warm_up(session: Session) -> threading.Thread:
    """Fill a small hole with the default backend, look for objects in a grey image and compile the exemplar engine."""
    thread = threading.Thread(target=_warm, args=(session,), daemon=True, name="warm-up")
    thread.start()
    return thread


def _warm(session: Session) -> None:
    image = np.full((96, 96, 3), 128, np.uint8)
    mask = np.zeros((96, 96), bool)
    mask[40:56, 40:56] = True
    steps: tuple[Callable[[], object], ...] = (
        session.decoder.warm if session.decoder is not None else int,
        lambda: session.run(image, Request(mask=mask)),
        files.warm_up,
        lambda: session.detect(image),
        lambda: session.warm(backends.DEFAULT),
    )
    for work in steps:
        try:
            work()
        except InpaintError as error:
            _log.info("Not warmed up: %s", error)
