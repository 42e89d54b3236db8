"""A mask as text, as recipes hold it, and back."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np

from inpaint_app.errors import OptionError
from inpaint_app.types import Mask

ENCODING = "bits-zlib"


def packed(mask: Mask) -> dict[str, str]:
    """A mask as text: rows of bits, the first pixel highest, each row padded to whole bytes; zlib; base64."""
    bits = zlib.compress(np.packbits(mask, axis=1).tobytes(), 6)
    return {"encoding": ENCODING, "data": base64.b64encode(bits).decode("ascii")}


def unpacked(value: Any, shape: tuple[int, int], name: str) -> Mask:
    """The mask of a recipe; what it unpacks to is bounded by the photo's size, whatever the data claim."""
    if (
        not isinstance(value, dict)
        or value.get("encoding") != ENCODING
        or not isinstance(value.get("data"), str)
    ):
        raise OptionError(f"The recipe's {name} is {ascii(value)[:40]}, expected {ENCODING} data in base64.")
    across = -(-shape[1] // 8)
    expected = shape[0] * across
    unpacker = zlib.decompressobj()
    try:
        bits = unpacker.decompress(base64.b64decode(value["data"], validate=True), expected + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise OptionError(f"The recipe's {name} cannot be read ({error}): the recipe is damaged.") from None
    if len(bits) != expected or not unpacker.eof:
        raise OptionError(
            f"The recipe's {name} is not of {shape[1]}×{shape[0]} pixels: the recipe is damaged."
        )
    rows = np.frombuffer(bits, np.uint8).reshape(shape[0], across)
    return np.unpackbits(rows, axis=1, count=shape[1]).view(bool)
