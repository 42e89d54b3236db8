"""A photo's bytes from wherever they are named, whole and within the limit; nothing is decoded."""

from __future__ import annotations

from pathlib import Path

from inpaint_app.errors import PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile.photo import Limits


def taken(source: str | Path | bytes, name: str | None, limits: Limits) -> tuple[bytes, str]:
    """A file's bytes, whole, and its name; nothing is decoded. Raises UnreadablePhoto, PhotoTooLarge."""
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), name or "photo"
    else:
        path = Path(source)
        name = name or path.name
        try:
            if path.is_dir():
                raise UnreadablePhoto(f"{path} is a folder; give a photo file.")
            if path.exists() and not path.is_file():
                raise UnreadablePhoto(f"{path} is a device or a pipe; give a photo file.")
            size = path.stat().st_size
            _check_bytes(size, name, limits)
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise UnreadablePhoto(f"There is no file {path}; check its name and folder.") from error
        except (OSError, ValueError) as error:
            raise UnreadablePhoto(f"{path} cannot be read ({error}); check its permissions.") from error
    _check_bytes(len(data), name, limits)
    if not data:
        raise UnreadablePhoto(f"{name} is empty (0 bytes); take the photo from its source again.")
    return data, name


def _check_bytes(size: int, name: str, limits: Limits) -> None:
    if size > limits.megabytes * 1e6:
        raise PhotoTooLarge(
            f"{name} has {size / 1e6:.1f} MB; the limit is {limits.megabytes:g} MB. "
            "Raise the limit in the settings, or give a smaller file."
        )
