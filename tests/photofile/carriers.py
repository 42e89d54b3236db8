"""Every known way in which a file holds a second picture of the same scene, as small files around a made person."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pillow_heif
import tifffile
from PIL import Image as PillowImage

from inpaint_app.photofile.containers import png
from tests.photofile.leaks import Entry, block, jpeg, photo, small
from tests.photofile.photos import saved

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_TEXT: list[Entry] = [(271, 2, b"Maker\0"), (306, 2, b"2026:01:02 03:04:05\0"), (315, 2, b"Somebody\0")]


def _thumbnail(order: str) -> list[Entry]:
    data = jpeg()
    return [
        (259, 3, struct.pack(order + "H", 6)),
        (513, 4, b"@" + data),
        (514, 4, struct.pack(order + "I", len(data))),
    ]


def _plain(order: str, samples: bytes, photometric: int, planar: int = 1, planes: int = 3) -> list[Entry]:
    def short(*values: int) -> bytes:
        return struct.pack(f"{order}{len(values)}H", *values)

    return [
        (256, 3, short(64)), (257, 3, short(48)), (258, 3, short(*[8] * planes)), (259, 3, short(1)),
        (262, 3, short(photometric)), (273, 4, b"@" + samples), (277, 3, short(planes)), (278, 3, short(48)),
        (279, 4, struct.pack(order + "I", len(samples))), (284, 3, short(planar)),
    ]  # fmt: skip


def note(data: bytes, head: bytes = b"MAKER\0\1\0") -> list[Entry]:
    """A maker's note that holds data between numbers of its own."""
    return [(37500, 7, head + bytes(range(1, 60)) + data + b"serial 12345\0\0")]


def _swapped(data: bytes, size: int) -> bytes:
    padded = data + bytes(-len(data) % size)
    return np.frombuffer(padded, f"u{size}").byteswap().tobytes()


def exifs() -> dict[str, bytes]:
    """EXIF blocks, without their prefix."""
    rgb, whole = small().tobytes(), jpeg()
    planar = np.ascontiguousarray(small().transpose(2, 0, 1)).tobytes()
    ycc = np.asarray(PillowImage.fromarray(small()).convert("YCbCr")).tobytes()
    packed = zlib.compress(saved(small(), "PNG"))
    nested = struct.pack("<H", 1) + struct.pack("<HHII", 0x0201, 4, 1, 60) + bytes(4) + whole
    text = base64.b64encode(whole)
    found = {
        "thumbnail": block("<", _TEXT, second=_thumbnail("<")),
        "thumbnail big-endian": block(">", _TEXT, second=_thumbnail(">")),
        "plain thumbnail": block("<", _TEXT, second=_plain("<", rgb, 2)),
        "planar thumbnail": block("<", _TEXT, second=_plain("<", planar, 2, planar=2)),
        "YCbCr thumbnail": block(">", _TEXT, second=_plain(">", ycc, 6)),
        "orphan": block("<", _TEXT, tail=whole),
        "orphan samples": block("<", _TEXT, tail=rgb),
        "comment": block("<", _TEXT, [(37510, 7, b"ASCII\0\0\0" + text)]),
        "unknown entry": block("<", [*_TEXT, (50000, 7, rgb)]),
        "reduced picture": block("<", [*_TEXT, *_plain("<", rgb, 2)]),
        "XMP": block("<", [*_TEXT, (700, 1, packet(thumbnails()))]),
    }
    notes = {
        "whole": whole, "nested": nested, "no SOI": whole[2:], "no EOI": whole[:-2], "broken SOI": b"\0" + whole[1:],
        "neither": whole[20:-2], "swapped": _swapped(whole, 2), "swapped by four": _swapped(whole, 4), "samples": rgb,
        "planes": planar, "zlib": packed, "base64": text,
    }  # fmt: skip
    return found | {f"note, {name}": block("<", _TEXT, note(data)) for name, data in notes.items()}


def thumbnails() -> str:
    text = base64.b64encode(jpeg()).decode()
    return f"""<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:width>64</xmpGImg:width>
      <xmpGImg:height>48</xmpGImg:height><xmpGImg:format>JPEG</xmpGImg:format>
      <xmpGImg:image>{"&#xA;".join(text[i : i + 76] for i in range(0, len(text), 76))}</xmpGImg:image>
      </rdf:li></rdf:Alt></xmp:Thumbnails>"""


SPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/", "xmpGImg": "http://ns.adobe.com/xap/1.0/g/img/",
    "dc": "http://purl.org/dc/elements/1.1/", "GImage": "http://ns.google.com/photos/1.0/image/",
    "GDepth": "http://ns.google.com/photos/1.0/depthmap/", "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Container": "http://ns.google.com/photos/1.0/container/", "Item": "http://ns.google.com/photos/1.0/container/item/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/", "xmpNote": "http://ns.adobe.com/xmp/note/",
    "new": "http://example.org/new/", "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#", "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "MP": "http://ns.microsoft.com/photo/1.2/", "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#", "exif": "http://ns.adobe.com/exif/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "lr": "http://ns.adobe.com/lightroom/1.0/",
    "acdsee-rs": "http://ns.acdsee.com/regions/", "acdsee-stArea": "http://ns.acdsee.com/sType/Area#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
}  # fmt: skip


def packet(properties: str = "", attributes: str = "") -> bytes:
    """An XMP packet with a title that has nothing to do with anybody."""
    used = f"xmp: dc: {properties} {attributes}"
    declared = "\n".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items() if f"{prefix}:" in used)
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" {declared}
 xmp:Rating="4" {attributes}>
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">A quiet street</rdf:li></rdf:Alt></dc:title>
 {properties}
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


def packets() -> dict[str, bytes]:
    """XMP packets that hold a picture."""
    text = base64.b64encode(jpeg()).decode()
    return {
        "thumbnails": packet(thumbnails()),
        "GImage": packet(f"<GImage:Data>{text}</GImage:Data>", 'GImage:Mime="image/jpeg"'),
        "GDepth attribute": packet("", f'GDepth:Format="RangeInverse" GDepth:Data="{text}"'),
        "unknown": packet(f"<new:thing>{text}</new:thing>"),
        "unknown attribute": packet("", f'new:thing="{text}"'),
        "in hex": packet(f"<new:thing>{jpeg().hex()}</new:thing>"),
        "in a comment": packet(f"<!-- {text} -->"),
        "UTF-16": packet(thumbnails()).decode().encode("utf-16"),
        "broken": packet(thumbnails()) + b"<oops>",
        "with entities": b'<!DOCTYPE x [<!ENTITY a "'
        + text.encode()
        + b'">]>'
        + packet("<new:thing>&a;</new:thing>"),
    }


def resource(number: int, content: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + b"\0" * (len(content) % 2)


def resources() -> dict[str, bytes]:
    """Photoshop's image resources that hold a picture, each beside a copyright flag and a caption."""
    whole = jpeg()
    head = struct.pack(">IIIIIIHH", 1, 64, 48, 192, 192 * 48, len(whole), 24, 1)
    caption = b"\x1c\x02\x78" + struct.pack(">H", 7) + b"a quiet"
    beside = resource(1034, b"\1") + resource(1028, caption)
    iptc = caption + b"\x1c\x02\xca\x80\x04" + struct.pack(">I", len(whole)) + whole
    return {
        "thumbnail": beside + resource(1036, head + whole),
        "old thumbnail": beside + resource(1033, head + whole),
        "unknown": beside + resource(4000, whole),
        "samples": beside + resource(4001, small().tobytes()),
        "IPTC preview": resource(1034, b"\1") + resource(1028, iptc),
        "EXIF": beside + resource(1058, exifs()["thumbnail"]),
        "XMP": beside + resource(1060, packet(thumbnails())),
        "behind": beside + whole,
    }


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
    PillowImage.fromarray(photo()[0]).save(buffer, "WEBP", lossless=True, exif=EXIF + block("<", list(_TEXT)))
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
