"""Words about what was removed: regions of a photo that metadata frame and name, and the lists of persons beside them.

Whatever vocabulary it is (MWG regions, Microsoft's people tags, IPTC image regions, ACDSee's, Apple's faces inside
MWG's): a list item that holds an area is a region. Where its area lies in the hole it goes, with its name wherever
that stands alone in a list; all others stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata.xmp_tree import RDF, Cuts, Node

_NAMES = {"Name", "PersonDisplayName", "PersonName", "name", "DisplayName"}
_PERSON_LISTS = {"PersonInImage", "PersonInImageWDetails", "People", "PersonsShown", "persons"}
_NO_REGIONS = re.compile(r"camera-raw|camera/|panorama|lightroom|stEvt|ResourceEvent")
Area = tuple[float, float, float, float, bool]
"""left, top, right, bottom, and whether they are pixels (else parts of the whole)."""


def look_at(root: Node, cuts: Cuts, edit: Edit) -> None:
    """Cut the regions that lie in the hole, and the names that were theirs alone."""
    gone, kept = set(), set()
    for holder in holders(root):
        if cuts.has(holder):
            continue
        items = regions(holder)
        size = applied_to(holder)
        going = [item for item, area in items if edit.removed(area, size)]
        kept |= {name for item, _ in items if item not in going for name in _names(item)}
        gone |= {name for item in going for name in _names(item)}
        if not going:
            continue
        edit.left_out(f"{len(going)} of {len(items)} regions that framed or named what was removed")
        for node in [holder] if len(going) == len(items) else going:
            cuts.add((node.start, node.end))
    _subject_area(root, cuts, edit)
    edit.names |= gone - kept
    for name in _PERSON_LISTS if gone or edit.names else ():
        for node in root.walk():
            if node.name == name and not cuts.has(node):
                _person_list(node, kept, cuts, edit)
    for node in root.walk() if edit.names else ():
        if node.space == RDF and node.name == "li" and not cuts.has(node) and _is_of(node.text, edit.names):
            edit.left_out("the name of who was removed, from a list of words")
            cuts.add((node.start, node.end))


def holders(root: Node) -> Iterator[Node]:
    """The outermost properties."""
    for child in root.children:
        if child.structural:
            yield from holders(child)
        else:
            yield child


def regions(node: Node) -> list[tuple[Node, Area]]:
    """List items below that hold an area; the outermost ones."""
    return list(_regions(node))


def _regions(node: Node) -> Iterator[tuple[Node, Area]]:
    if _NO_REGIONS.search(node.space):
        return
    for child in node.children:
        area = _area(child) if child.space == RDF and child.name == "li" else None
        if area is not None:
            yield child, area
        else:
            yield from _regions(child)


def _fields(node: Node) -> Iterator[tuple[str, str]]:
    """Names and values below, attributes and elements alike, in order."""
    for inner in node.walk():
        for (space, name), (value, _) in inner.attributes.items():
            if space != RDF:
                yield name, value
        if inner is not node and not inner.children and inner.text.strip():
            yield inner.name, inner.text.strip()


def _area(item: Node) -> Area | None:
    """The area that a list item frames, by whichever vocabulary's words; None where it frames none."""
    values: dict[str, list[str]] = {}
    for name, value in _fields(item):
        values.setdefault(name, []).append(value)
    numbers = {name: [n for n in map(_number, texts) if n is not None] for name, texts in values.items()}
    pixels = "pixel" in " ".join([*values.get("rbUnit", []), *values.get("unit", [])]).lower()
    if "Rectangle" in values:
        parts = [_number(part) for part in values["Rectangle"][0].replace(";", ",").split(",")]
        found = [part for part in parts if part is not None]
        return _corner(*found[:4], pixels=False) if len(found) == 4 else None
    if numbers.get("rbX") and numbers.get("rbY"):
        return _iptc(numbers, pixels)
    x, y = numbers.get("x"), numbers.get("y")
    if x and y:
        wide = (numbers.get("w") or numbers.get("d") or [0.0])[0]
        high = (numbers.get("h") or numbers.get("d") or [0.0])[0]
        return _corner(x[0] - wide / 2, y[0] - high / 2, wide, high, pixels=pixels)
    for names in (("Left", "Top", "Right", "Bottom"), ("left", "top", "right", "bottom")):
        edges = [numbers.get(name, []) for name in names]
        if all(edges):
            left, top, right, bottom = (edge[0] for edge in edges)
            return left, top, right, bottom, max(right, bottom) > 1.5
    for names in (("X", "Y", "Width", "Height"), ("Left", "Top", "Width", "Height")):
        edges = [numbers.get(name, []) for name in names]
        if all(edges):
            return _corner(*(edge[0] for edge in edges), pixels=max(edge[0] for edge in edges) > 1.5)
    return None


def _iptc(numbers: dict[str, list[float]], pixels: bool) -> Area:
    """A rectangle, a circle (its radius in widths of the picture) or a polygon. IPTC Photo Metadata 2023, 12.13."""
    xs, ys = numbers["rbX"], numbers["rbY"]
    if numbers.get("rbW") and numbers.get("rbH"):
        return _corner(xs[0], ys[0], numbers["rbW"][0], numbers["rbH"][0], pixels=pixels)
    radius = numbers.get("rbRx", [0.0])[0]
    return min(xs) - radius, min(ys) - radius, max(xs) + radius, max(ys) + radius, pixels


def _corner(left: float, top: float, wide: float, high: float, *, pixels: bool) -> Area:
    return left, top, left + wide, top + high, pixels


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e7 else None


def applied_to(holder: Node) -> tuple[float, float] | None:
    """The size of the picture that the areas are of (MWG's AppliedToDimensions)."""
    for node in holder.walk():
        if node.name == "AppliedToDimensions":
            values = dict(_fields(node))
            wide, high = _number(values.get("w", "")), _number(values.get("h", ""))
            return (wide, high) if wide and high else None
    return None


def _names(item: Node) -> set[str]:
    found = [value.strip() for name, value in _fields(item) if name in _NAMES]
    for node in item.walk():  # IPTC's names are lists of one text in each language
        if node.name in _NAMES or node.name in _PERSON_LISTS:
            found += [inner.text.strip() for inner in node.walk() if inner.text.strip()]
    return {name for name in found if name}


def _person_list(node: Node, kept: set[str], cuts: Cuts, edit: Edit) -> None:
    """Take those out of a list of persons who were removed; all of it where it cannot be told who is who."""
    items = [
        inner for inner in node.walk() if inner.space == RDF and inner.name == "li" and inner is not node
    ]
    outer = [i for i in items if not any(o is not i and o.start < i.start and i.end <= o.end for o in items)]
    texts = {
        id(item): {inner.text.strip() for inner in item.walk()} | {v for _, v in _fields(item)}
        for item in outer
    }
    going = [item for item in outer if texts[id(item)] & edit.names]
    if not going:
        going = [item for item in outer if not texts[id(item)] & kept]
    if not going:
        return
    edit.left_out(f"who was removed, from the list of persons ({node.name})")
    for item in [node] if len(going) == len(outer) else going:
        cuts.add((item.start, item.end))


def _is_of(text: str, names: set[str]) -> bool:
    """Whether a word of a list is one of the names, alone or as the last step of a path such as People|Anna."""
    return bool(text.strip()) and re.split(r"[|/\\]", text.strip())[-1].strip() in names


def _subject_area(root: Node, cuts: Cuts, edit: Edit) -> None:
    """EXIF's subject area as XMP writes it: a list of two to four numbers in pixels."""
    for node in root.walk():
        if node.name not in ("SubjectArea", "SubjectLocation") or "exif" not in node.space or cuts.has(node):
            continue
        numbers = [_number(inner.text.strip()) for inner in node.walk() if inner.text.strip()]
        area = subject([number for number in numbers if number is not None])
        if area is not None and edit.removed(area, None):
            edit.left_out("the subject's area in XMP, which lay in the hole")
            cuts.add((node.start, node.end))


def subject(numbers: list[float]) -> Area | None:
    """EXIF's subject area: a point, a circle (with its diameter) or a rectangle around a centre (Exif 2.32, 0x9214)."""
    if not 2 <= len(numbers) <= 4:
        return None
    x, y = numbers[:2]
    wide, high = (numbers[2], numbers[-1]) if len(numbers) > 2 else (0.0, 0.0)
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, True
