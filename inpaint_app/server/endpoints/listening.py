"""Whether anybody still listens to a call: what nobody hears any more is not worth its work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gradio.context import LocalContext

DEAF_SECONDS = 8.0
"""A call whose messages nobody has taken for so long is given up: the client never asked for them, or reads no more."""

LONGEST_LOOK = 1.0
"""Seconds between two looks that count at most: where a busy server does not get round, nobody could have listened."""


def departed(clock: Callable[[], float] = time.monotonic) -> Callable[[], bool]:
    """A function that tells whether the client of the event at hand has cancelled it, gone away, or never listened.

    Gradio stops a function that yields when its client goes, but neither one that returns, nor any whose client sent
    it off and never asked for the answer: so its queue is asked. A call that did not come through the queue has no
    event there, and is never taken for departed.
    """
    blocks: Any = LocalContext.blocks.get(None)
    event_id = LocalContext.event_id.get(None)
    if blocks is None or event_id is None:
        return lambda: False
    queue = blocks._queue
    cancelled = getattr(queue, "cancelled", ())
    event = queue.event_ids_to_events.get(event_id)
    if event is None:
        return lambda: event_id in cancelled
    looked, deaf = clock(), 0.0

    def gone() -> bool:
        nonlocal looked, deaf
        # A cancel takes the event out of what its session waits for; a closed connection marks it as not alive.
        waited = queue.pending_event_ids_session.get(event.session_hash, ())
        if not event.alive or event_id in cancelled or event_id not in waited:
            return True
        # Whoever listens takes each message at once.
        messages = queue.pending_messages_per_session.get(event.session_hash)
        now = clock()
        heard = messages is not None and messages.empty()
        deaf = 0.0 if heard else deaf + min(now - looked, LONGEST_LOOK)
        looked = now
        return deaf > DEAF_SECONDS

    return gone
