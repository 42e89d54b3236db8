"""A whole JPEG coded anew, for files whose blocks cannot be edited one by one."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image as PillowImage
from PIL import JpegImagePlugin

from inpaint_app.photofile.encoders import Written, saved
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg.bytes import segment
from inpaint_app.photofile.jpeg.file import JpegError, parse
from inpaint_app.photofile.jpeg.metadata import kept
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.samples.native import Native, shown


def jpeg_again(photo: Photo, native: Native, edit: Edit, reason: str) -> Written:
    """The whole JPEG coded anew at its own quantisation tables and sampling, with its metadata."""
    source = PillowImage.open(io.BytesIO(photo.source), formats=["JPEG", "MPO"])
    options: dict[str, Any] = {"qtables": getattr(source, "quantization", None)}
    sampling = JpegImagePlugin.get_sampling(source)
    options["subsampling"] = sampling if sampling >= 0 else 0
    options["progressive"] = bool(source.info.get("progressive"))
    if native.mode in ("RGB", "L", "CMYK"):
        image = PillowImage.fromarray(np.ascontiguousarray(native.samples), native.mode)
    else:
        image = PillowImage.fromarray(shown(native))
    data = saved(image, "JPEG", options)
    edit.note(f"the whole picture was coded anew at the same tables, because {reason}")
    return Written(_with_segments_of(photo, data, edit), "jpeg-reencoded")


def _with_segments_of(photo: Photo, data: bytes, edit: Edit) -> bytes:
    """The new file with the photo's APPn and COM segments in front of its own."""
    held, position, old = [], 2, photo.source
    while position + 4 <= len(old) and old[position] == 0xFF and old[position + 1] not in (0xDA, 0xD9):
        marker, length = old[position + 1], int.from_bytes(old[position + 2 : position + 4])
        content = old[position + 4 : position + 2 + length]
        if (0xE0 <= marker <= 0xEF or marker == 0xFE) and marker != 0xEE and len(content) == length - 2:
            held.append((marker, content))
        position += 2 + length
    done = zip(held, kept(held, edit), strict=True)
    carried = [segment(marker, content) for (marker, _), parts in done for content in parts]
    try:
        file = parse(data)
    except JpegError:
        return data
    start = (
        file.segments[0][2] if file.segments[0][0] == 0xE0 and any(part[1] == 0xE0 for part in carried) else 2
    )
    return b"\xff\xd8" + b"".join(carried) + data[start:]
