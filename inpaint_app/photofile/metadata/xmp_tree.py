"""An XMP packet as a tree that knows where each element and attribute stands in the text, and cuts in that text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

Span = tuple[int, int]
_MOST_ELEMENTS = 50_000
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@dataclass(slots=True)
class Node:
    """An element: its names, where it stands in the packet, its attributes {(namespace, name): (value, span)}."""

    space: str
    name: str
    start: int
    opened: int = 0
    end: int = 0
    attributes: dict[tuple[str, str], tuple[str, tuple[int, int]]] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""

    @property
    def structural(self) -> bool:
        """Whether it is RDF's or the packet's own scaffold, no property."""
        return self.space in (RDF, "adobe:ns:meta/", "")

    def walk(self) -> Iterator[Node]:
        """This element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(text: bytes) -> tuple[Node, list[tuple[int, int]]]:
    """The tree of a packet in UTF-8 and where its comments stand; raises ValueError or ExpatError."""
    parser = expat.ParserCreate("utf-8", namespace_separator="\n")
    parser.buffer_text = True
    top = Node("", "", 0)
    stack, comments, count = [top], [], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > 200 or count > _MOST_ELEMENTS:
            raise ValueError("it is nested too deeply, or holds too many elements")
        node = Node(*_split(name), parser.CurrentByteIndex)
        node.opened = _tag_end(text, node.start)
        spans = _attribute_spans(text[node.start : node.opened], node.start)
        found = [(_split(key), value) for key, value in attributes.items()]
        if len(found) != len(spans):
            raise ValueError("attributes that cannot be told apart")
        node.attributes = {key: (value, span) for (key, value), span in zip(found, spans, strict=True)}
        stack[-1].children.append(node)
        stack.append(node)

    def end(name: str) -> None:
        node = stack.pop()
        place = parser.CurrentByteIndex
        node.end = node.opened if text[node.opened - 2 : node.opened] == b"/>" else _tag_end(text, place)

    def words(part: str) -> None:
        stack[-1].text += part

    def comment(part: str) -> None:
        place = parser.CurrentByteIndex
        comments.append((place, text.index(b"-->", place) + 3))

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.CommentHandler = words, comment
    parser.StartDoctypeDeclHandler = refuse
    parser.ordered_attributes = False
    parser.Parse(text, True)
    return top, comments


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition("\n")
    return space, local


_TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_ATTRIBUTE = re.compile(rb"\s+([^\s=<>/\"']+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")


def _tag_end(text: bytes, start: int) -> int:
    match = _TAG.match(text, start)
    if match is None:
        raise ValueError("a tag without an end")
    return match.end()


def _attribute_spans(tag: bytes, start: int) -> list[tuple[int, int]]:
    """Where each attribute stands, with the space in front, declarations of namespaces left out."""
    return [
        (start + match.start(), start + match.end())
        for match in _ATTRIBUTE.finditer(tag)
        if not match.group(1).startswith(b"xmlns")
    ]


class Cuts:
    """Parts of a packet that go, or get another text."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.spans: list[Span] = []
        self._fresh: dict[Span, bytes] = {}
        self._gone = bytearray(len(text))

    def add(self, span: Span) -> None:
        """Take a part out."""
        self.spans.append(span)
        self._gone[slice(*span)] = b"\1" * (span[1] - span[0])

    def write(self, span: Span, value: str) -> None:
        """Give a part another text."""
        self.add(span)
        self._fresh[span] = value.encode()

    def has(self, node: Node) -> bool:
        """Whether an element goes already."""
        return bool(self._gone[node.start])

    def done(self) -> bytes:
        """What is left."""
        parts, position = [], 0
        for start, end in sorted(self.spans):
            if end > position:
                parts += [self.text[position : max(position, start)], self._fresh.get((start, end), b"")]
                position = end
        return b"".join([*parts, self.text[position:]])


def utf8(packet: bytes) -> bytes:
    """The packet in UTF-8, without what may stand behind it."""
    bare = packet.rstrip(b"\0")
    for mark, code in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if bare.startswith(mark):
            return (packet[: len(packet) // 2 * 2] if "16" in code else bare).decode(code, "replace").encode()
    for start, code in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if bare.startswith(start):
            return packet[: len(packet) // 2 * 2].decode(code, "replace").rstrip("\0").encode()
    return bare
