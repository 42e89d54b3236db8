"""XMP packets: what shows or promises what is not there any more is cut out, every other byte stays as it was.

The packet is parsed (expat, no document type and so no entities) only to know where each property begins and ends;
the text itself is never written anew. XMP Specification, Parts 1 and 3 (Adobe, ISO 16684-1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import regions
from inpaint_app.photofile.metadata.xmp_tree import RDF, Cuts, Node, parse, utf8
from inpaint_app.photofile.previews import hidden

_GOOGLE, _APPLE = "http://ns.google.com/photos/", "http://ns.apple.com/"
_CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
_XMP_NOTE = "http://ns.adobe.com/xmp/note/"
EXTENDED = "HasExtendedXMP"
# Whole vocabularies that hold or describe further pictures: nothing of theirs is about the main one.
_CARRIERS = {
    "http://ns.adobe.com/xap/1.0/g/img/": "an XMP thumbnail",
    f"{_GOOGLE}1.0/image/": "the original that a portrait effect kept in XMP",
    f"{_GOOGLE}1.0/depthmap/": "the depth map in XMP",
    f"{_GOOGLE}1.0/focus/": "the depth map in XMP",
    f"{_GOOGLE}1.0/audio/": "the sound in XMP",
    "http://ns.xiaomi.com/photos/1.0/camera/": "what XMP said of further pictures behind the main one",
}
_PROMISES = {
    f"{_GOOGLE}1.0/container/": "XMP that listed further pictures in the file",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "XMP that promised a gain map",
    f"{_APPLE}HDRGainMap/1.0/": "XMP that promised a gain map",
    f"{_APPLE}pixeldatainfo/1.0/": "XMP that promised a further picture",
    f"{_APPLE}depthData/1.0/": "XMP that promised a depth map",
    f"{_APPLE}portraitEffectsMatte/1.0/": "XMP that promised a matte",
}
_DYNAMIC_DEPTH = re.compile(
    r"http://ns\.google\.com/photos/dd/|http://ns\.apple\.com/.*(?:Matte|[dD]epth|[gG]ain)"
)
_PROMISING = re.compile(
    r"(?i)micro_?video|motion_?photo|live_?photo|gain_?map|depth_?map|video_?(?:length|offset|size|index)|embedded_?video"
    r"|(?:sub|second|original)_?image_?(?:offset|length)"
)
_THUMBNAILS = {"Thumbnails", "Thumbnail", "PreviewImage", "thumbnail"}


def cleaned(packet: bytes, edit: Edit, *, extended: bool = False) -> bytes | None:
    """The packet without what still shows, names or promises what was removed; None where nothing of it is left.

    extended: it is the part that JPEG keeps apart. A packet that cannot be parsed is left out.
    """
    edit.looked_through("XMP")
    text = utf8(packet)
    try:
        root, comments = parse(text)
    except (expat.ExpatError, ValueError):
        if hidden.may_stay(packet):
            return packet
        edit.left_out("XMP that could not be read")
        return None
    cuts = Cuts(text)
    for span in comments:
        if not hidden.may_stay(text[slice(*span)]):
            edit.left_out("a long comment in XMP")
            cuts.add(span)
    for node in _properties(root):
        _look_at(node, cuts, edit)
    regions.look_at(root, cuts, edit)
    if not cuts.spans:
        return packet
    rest = _without_idle_prefixes(text, cuts.done())
    return None if extended and _bare(rest) else rest


def learn_names(packets: Iterable[bytes], edit: Edit) -> None:
    """Find out who was removed, by name, before anything is written: lists stand in other places than regions."""
    silent = edit.aside()
    for packet in packets:
        cleaned(packet, silent)
    edit.names |= silent.names


def _properties(node: Node) -> Iterator[Node]:
    """The outermost elements that may be properties, and the scaffold whose attributes are some."""
    for child in node.children:
        if child.structural:
            yield child
            yield from _properties(child)
        else:
            yield child


def _look_at(node: Node, cuts: Cuts, edit: Edit) -> None:
    """Cut the property, parts of it, or attributes of it, that must not stay."""
    if not node.structural:
        words = _reason(node.space, node.name)
        if words:
            _tell(words, edit)
            cuts.add((node.start, node.end))
            return
    if not node.structural and not node.children and not node.attributes:
        if _opaque(node.space, node.text):
            edit.left_out(f"coded data in XMP ({node.name})")
            cuts.add((node.start, node.end))
        return
    for (space, name), (value, span) in node.attributes.items():
        if space in (RDF, "", "http://www.w3.org/XML/1998/namespace"):
            if hidden.may_stay(value.encode()):
                continue
            words = f"coded data in XMP ({name})"
        else:
            words = _reason(space, name) or (f"coded data in XMP ({name})" if _opaque(space, value) else "")
        if words:
            _tell(words, edit)
            cuts.add(span)
    if node.structural and node.text.strip() and not hidden.may_stay(node.text.encode()):
        edit.left_out("coded data in XMP")
        cuts.add((node.start, node.end))
        return
    if not node.structural:
        for child in node.children:
            _look_at(child, cuts, edit)
            if child.structural:
                for inner in _properties(child):
                    _look_at(inner, cuts, edit)


def _tell(words: str, edit: Edit) -> None:
    if words.startswith(("XMP that", "what XMP")):
        edit.corrected(f"{words}: it was left out")
    else:
        edit.left_out(words)


def _reason(space: str, name: str) -> str:
    """In words, what a property holds that must not stay; "" where nothing."""
    if space in _CARRIERS:
        return _CARRIERS[space]
    if space in _PROMISES:
        return _PROMISES[space]
    if _DYNAMIC_DEPTH.match(space):
        return "a depth map and what belongs to it in XMP"
    if name in _THUMBNAILS:
        return "an XMP thumbnail"
    if name == EXTENDED and space == _XMP_NOTE:
        return ""  # the JPEG's segments decide
    if name == "provenance" and "dc" in space:
        return "Content Credentials, whose signature no longer holds"
    if _PROMISING.search(name):
        return f"XMP that promised a part which is not in the file ({name})"
    return ""


def _opaque(space: str, value: str) -> bool:
    """Whether a value is coded data that may be a picture; Camera Raw's tables of colours are none."""
    if len(value) <= hidden.SMALL:
        return False
    data = value.encode()
    if space == _CAMERA_RAW:
        return hidden.holds_picture(data)
    return not hidden.readable(data)


_DECLARED = re.compile(rb"\s+xmlns:([\w.-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")


def _without_idle_prefixes(before: bytes, after: bytes) -> bytes:
    """The packet without the declarations of namespaces that only the cut parts used."""
    for prefix in {match.group(1) for match in _DECLARED.finditer(after)}:
        used = re.compile(rb"(?<![\w.-])(?<!xmlns:)" + re.escape(prefix) + rb":")
        if used.search(before) and not used.search(after):
            after = re.sub(rb"\s+xmlns:" + re.escape(prefix) + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", after)
    return after


def _bare(text: bytes) -> bool:
    """Whether a packet has no property left."""
    root, _ = parse(utf8(text))
    return not any(
        not node.structural or any(space not in (RDF, "", "adobe:ns:meta/") for space, _ in node.attributes)
        for node in root.walk()
    )
