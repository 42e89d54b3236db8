"""Every known way in which a file holds a second picture of the same scene, as small files around a made person."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
import tifffile
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import png
from tests.photofile.carried import EXIF, TEXT, XMP, exifs, packet, packets, resources
from tests.photofile.leaks import block, jpeg, photo, small
from tests.photofile.photos import saved


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _jpeg_with(*segments: bytes, tail: bytes = b"") -> bytes:
    data = saved(photo()[0], "JPEG", quality=90)
    return data[:2] + b"".join(segments) + data[2:] + tail


def _extended(data: bytes) -> list[bytes]:
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">I", len(data))
    half = len(data) // 2
    return [
        segment(0xE1, XMP + packet("", f'xmpNote:HasExtendedXMP="{guid.decode()}"')),
        segment(0xE1, head + struct.pack(">I", 0) + data[:half]),
        segment(0xE1, head + struct.pack(">I", half) + data[half:]),
    ]


def jpegs() -> dict[str, bytes]:
    """JPEG files."""
    whole, rgb = jpeg(), small().tobytes()
    film = (
        struct.pack(">I4s4sI", 16, b"ftyp", b"mp42", 0) + struct.pack(">I4s", len(whole) + 8, b"mdat") + whole
    )
    found = {f"EXIF {name}": _jpeg_with(segment(0xE1, EXIF + data)) for name, data in exifs().items()}
    found |= {f"XMP {name}": _jpeg_with(segment(0xE1, XMP + data)) for name, data in packets().items()}
    found |= {
        f"8BIM {name}": _jpeg_with(segment(0xED, b"Photoshop 3.0\0" + data))
        for name, data in resources().items()
    }
    halves = resources()["thumbnail"]
    found |= {
        "8BIM in two": _jpeg_with(
            segment(0xED, b"Photoshop 3.0\0" + halves[:200]), segment(0xED, b"Photoshop 3.0\0" + halves[200:])
        ),
        "extended XMP": _jpeg_with(*_extended(packets()["GImage"])),
        "FlashPix": _jpeg_with(segment(0xE2, b"FPXR\0" + whole)),
        "FLIR": _jpeg_with(segment(0xE1, b"FLIR\0\1\0\0" + saved(small(), "PNG"))),
        "APP4": _jpeg_with(segment(0xE4, whole)),
        "APP15 samples": _jpeg_with(segment(0xEF, rgb)),
        "APP11": _jpeg_with(segment(0xEB, b"JP\0\1\0\0\0\1" + whole)),
        "JFXX": _jpeg_with(segment(0xE0, b"JFXX\0\x10" + whole)),
        "JFXX samples": _jpeg_with(segment(0xE0, b"JFXX\0\x13\x40\x30" + rgb)),
        "JFIF samples": _jpeg_with(segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\x40\x30" + rgb)),
        "comment": _jpeg_with(segment(0xFE, base64.b64encode(whole))),
        "profile": _jpeg_with(segment(0xE2, b"ICC_PROFILE\0\1\1" + whole)),
        "MPF": _jpeg_with(segment(0xE2, b"MPF\0II*\0" + bytes(60)), tail=whole),
        "gain map": _jpeg_with(
            segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)),
            segment(0xE1, XMP + packet("", 'hdrgm:Version="1.0"')), tail=whole,
        ),
        "motion photo": _jpeg_with(tail=film),
        "film without EOI": _jpeg_with(tail=film[:-2]),
        "trailing samples": _jpeg_with(tail=rgb),
        "trailing base64": _jpeg_with(tail=base64.b64encode(whole)),
        "trailing zip": _jpeg_with(tail=zlib.compress(whole)),
    }  # fmt: skip
    return found


def _png_with(*chunks: tuple[bytes, bytes], tail: bytes = b"") -> bytes:
    data = saved(photo()[0], "PNG")
    return data[:33] + b"".join(png.chunk(*c) for c in chunks) + data[33:] + tail


def _raw_profile(name: str, data: bytes) -> bytes:
    digits = data.hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    return f"\n{name}\n{len(data):8}\n{lines}\n".encode()


def pngs() -> dict[str, bytes]:
    """PNG files."""
    whole, exif = jpeg(), exifs()["thumbnail"]
    key = b"Raw profile type "
    profiles = {"exif": EXIF + exif, "APP1": EXIF + exif, "iptc": resources()["thumbnail"],
                "xmp": packets()["thumbnails"], "8bim": resources()["thumbnail"], "other": whole}  # fmt: skip
    found = {f"eXIf {name}": _png_with((b"eXIf", data)) for name, data in exifs().items()}
    for name, data in profiles.items():
        raw, keyword = _raw_profile(name, data), key + name.encode() + b"\0"
        found[f"zTXt {name}"] = _png_with((b"zTXt", keyword + b"\0" + zlib.compress(raw)))
        found[f"tEXt {name}"] = _png_with((b"tEXt", keyword + raw))
    for name, data in packets().items():
        found[f"iTXt {name}"] = _png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + data))
    found |= {
        "packed XMP": _png_with(
            (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packets()["thumbnails"]))
        ),
        "base64 text": _png_with((b"tEXt", b"Comment\0" + base64.b64encode(whole))),
        "credentials": _png_with((b"caBX", struct.pack(">I4s", len(whole) + 8, b"jumb") + whole)),
        "unknown chunk": _png_with((b"prVw", whole)),
        "samples": _png_with((b"prVw", small().tobytes())),
        "trailing": _png_with(tail=whole),
    }
    return found


def _webp_with(*chunks: tuple[bytes, bytes], tail: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(photo()[0]).save(buffer, "WEBP", lossless=True, exif=EXIF + block("<", list(TEXT)))
    data = buffer.getvalue()[12:]
    data = b"".join([data, *(k + struct.pack("<I", len(c)) + c + b"\0" * (len(c) % 2) for k, c in chunks)])
    return b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data + tail


def webps() -> dict[str, bytes]:
    """WebP files."""
    found = {
        f"EXIF {name}": saved(photo()[0], "WEBP", lossless=True, exif=EXIF + data)
        for name, data in exifs().items()
    }
    found |= {
        f"XMP {name}": saved(photo()[0], "WEBP", lossless=True, xmp=data) for name, data in packets().items()
    }
    return found | {
        "lossy": saved(photo()[0], "WEBP", quality=90, exif=EXIF + exifs()["thumbnail"]),
        "unknown chunk": _webp_with((b"prVw", jpeg())),
        "credentials": _webp_with((b"C2PA", jpeg())),
        "trailing": _webp_with(tail=jpeg()),
    }


def tiffs() -> dict[str, bytes]:
    """TIFF files."""
    whole, rgb = jpeg(), small().tobytes()
    tags: dict[str, tuple[int, int, bytes]] = {
        "layers": (37724, 7, b"Adobe Photoshop Document Data Block\0" + rgb), "XMP": (700, 1, packets()["thumbnails"]),
        "Photoshop": (34377, 7, resources()["thumbnail"]),
        "IPTC samples": (33723, 7, b"\x1c\x02\xca\x10\0" + rgb[:4096]),
        "unknown JPEG": (50000, 7, whole), "unknown samples": (50001, 1, rgb), "private": (50740, 1, whole),
        "raw file": (50828, 7, saved(small(), "TIFF")),
    }  # fmt: skip
    found = {}
    for name, (tag, kind, value) in tags.items():
        buffer = io.BytesIO()
        tifffile.imwrite(
            buffer, photo()[0], photometric="rgb", extratags=[(tag, kind, len(value), value, True)]
        )
        found[name] = buffer.getvalue()
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(photo()[0], photometric="rgb", compression="zlib", subifds=1)
        file.write(small(), photometric="rgb", subfiletype=1)
    return found | {"reduced": buffer.getvalue()}


def boxes() -> dict[str, bytes]:
    """HEIC and AVIF files."""
    found = {}
    for name in ("thumbnail", "plain thumbnail", "note, whole", "comment"):
        exif = EXIF + exifs()[name]
        found[f"HEIF EXIF {name}"] = _heif(exif=exif)
        found[f"AVIF EXIF {name}"] = saved(photo()[0], "AVIF", exif=exif, speed=10)
    for name in ("thumbnails", "unknown attribute"):
        found[f"HEIF XMP {name}"] = _heif(xmp=packets()[name])
        found[f"AVIF XMP {name}"] = saved(photo()[0], "AVIF", xmp=packets()[name], speed=10)
    found["HEIF thumbnail"] = _heif(thumbnails=[64])
    found["HEIF trailing"] = _heif() + jpeg()
    return found


def _heif(**options: object) -> bytes:
    file = pillow_heif.from_pillow(PillowImage.fromarray(photo()[0]))
    buffer = io.BytesIO()
    file.save(buffer, quality=90, enc_params={"preset": "ultrafast"}, **options)
    return buffer.getvalue()


def gifs() -> dict[str, bytes]:
    """GIF files."""
    picture = PillowImage.fromarray(photo()[0]).quantize(64)
    data = saved(picture, "GIF")
    text = base64.b64encode(jpeg())
    blocks = (
        b"".join(bytes([len(text[i : i + 255])]) + text[i : i + 255] for i in range(0, len(text), 255))
        + b"\0"
    )
    at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    xmp = packets()["thumbnails"] + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return {
        "comment": data[:at] + b"\x21\xfe" + blocks + data[at:],
        "application": data[:at] + b"\x21\xff\x0bPREVIEW1.00" + blocks + data[at:],
        "XMP": data[:at] + b"\x21\xff\x0bXMP DataXMP" + xmp + data[at:],
        "trailing": data + jpeg(),
    }


def bmps() -> dict[str, bytes]:
    """BMP and ICO files."""
    return {"trailing": saved(photo()[0], "BMP") + jpeg()}


FAMILIES: dict[str, Callable[[], dict[str, bytes]]] = {
    "JPEG": jpegs, "PNG": pngs, "WEBP": webps, "TIFF": tiffs, "boxes": boxes, "GIF": gifs, "BMP": bmps,
}  # fmt: skip
