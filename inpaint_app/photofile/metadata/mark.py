"""A file says, where that is wished, that it was edited: IPTC's digital source type and the software, in its XMP.

IPTC Photo Metadata Standard 2023.2 (Iptc4xmpExt:DigitalSourceType), XMP Part 3 (2020) for the places in files.
"""

from __future__ import annotations

import re
from importlib import metadata

from inpaint_app.photofile.containers import png
from inpaint_app.photofile.jpeg.bytes import leading, segment

TRAINED = "compositeWithTrainedAlgorithmicMedia"
ENHANCED = "algorithmicallyEnhanced"
_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_JPEG, _PNG = b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp\0\0\0\0\0"
_OLD = re.compile(
    rb'\s+Iptc4xmpExt:DigitalSourceType="[^"]*"'
    rb"|<Iptc4xmpExt:DigitalSourceType[^>]*/>"
    rb"|<Iptc4xmpExt:DigitalSourceType[^>]*>.*?</Iptc4xmpExt:DigitalSourceType>",
    re.DOTALL,
)
_END = b"</rdf:RDF>"


def packet(xmp: bytes | None, word: str) -> bytes:
    """An XMP packet, the old one with what it held besides, that states the digital source type and the software."""
    try:
        software = f"inpaint-app {metadata.version('inpaint-app')}"
    except metadata.PackageNotFoundError:
        software = "inpaint-app"
    said = (
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
        f'Iptc4xmpExt:DigitalSourceType="{_VOCABULARY}{word}"><xmpMM:History><rdf:Seq>'
        f'<rdf:li stEvt:action="edited" stEvt:softwareAgent="{software}"/></rdf:Seq></xmpMM:History></rdf:Description>'
    ).encode()
    if xmp is not None and xmp.count(_END) == 1:
        kept = _OLD.sub(b"", xmp)
        if b"xmpMM:History" in kept:  # a history of its own: only one may be there
            said = re.sub(rb"<xmpMM:History>.*</xmpMM:History>", b"", said)
        return kept.replace(_END, said + _END)
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        + said
        + b"</rdf:RDF></x:xmpmeta>"
        b'<?xpacket end="w"?>'
    )


def jpeg(data: bytes, word: str) -> bytes:
    """The JPEG with the statement in its XMP segment, or in a new one behind its first segments."""
    place = 2
    for marker, start, end in leading(data):
        content = data[start + 4 : end]
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            break
        if marker == 0xE1 and content.startswith(_JPEG):
            fresh = packet(content[len(_JPEG) :], word)
            if len(fresh) > 65000:  # no room: a packet of its own, which readers take for the main one
                fresh = packet(None, word)
            return data[:start] + segment(0xE1, _JPEG + fresh) + data[end:]
        if data[place + 1] in (0xE0, 0xE1) and content[:5] in (b"JFIF\0", b"Exif\0"):
            place = end
    return data[:place] + segment(0xE1, _JPEG + packet(None, word)) + data[place:]


def of_png(data: bytes, word: str) -> bytes:
    """The PNG with the statement in its XMP chunk, or in a new one before its pixels."""
    held = [content for kind, content in png.chunks(data) if kind == b"iTXt" and content.startswith(_PNG)]
    parts, fresh = [png.SIGNATURE], packet(held[-1][len(_PNG) :] if held else None, word)
    for kind, content in png.chunks(data):
        if kind == b"IDAT" and fresh:
            parts.append(png.chunk(b"iTXt", _PNG + fresh))
            fresh = b""
        if kind != b"iTXt" or not content.startswith(b"XML:com.adobe.xmp\0"):
            parts.append(png.chunk(kind, content))
    return b"".join(parts)
