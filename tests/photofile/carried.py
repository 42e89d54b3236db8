"""What a file carries that may hold a second picture: EXIF, XMP and Photoshop's resources."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from PIL import Image as PillowImage

from tests.photofile.leaks import Entry, block, jpeg, small
from tests.photofile.photos import saved

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
TEXT: list[Entry] = [(271, 2, b"Maker\0"), (306, 2, b"2026:01:02 03:04:05\0"), (315, 2, b"Somebody\0")]


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
        "thumbnail": block("<", TEXT, second=_thumbnail("<")),
        "thumbnail big-endian": block(">", TEXT, second=_thumbnail(">")),
        "plain thumbnail": block("<", TEXT, second=_plain("<", rgb, 2)),
        "planar thumbnail": block("<", TEXT, second=_plain("<", planar, 2, planar=2)),
        "YCbCr thumbnail": block(">", TEXT, second=_plain(">", ycc, 6)),
        "orphan": block("<", TEXT, tail=whole),
        "orphan samples": block("<", TEXT, tail=rgb),
        "comment": block("<", TEXT, [(37510, 7, b"ASCII\0\0\0" + text)]),
        "unknown entry": block("<", [*TEXT, (50000, 7, rgb)]),
        "reduced picture": block("<", [*TEXT, *_plain("<", rgb, 2)]),
        "XMP": block("<", [*TEXT, (700, 1, packet(thumbnails()))]),
    }
    notes = {
        "whole": whole, "nested": nested, "no SOI": whole[2:], "no EOI": whole[:-2], "broken SOI": b"\0" + whole[1:],
        "neither": whole[20:-2], "swapped": _swapped(whole, 2), "swapped by four": _swapped(whole, 4), "samples": rgb,
        "planes": planar, "zlib": packed, "base64": text,
    }  # fmt: skip
    return found | {f"note, {name}": block("<", TEXT, note(data)) for name, data in notes.items()}


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
