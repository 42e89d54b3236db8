"""Words about what was removed go with it, words about who stays stay; all else of a packet stays byte for byte."""

from __future__ import annotations

import re

import numpy as np
import pytest

from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import xmp
from tests.photofile.carried import packet

# The hole is the left half of the middle of a photo of 200×100.
HOLE = np.zeros((100, 200), bool)
HOLE[20:80, 20:100] = True


def edit(orientation: int = 1) -> Edit:
    return Edit(np.zeros((100, 200, 3), np.uint8), HOLE, orientation, orientation)


def mwg(*regions: tuple[str, float, float, float, float], applied: str = "") -> str:
    """MWG regions: a name, the middle, width and height."""
    items = "".join(
        f'<rdf:li><rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="{x}" stArea:y="{y}" '
        f'stArea:w="{w}" stArea:h="{h}" stArea:unit="normalized"/></rdf:Description></rdf:li>'
        for name, x, y, w, h in regions
    )
    listed = f"<mwg-rs:RegionList><rdf:Bag>{items}</rdf:Bag></mwg-rs:RegionList>"
    return f'<mwg-rs:Regions rdf:parseType="Resource">{applied}{listed}</mwg-rs:Regions>'


def microsoft(*regions: tuple[str, str]) -> str:
    items = "".join(
        f'<rdf:li MPReg:Rectangle="{place}" MPReg:PersonDisplayName="{name}"/>' for name, place in regions
    )
    listed = f"<MPRI:Regions><rdf:Bag>{items}</rdf:Bag></MPRI:Regions>"
    return f'<MP:RegionInfo rdf:parseType="Resource">{listed}</MP:RegionInfo>'


def iptc(name: str, boundary: str) -> str:
    named = f'<Iptc4xmpExt:Name><rdf:Alt><rdf:li xml:lang="x-default">{name}</rdf:li></rdf:Alt></Iptc4xmpExt:Name>'
    placed = f"{boundary}</Iptc4xmpExt:RegionBoundary>"
    area = f'<Iptc4xmpExt:RegionBoundary rdf:parseType="Resource">{placed}'
    return f'<rdf:li rdf:parseType="Resource">{named}{area}</rdf:li>'


def fields(**values: object) -> str:
    return "".join(f"<Iptc4xmpExt:{name}>{value}</Iptc4xmpExt:{name}>" for name, value in values.items())


CORNERS = ((0.2, 0.3), (0.4, 0.3), (0.3, 0.7))
VERTICES = "".join(f'<rdf:li rdf:parseType="Resource">{fields(rbX=x, rbY=y)}</rdf:li>' for x, y in CORNERS)
IPTC = {
    "rectangle": fields(rbShape="rectangle", rbUnit="relative", rbX=0.15, rbY=0.25, rbW=0.3, rbH=0.4),
    "pixels": fields(rbShape="rectangle", rbUnit="pixel", rbX=30, rbY=25, rbW=60, rbH=40),
    "circle": fields(rbShape="circle", rbUnit="relative", rbX=0.3, rbY=0.5, rbRx=0.1),
    "polygon": fields(rbShape="polygon", rbUnit="relative")
    + f"<Iptc4xmpExt:rbVertices><rdf:Seq>{VERTICES}</rdf:Seq></Iptc4xmpExt:rbVertices>",
}
BEN = fields(rbShape="rectangle", rbUnit="relative", rbX=0.7, rbY=0.3, rbW=0.2, rbH=0.4)
ACDSEE = """<acdsee-rs:Regions rdf:parseType="Resource"><acdsee-rs:RegionList><rdf:Bag>{}{}</rdf:Bag>
</acdsee-rs:RegionList></acdsee-rs:Regions>"""
ACDSEE_ITEM = """<rdf:li rdf:parseType="Resource"><acdsee-rs:Name>{}</acdsee-rs:Name><acdsee-rs:DLYArea
 acdsee-stArea:x="{}" acdsee-stArea:y="0.5" acdsee-stArea:w="0.2" acdsee-stArea:h="0.3"/></rdf:li>"""

TWO = {
    "MWG": mwg(("Anna", 0.3, 0.5, 0.2, 0.4), ("Ben", 0.8, 0.5, 0.2, 0.4)),
    "Microsoft": microsoft(("Anna", "0.2, 0.3, 0.2, 0.4"), ("Ben", "0.7, 0.3, 0.2, 0.4")),
    "ACDSee": ACDSEE.format(ACDSEE_ITEM.format("Anna", 0.3), ACDSEE_ITEM.format("Ben", 0.8)),
} | {
    f"IPTC {kind}": "<Iptc4xmpExt:ImageRegion><rdf:Bag>"
    f"{iptc('Anna', boundary)}{iptc('Ben', BEN)}</rdf:Bag></Iptc4xmpExt:ImageRegion>"
    for kind, boundary in IPTC.items()
}


@pytest.mark.parametrize("kind", sorted(TWO))
def test_the_region_in_the_hole_goes_and_the_other_stays(kind: str) -> None:
    told = edit()
    done = xmp.cleaned(packet(TWO[kind]), told)
    assert done is not None
    assert b"Anna" not in done
    assert done.count(b"Ben") == 1
    assert b"A quiet street" in done
    assert told.inventory.left_out == ("1 of 2 regions that framed or named what was removed",)


@pytest.mark.parametrize("kind", sorted(TWO))
def test_regions_outside_the_hole_leave_the_packet_as_it_was(kind: str) -> None:
    told = Edit(np.zeros((100, 200, 3), np.uint8), np.zeros_like(HOLE), 1)
    given = packet(TWO[kind])
    assert xmp.cleaned(given, told) == given
    assert told.inventory.left_out == ()


def test_with_its_last_region_a_whole_property_goes() -> None:
    applied = '<mwg-rs:AppliedToDimensions stDim:w="200" stDim:h="100" stDim:unit="pixel"/>'
    done = xmp.cleaned(packet(mwg(("Anna", 0.3, 0.5, 0.2, 0.4), applied=applied)), edit())
    assert done is not None
    assert b"mwg-rs" not in done
    assert b"stDim" not in done
    assert re.sub(rb"\s", b"", done) == re.sub(rb"\s|xmlns:(mwg-rs|stArea|stDim)=\"[^\"]*\"", b"", packet())


def test_the_name_goes_from_every_list_and_from_no_sentence() -> None:
    lists = """<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>Anna</rdf:li><rdf:li>Ben</rdf:li></rdf:Bag>
    </Iptc4xmpExt:PersonInImage>
    <dc:subject><rdf:Bag><rdf:li>street</rdf:li><rdf:li>Anna</rdf:li></rdf:Bag></dc:subject>
    <lr:hierarchicalSubject><rdf:Bag><rdf:li>People|Anna</rdf:li><rdf:li>People|Ben</rdf:li></rdf:Bag>
    </lr:hierarchicalSubject>
    <dc:description><rdf:Alt><rdf:li xml:lang="x-default">Anna and Ben</rdf:li></rdf:Alt></dc:description>"""
    done = xmp.cleaned(packet(TWO["MWG"] + lists), edit())
    assert done is not None
    assert done.count(b"Anna") == 1  # the caption
    assert done.count(b"Ben") == 4
    assert b"<rdf:li>street</rdf:li>" in done


def test_a_list_of_persons_goes_where_nobody_can_tell_who_is_who() -> None:
    people = "<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>A. Example</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImage>"
    done = xmp.cleaned(packet(mwg(("Anna", 0.3, 0.5, 0.2, 0.4)) + people), edit())
    assert done is not None
    assert b"Example" not in done
    given = packet(people)
    assert xmp.cleaned(given, edit()) == given


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_is_found_in_every_orientation(orientation: int) -> None:
    """The area is of the stored picture; the hole is of the upright one."""
    from inpaint_app.photofile.samples.orientation import stored

    turned = stored(HOLE, orientation)
    ys, xs = np.nonzero(turned)
    high, wide = turned.shape
    x, y = (xs.mean() + 0.5) / wide, (ys.mean() + 0.5) / high
    applied = f'<mwg-rs:AppliedToDimensions stDim:w="{wide}" stDim:h="{high}" stDim:unit="pixel"/>'
    done = xmp.cleaned(packet(mwg(("Anna", x, y, 0.2, 0.2), applied=applied)), edit(orientation))
    assert done is not None
    assert b"Anna" not in done


def test_the_subject_area_goes_with_the_subject() -> None:
    area = "<exif:SubjectArea><rdf:Seq><rdf:li>{}</rdf:li><rdf:li>50</rdf:li></rdf:Seq></exif:SubjectArea>"
    done = xmp.cleaned(packet(area.format(60)), edit())
    assert done is not None
    assert b"SubjectArea" not in done
    given = packet(area.format(170))
    assert xmp.cleaned(given, edit()) == given


PROMISES = {
    "gain map": 'hdrgm:Version="1.0"',
    "motion photo": 'GCamera:MotionPhoto="1" GCamera:MotionPhotoPresentationTimestampUs="1"',
    "micro video": 'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="4096"',
}


@pytest.mark.parametrize("kind", sorted(PROMISES))
def test_promises_of_parts_that_are_gone_are_taken_back(kind: str) -> None:
    directory = """<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item
      Item:Semantic="GainMap" Item:Length="3000"/></rdf:li></rdf:Seq></Container:Directory>"""
    told = edit()
    done = xmp.cleaned(packet(directory, PROMISES[kind]), told)
    assert done is not None
    for word in (b"hdrgm", b"GCamera", b"Container", b"Item"):
        assert word not in done
    assert b'xmp:Rating="4"' in done
    assert len(told.inventory.corrected) >= 2


def test_what_cannot_show_anybody_stays_byte_for_byte() -> None:
    words = "".join(f"<dc:rights{i}>{'long words of a licence ' * 40}</dc:rights{i}>" for i in range(3))
    for given in (packet(), packet(words), packet() + bytes(2000), packet().replace(b"\n", b"\r\n"), b"<x/>"):
        assert xmp.cleaned(given, edit()) == given


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["MWG", "Microsoft", "IPTC rectangle", "IPTC pixels", "IPTC polygon"])
def test_regions_turn_with_the_pixels(kind: str, orientation: int) -> None:
    """What framed somebody in the stored picture frames the same pixels of the upright one."""
    from inpaint_app.photofile.metadata import regions, turned
    from inpaint_app.photofile.metadata.xmp_tree import parse
    from inpaint_app.photofile.samples.orientation import upright

    applied = '<mwg-rs:AppliedToDimensions stDim:w="200" stDim:h="100" stDim:unit="pixel"/>'
    given = packet(
        TWO[kind].replace("<mwg-rs:RegionList>", f"{applied}<mwg-rs:RegionList>"), 'tiff:Orientation="6"'
    )
    done = turned.xmp(given, orientation, (200, 100))
    assert b'tiff:Orientation="1"' in done

    def framed(text: bytes, width: int, height: int) -> list[np.ndarray]:
        masks = []
        for holder in regions.holders(parse(text)[0]):
            for _, (left, top, right, bottom, pixels) in regions.regions(holder):
                x, y = (1, 1) if pixels else (width, height)
                mask = np.zeros((height, width), bool)
                mask[round(top * y) : round(bottom * y), round(left * x) : round(right * x)] = True
                masks.append(mask)
        return masks

    before = framed(given, 200, 100)
    after = framed(done, *((100, 200) if orientation >= 5 else (200, 100)))
    assert len(before) == len(after) == 2
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(upright(one, orientation), other)
    if "MWG" in kind and orientation >= 5:
        assert b'stDim:w="100" stDim:h="200"' in done


def test_the_subject_area_turns_with_the_pixels() -> None:
    import struct

    from inpaint_app.photofile.metadata import turned
    from tests.photofile.leaks import block

    given = block(
        "<",
        [(274, 3, struct.pack("<H", 6))],
        [
            (37396, 3, struct.pack("<4H", 30, 20, 8, 4)),
            (40962, 4, struct.pack("<I", 200)),
            (40963, 4, struct.pack("<I", 100)),
        ],
    )
    done = turned.exif_block(given, 6, (200, 100))
    assert struct.pack("<4H", 80, 30, 4, 8) in done
    again = np.frombuffer(done, np.uint8)
    assert len(again) == len(given)
    assert done.index(struct.pack("<HHII", 40962, 4, 1, 100)) < done.index(
        struct.pack("<HHII", 40963, 4, 1, 200)
    )


def test_the_packet_of_a_gif_stays_in_it_and_goes_along() -> None:
    from PIL import Image as PillowImage

    from inpaint_app.photofile import files
    from inpaint_app.photofile.containers import gif_packet
    from tests.photofile.carried import thumbnails
    from tests.photofile.photos import saved, scene

    plain = PillowImage.fromarray(scene(100, 200)).quantize(64)
    given = files.load(gif_packet.with_packet(saved(plain, "GIF"), packet(thumbnails())))
    assert given.xmp == packet(thumbnails())
    edited = given.rgb.copy()
    edited[HOLE] = edited[0, 0]
    for target in (None, "PNG", "WEBP"):
        done = files.encode(given, edited, HOLE, format=target)
        again = files.load(done.data).xmp
        assert again is not None, target
        assert b"A quiet street" in again
        assert b"Thumbnails" not in again
        assert done.report.inventory.left_out == ("an XMP thumbnail",)
        assert done.report.shown_elsewhere == ()
