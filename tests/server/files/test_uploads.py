"""Uploads take no more disk than they may, and whoever sent most makes room; a page hears how far its own is alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inpaint_app.errors import SaveError
from inpaint_app.server.files.uploads import Uploads
from inpaint_app.server.guard.identity import Visitor
from inpaint_app.settings import Settings

ME, GREEDY = Visitor("me", "192.0.2.1"), Visitor("greedy", "203.0.113.5")


def form(*sizes: int) -> bytes:
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        + bytes(size)
        + b"\r\n"
        for size in sizes
    )
    return parts + b"--b--\r\n"


def send(uploads: Uploads, visitor: Visitor, *sizes: int) -> list[Path]:
    async def stream() -> AsyncIterator[bytes]:
        data = form(*sizes)
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    return asyncio.run(uploads.receive("multipart/form-data; boundary=b", stream(), visitor))


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path, Settings(uploads_gigabytes=1e-5, max_megabytes=0.009))


def test_whoever_sent_most_makes_room(uploads: Uploads) -> None:
    (mine,) = send(uploads, ME, 2000)
    theirs = [send(uploads, GREEDY, 2000)[0] for _ in range(6)]
    assert mine.exists()
    assert [path.exists() for path in theirs] == [False, False, True, True, True, True]
    assert sum(path.stat().st_size for path in uploads.root.rglob("*.png")) <= 10_000


def test_what_can_never_fit_is_refused_and_leaves_nothing(uploads: Uploads) -> None:
    (mine,) = send(uploads, ME, 2000)
    with pytest.raises(SaveError, match="no room"):
        send(uploads, GREEDY, 6000, 6000)
    assert list(uploads.root.rglob("*.png")) in ([], [mine])


def test_files_are_held_by_their_sender_alone(uploads: Uploads, tmp_path: Path) -> None:
    (mine,), (theirs,) = send(uploads, ME, 10), send(uploads, GREEDY, 10)
    assert uploads.holds(mine, ME)
    assert not uploads.holds(mine, GREEDY)
    assert not uploads.holds(theirs, ME)
    assert not uploads.holds(mine.parent, ME)
    assert not uploads.holds(mine.parent / ".." / ".." / theirs.relative_to(mine.parents[2]), ME)
    link = mine.with_name("link.png")
    link.symlink_to(theirs)
    assert not uploads.holds(link, ME)
    assert uploads.holds(mine, Visitor("vouched", "", vouched=True))
