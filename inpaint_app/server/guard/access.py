"""Binds Gradio's queue, calls and files to the visitors that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from inpaint_app.server.files.folders import ServerFolder
from inpaint_app.server.guard import bodies
from inpaint_app.server.guard.identity import NOBODY, Visitor
from inpaint_app.server.guard.middleware import Doors
from inpaint_app.server.guard.ownership import ANOTHERS
from inpaint_app.server.visitors import Visits

_at_hand: ContextVar[Visitor] = ContextVar("visitor", default=NOBODY)


def enter(visits: Visits, request: Any) -> None:
    """A call begins: whose it is, and that its session is that visitor's. Raises NotYours."""
    if request is None or isinstance(request, list):
        return
    _at_hand.set(visits.admit(request) if request.session_hash else visits.identities.of(request))


def at_hand() -> Visitor:
    """Whose call it is."""
    return _at_hand.get()


def enter_as(visitor: Visitor) -> None:
    """What follows is done for that visitor."""
    _at_hand.set(visitor)


def readable(visits: Visits, folder: ServerFolder) -> Callable[[Path], bool]:
    """Tells whether the visitor of the call at hand may read a file."""
    return lambda path: may_read(visits, folder, str(path), _at_hand.get())


def may_read(visits: Visits, folder: ServerFolder, named: str, visitor: Visitor) -> bool:
    """Whether a path is that of a file of the visitor's, or one handed out under an address that cannot be guessed."""
    try:
        path = Path(named).resolve()
        if not path.is_file():
            return False
        if path.is_relative_to(folder.visits):
            return visits.owns(visitor, path.relative_to(folder.visits).parts[0])
        return path.is_relative_to(folder.handed) or visits.sent(path, visitor)
    except (OSError, ValueError):
        return False


def bind_queue(queue: Any, visits: Visits) -> None:
    """No event comes into Gradio's queue in the name of another's session, and each is its visitor's alone."""
    theirs = queue.push
    if getattr(theirs, "bound", False):
        return
    held = visits.owners.alive
    visits.owners.alive = lambda name: held(name) or bool(queue.pending_event_ids_session.get(name))
    visits.events.alive = lambda name: name in queue.event_ids_to_events
    waiting = bodies.Waiting(visits.events.alive)

    async def push(body: Any, request: Any, username: str | None) -> Any:
        visitor = visits.identities.of(request)
        if body.session_hash is not None and not visits.owners.admit(body.session_hash, visitor):
            return False, ANOTHERS, "error"
        size = bodies.at_hand.get()
        if not waiting.admits(visitor, size):
            return False, "Too much of what was sent waits here: wait for it, or send less.", "queue_full"
        success, event, state = await theirs(body=body, request=request, username=username)
        if success and not visits.events.admit(event, visitor):
            return False, "Too many calls of yours wait here: wait for one.", "queue_full"
        if success:
            waiting.hold(event, visitor, size)
        return success, event, state

    push.bound = True  # type: ignore[attr-defined]
    queue.push = push


def is_due(queue: Any, event: str) -> bool:
    """Whether anything of an event is still to be told; Gradio would wait for what was told already without end."""
    return any(event in events for events in list(queue.pending_event_ids_session.values()))


def doors(page: Any) -> Doors:
    """What the guard asks of a page (page.Page)."""
    visits: Visits = page.visits
    return Doors(
        settings=visits.settings,
        hosts=page.hosts,
        identities=visits.identities,
        sessions=visits.owners,
        events=visits.events,
        file=lambda named, visitor: may_read(visits, page.folder, named, visitor),
        heard=lambda session: session in page._queue.pending_messages_per_session,
        due=lambda event: is_due(page._queue, event),
    )
