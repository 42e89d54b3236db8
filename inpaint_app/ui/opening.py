"""The photo that a visitor opens: a file that arrived, a sample, or another frame of the photo that is open."""

from __future__ import annotations

from inpaint_app.batch.naming import legal
from inpaint_app.photofile.files import Photo
from inpaint_app.removal.session import Session
from inpaint_app.server.visitors import Visit
from inpaint_app.types import Progress
from inpaint_app.ui import messages
from inpaint_app.ui.messages import Message, Sent


def opened(session: Session, visit: Visit, sent: Sent, message: Message, progress: Progress) -> Photo:
    """Take it in. Raises UnreadablePhoto, PhotoTooLarge, OptionError."""
    frame = messages.integer(message["frame"]) if message.get("frame") else None
    if frame is not None and not message.get("path") and not message.get("sample"):
        photo = visit.opened()
        return session.load(photo.source, name=photo.name, frame=frame, progress=progress)
    with messages.taken(sent, message) as path:
        name = legal(str(message.get("name") or path.name))
        return session.load(path, name, frame, progress)
