"""Files that visitors send: each in a folder that is the visitor's alone, whole or not at all.

Gradio names an upload's folder by what is in it, so that two visitors with one photo share a file, keeps parts that
came to nothing, and holds text fields in memory. Here the form is read as it comes: files go to the disk, everything
else is dropped, and where anything goes wrong nothing stays.
"""

from __future__ import annotations

import errno
import logging
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.formparsers import MultiPartException

from inpaint_app.batch.naming import legal
from inpaint_app.errors import SaveError
from inpaint_app.server.guard.fairness import who_makes_room
from inpaint_app.server.guard.identity import Visitor
from inpaint_app.settings import Settings

FIELD = b"files"
MOST = 1000
"""Files in one form."""

REMEMBERED = 4096
"""Visitors whose folder is known."""

TRACKED = 1000
"""Uploads whose page may ask how far they are."""

PARTS = 2000
"""Parts in one form, those that are no files among them."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Upload:
    """A file on its way in, or in."""

    path: Path
    owner: Visitor
    bytes: int = 0
    at: float = field(default_factory=time.monotonic)
    whole: bool = False


@dataclass
class Progress:
    """How far the files of one form are."""

    owner: Visitor
    name: str = ""
    bytes: int = 0
    done: bool = False


class Uploads:
    """The uploads of one server, under its folder for them."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root.resolve()
        self.file_bytes = settings.max_megabytes * 1e6
        self.all_bytes = settings.uploads_gigabytes * 1e9 or float("inf")
        self._lock = threading.Lock()
        self._folders: OrderedDict[str, str] = OrderedDict()
        self._held: dict[Path, Upload] = {}
        self._bytes = 0
        self.progress: OrderedDict[str, Progress] = OrderedDict()

    def holds(self, path: Path, visitor: Visitor) -> bool:
        """Whether a path is that of a file which the visitor sent. Raises OSError, ValueError for what is no path."""
        place = path.resolve()
        if not place.is_relative_to(self.root) or not place.is_file():
            return False
        with self._lock:
            return visitor.vouched or place.relative_to(self.root).parts[0] == self._folders.get(visitor.key)

    async def receive(
        self, content_type: str, stream: AsyncIterator[bytes], visitor: Visitor, number: str = ""
    ) -> list[Path]:
        """Take a form's files in. Raises MultiPartException for a form that does not do, SaveError for a full disk."""
        kind, parameters = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not parameters.get(b"boundary"):
            raise MultiPartException("The upload is no form: expected multipart/form-data with a boundary.")
        form = _Form(self, visitor, self._tracked(number, visitor))
        try:
            parser = MultipartParser(parameters[b"boundary"], form.callbacks)  # type: ignore[arg-type]
            async for chunk in stream:
                if chunk:
                    parser.write(chunk)
                    await run_sync(form.write)
            parser.finalize()
            await run_sync(form.finish)
        except FormParserError as error:
            raise MultiPartException(f"The upload is a broken form ({error}): send it again.") from error
        except OSError as error:
            raise _full(error) from error
        finally:
            form.close()
        return [upload.path for upload in form.files]

    def begin(self, name: str, visitor: Visitor) -> Upload:
        """A fresh place for a file of the visitor's."""
        with self._lock:
            token = self._folders.setdefault(visitor.key, secrets.token_urlsafe(18))
            self._folders.move_to_end(visitor.key)
        folder = self.root / token / secrets.token_urlsafe(18)
        folder.mkdir(parents=True)
        upload = Upload(folder / legal(name), visitor)
        with self._lock:
            self._held[upload.path] = upload
        return upload

    def add(self, upload: Upload, size: int) -> None:
        """Room for `size` more bytes of a file: others are let go of, first of whoever sent most; raises SaveError."""
        while self._bytes + size > self.all_bytes:
            self.forget()
            with self._lock:
                over = self._bytes + size > self.all_bytes
                first = who_makes_room(
                    self._held.values(), lambda one: one.owner, lambda one: float(one.bytes), lambda one: one.at,
                    lambda one: one.whole and one is not upload,
                )  # fmt: skip
            if not over:
                break
            if first is None:
                raise SaveError("This server has no room for more files just now: try again in a minute.")
            self.drop(first)
        with self._lock:
            self._bytes += size
            upload.bytes += size

    def drop(self, upload: Upload) -> None:
        """Delete a file with its folder."""
        shutil.rmtree(upload.path.parent, ignore_errors=True)
        with self._lock:
            self._let_go(upload.path)

    def forget(self) -> None:
        """Forget files that were opened or deleted, and the folders of visitors who sent nothing for long."""
        with self._lock:
            for path in [path for path, upload in self._held.items() if upload.whole and not path.exists()]:
                self._let_go(path)
            while len(self._folders) > REMEMBERED:
                _, token = self._folders.popitem(last=False)
                shutil.rmtree(self.root / token, ignore_errors=True)

    def _let_go(self, path: Path) -> None:
        upload = self._held.pop(path, None)
        self._bytes -= upload.bytes if upload is not None else 0

    def _tracked(self, number: str, visitor: Visitor) -> Progress:
        progress = Progress(visitor)
        if number and len(number) <= 100:
            with self._lock:
                self.progress[number] = progress
                while len(self.progress) > TRACKED:
                    self.progress.popitem(last=False)
        return progress


class _Form:
    """The parts of one form as the parser finds them: files are written, everything else is dropped."""

    def __init__(self, uploads: Uploads, visitor: Visitor, progress: Progress) -> None:
        self.files: list[Upload] = []
        self._uploads = uploads
        self._visitor = visitor
        self._progress = progress
        self._parts = 0
        self._header, self._value, self._disposition = b"", b"", b""
        self._at: Upload | None = None
        self._open: IO[bytes] | None = None
        self._todo: list[tuple[str, bytes]] = []
        self._ended = False
        self._whole = False

    @property
    def callbacks(self) -> dict[str, Callable[..., None]]:
        """What the parser calls. It only notes; `write` does what was noted, in a thread."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._note_header("_header", data[start:end]),
            "on_header_value": lambda data, start, end: self._note_header("_value", data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": lambda data, start, end: self._note("data", data[start:end]),
            "on_part_end": lambda: self._note("end"),
            "on_end": self._end,
        }

    def write(self) -> None:
        """Do what the parser has noted; raises MultiPartException, SaveError, OSError."""
        todo, self._todo = self._todo, []
        for what, data in todo:
            if what == "file":
                self._at = self._uploads.begin(data.decode("utf-8", "replace"), self._visitor)
                self.files.append(self._at)
                self._progress.name, self._progress.bytes = self._at.path.name, 0
                self._open = self._at.path.open("xb")
            elif self._open is None or self._at is None:
                continue  # of a part that is no file
            elif what == "data":
                self._append(self._at, self._open, data)
            else:
                self._open.close()
                self._open = None

    def finish(self) -> None:
        """The form is over; raises MultiPartException where it is not whole, or holds no file."""
        self.write()
        if not self._ended:
            raise MultiPartException("The upload broke off: send it again.")
        if not self.files:
            raise MultiPartException("The upload holds no file: send it as the form's field 'files'.")
        for upload in self.files:
            upload.whole = True
        self._whole = True

    def close(self) -> None:
        """Whatever came of it: a form that is not whole leaves nothing."""
        if self._open is not None:
            self._open.close()
        if not self._whole:
            for upload in self.files:
                self._uploads.drop(upload)
        self._progress.done = True

    def _append(self, upload: Upload, file: IO[bytes], data: bytes) -> None:
        if upload.bytes + len(data) > self._uploads.file_bytes:
            raise MultiPartException(
                f"File size exceeded maximum allowed size of {self._uploads.file_bytes / 1e6:.3g} MB."
            )
        self._uploads.add(upload, len(data))
        file.write(data)
        self._progress.bytes += len(data)

    def _note(self, what: str, data: bytes = b"") -> None:
        self._todo.append((what, data))

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS or len(self.files) > MOST:
            raise MultiPartException(
                f"The upload has too many parts: at most {MOST} files are taken at once."
            )
        self._header, self._value, self._disposition = b"", b"", b""

    def _note_header(self, name: str, data: bytes) -> None:
        setattr(self, name, getattr(self, name) + data)  # the parser bounds headers

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") == FIELD and b"filename" in options:
            self._note("file", options[b"filename"].replace(b"\\", b"/").rpartition(b"/")[2])
        else:
            self._note("other")

    def _end(self) -> None:
        self._ended = True


def _full(error: OSError) -> SaveError:
    _log.warning("An upload could not be written (%s)", error.strerror or type(error).__name__)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SaveError("The server's disk is full: try again later.")
    return SaveError("The server cannot write the file just now: try again later.")
