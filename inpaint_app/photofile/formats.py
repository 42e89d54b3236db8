"""One writer per format: the photo's own with all it carries, or another one that the user asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.errors import SaveError
from inpaint_app.photofile import encoders, source_parts
from inpaint_app.photofile.containers import (
    gif_packet,
    png,
    png_metadata,
    riff,
    tiff,
    tiff_directories,
    tiff_metadata,
)
from inpaint_app.photofile.encoders import Written, saved
from inpaint_app.photofile.frames import choose, pages
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import exif, mark, writing
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.samples import colour
from inpaint_app.photofile.samples.native import Native, seen, shown
from inpaint_app.photofile.samples.native import alpha as opacity_of
from inpaint_app.photofile.samples.orientation import stored, upright

SUFFIX = {
    "JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "HEIF": ".heic", "AVIF": ".avif",
    "BMP": ".bmp", "GIF": ".gif", "PPM": ".ppm",
}  # fmt: skip
_XMP = 700
_NO_PROFILE = frozenset({"GIF", "BMP", "PPM"})
_GREY = frozenset({"PNG", "JPEG"})
LOSSLESS = frozenset({"PNG", "TIFF", "BMP", "GIF", "PPM"})
_OF_PALETTE = (b"PLTE", b"tRNS", b"hIST", b"bKGD", b"sBIT")
_MORE_COLOURS = "its palette was too poor for the fill: it is written in full colours, equal outside the hole"


def own(photo: Photo, native: Native, edit: Edit) -> Written:
    """The photo's own format (any but JPEG), samples in the stored orientation, with all its metadata."""
    writer = {"PNG": _png, "WEBP": _webp, "TIFF": _tiff, "GIF": _gif, "BMP": _bmp, "PPM": _ppm}.get(
        photo.format
    )
    if photo.format not in ("PNG", "TIFF"):  # those look through their own chunks and tags
        photo = writing.clean(photo, edit)
        source_parts.tell_container(photo, edit)
    if photo.frames > 1:
        return _of_several(photo, native, edit)
    if "pictures" in photo.note:
        edit.left_out("the file's further pictures")
    if writer is None:
        native, photo = _in_colours_of(photo, native, photo.format, edit)
        return encoders.lossy(photo, native, photo.format, edit)
    return writer(photo, native, edit)


def check_several(photo: Photo) -> None:
    """Raise SaveError where the other frames of a photo cannot stay as they are in its own format."""
    if photo.format in ("HEIF", "AVIF"):
        raise SaveError(
            f"{photo.name} holds {photo.frames} pictures, and the others would change if it were written again as "
            f"{photo.format}: write {choose.called(photo)} {photo.frame} alone, with --format png, jpeg or tiff."
        )


def _of_several(photo: Photo, native: Native, edit: Edit) -> Written:
    """One of several frames or pages; the others stay as they were. Raises SaveError where they cannot."""
    check_several(photo)
    word = choose.called(photo)
    edit.note(
        f"{word} {photo.frame} of {photo.frames} was edited; the others stay as they were, whatever they show"
    )
    if photo.format != "TIFF":
        try:
            data = choose.replaced(photo, native, edit)
            return Written(
                gif_packet.with_packet(data, photo.xmp) if photo.format == "GIF" else data, "lossless"
            )
        except SaveError:
            raise
        except Exception as error:  # decoders raise anything
            raise SaveError(
                f"The other frames of {photo.name} are damaged ({error}): write the edited one alone, with --format "
                f"{'png' if photo.format != 'PNG' else 'webp'}."
            ) from error
    page = choose.first_page(photo)
    tags = tiff.parse(page.source)
    tiff_metadata.clean(tags, edit)
    _mark(tags, edit)
    seen = stored(photo.rgb, photo.orientation)
    return Written(pages.replaced(photo.source, photo.frame - 1, native, tags, seen, edit), "lossless")


def other(photo: Photo, native: Native, target: str, edit: Edit) -> Written:
    """A format that is not the photo's: upright pixels, with EXIF, profile and resolution."""
    turned = replace(native, samples=np.ascontiguousarray(upright(native.samples, photo.orientation)))
    if photo.frames > 1:
        others = f"the other {photo.frames - 1} of its {photo.frames} {choose.called(photo)}s"
        edit.left_out(f"{others}: this file holds {choose.called(photo)} {photo.frame} alone")
    photo = choose.first_page(photo)
    if photo.format == "TIFF" and photo.exif:  # whose EXIF is the tags of the page
        photo = replace(photo, exif=exif.without(photo.exif, tiff.LAYOUT))
    clean = writing.clean(photo, edit, thumbnail=target != "TIFF")
    source_parts.tell(photo, edit)
    source_parts.tell_words(clean, target, edit)
    plain = replace(writing.upright(clean), source=b"")
    turned, plain = _in_colours_of(plain, turned, target, edit)
    if target == "PNG":
        return _fresh_png(plain, turned, edit)
    if target == "JPEG":
        return encoders.jpeg(plain, turned, edit)
    if target == "WEBP" and edit.exact:
        return encoders.lossless_webp(plain, turned, edit)
    if target in ("HEIF", "AVIF", "WEBP"):
        return encoders.lossy(plain, turned, target, edit)
    if target == "TIFF":
        return _tiff(plain, turned, edit)
    if target == "GIF":
        return _fresh_gif(plain, turned, edit)
    picture = Native(np.asarray(encoders.rgb_image(turned, edit, alpha=False)), "RGB")
    return {"BMP": _bmp, "PPM": _ppm}[target](plain, picture, edit)


def _in_colours_of(photo: Photo, native: Native, target: str, edit: Edit) -> tuple[Native, Photo]:
    """Samples and photo with a profile of the very kind of pixels that are written; what is converted is said."""
    own = colour.space(native.mode)
    grey = own == "GRAY" and target in _GREY and native.mode in encoders.GREY_MODES
    wanted = own if target == "TIFF" or grey else "RGB"
    if own in ("CMYK", "Lab") and wanted == "RGB":
        way = " through its profile" if colour.kind(photo.icc) == own else ", without a profile of their kind"
        edit.note(f"its {own} colours were converted to sRGB{way if own == 'CMYK' else ''}")
        return native, replace(photo, icc=None, numbers=None)
    if target in _NO_PROFILE and photo.shown_icc is not None:
        edit.note(f"a {target} holds no colour profile: its colours were converted to sRGB")
        plain = seen(native)
        rgb = colour.to_srgb(plain.samples[..., :3], photo.shown_icc)
        samples = np.concatenate([rgb, plain.samples[..., 3:]], axis=2)
        return replace(plain, samples=samples), replace(photo, icc=None, numbers=None)
    icc = colour.fitting(photo.icc, wanted)
    if photo.icc is not None and icc is None:
        edit.left_out("the colour profile, which was for another kind of pixels")
    if photo.numbers is not None and photo.numbers.hdr:
        edit.note(f"its colours are {photo.numbers.name}: they stay as they are, and the file says so")
    return native, replace(photo, icc=icc)


def _png(photo: Photo, native: Native, edit: Edit) -> Written:
    """The same kind of PNG with the same chunks around new pixel data."""
    head = png.header(photo.source)
    samples = native.samples
    if native.mode == "1":
        samples = samples.astype(np.uint8)
    elif native.mode == "L" and head.depth < 8:
        samples = samples // np.uint8(255 // (2**head.depth - 1))
    carried = []
    if head.color == 3 and native.palette is None:
        head = replace(head, depth=8, color=6 if native.mode == "RGBA" else 2)
        edit.note(_MORE_COLOURS)
    for kind, content in png.chunks(photo.source):
        fresh = png_metadata.kept(kind, content, edit)
        if fresh is not None and (png.header(photo.source).color != 3 or kind not in _OF_PALETTE):
            carried.append((kind, fresh))
    if native.palette is not None:
        if len(native.palette) > 2**head.depth:
            head = replace(head, depth=8)
        carried += png.palette_chunks(native.palette)
        carried += [pair for pair in png.chunks(photo.source) if pair[0] == b"bKGD"]
    return Written(png.encode(samples, head, carried), "lossless")


def _fresh_png(photo: Photo, native: Native, edit: Edit) -> Written:
    if native.mode not in ("RGB", "RGBA", "L", "LA"):
        native = seen(native)
    deep = native.samples.dtype == np.uint16
    samples = native.samples if deep else native.samples.astype(np.uint8)
    color = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}[native.mode]
    head = png.Header(samples.shape[1], samples.shape[0], 16 if deep else 8, color)
    if photo.format in ("JPEG", "HEIF", "AVIF"):
        edit.note("the pixels are the photo's as decoded")
    return Written(png.encode(samples, head, png.metadata_chunks(photo)), "lossless")


def _webp(photo: Photo, native: Native, edit: Edit) -> Written:
    native, photo = _in_colours_of(photo, native, "WEBP", edit)
    if not edit.exact and not _lossless_webp(photo.source):
        return encoders.lossy(photo, native, "WEBP", edit)
    return encoders.lossless_webp(photo, native, edit)


def _lossless_webp(data: bytes) -> bool:
    """Whether the first picture is coded as VP8L (RFC 9649)."""
    for kind, content in riff.chunks(data):
        if kind in (b"VP8 ", b"VP8L", b"ANMF"):
            return (content[16:20] if kind == b"ANMF" else kind) == b"VP8L"
    return False


def _mark(tags: tiff.Tags, edit: Edit) -> None:
    """The statement that the page was edited, where it is wished."""
    if edit.mark:
        old = tags.entries.get(_XMP)
        tags.entries[_XMP] = tiff.Tag(1, mark.packet(old.value if old else None, edit.mark))


def _tiff(photo: Photo, native: Native, edit: Edit) -> Written:
    """The first page with its own tags, or, for a photo of another format, with tags made from its metadata."""
    if photo.format == "TIFF":
        tags = tiff.parse(photo.source)
        plain = next(tiff_directories.pages(photo.source)).number(259, 1) == 1
        tiff_metadata.clean(tags, edit)
        _mark(tags, edit)
    else:
        tags, plain = tiff.tags_of(photo), False
    return Written(tiff.encode(native, tags, compressed=not plain), "lossless")


def _gif(photo: Photo, native: Native, edit: Edit) -> Written:
    """One frame with the same palette; colours it cannot hold go to the nearest."""
    image, clear = _simple_image(native), np.zeros(0, np.intp)
    if native.mode == "P" and native.palette is not None:
        clear = np.flatnonzero(native.palette[:, 3] < 255)
    else:
        image = image.convert("L") if native.mode in ("1", "L") else image.convert("RGB").quantize(256)
    return Written(_saved_gif(photo, image, int(clear[0]) if clear.size else None), "lossless")


def _saved_gif(photo: Photo, image: PillowImage.Image, transparent: int | None) -> bytes:
    """Pillow's file of an image, with the photo's comment and XMP."""
    options: dict[str, Any] = {"optimize": False}
    options |= {} if transparent is None else {"transparency": transparent}
    options |= {"comment": photo.text["comment"]} if "comment" in photo.text else {}
    return gif_packet.with_packet(saved(image, "GIF", options), photo.xmp)


def _fresh_gif(photo: Photo, native: Native, edit: Edit) -> Written:
    """A GIF of another format's photo: 256 colours, and opacity that is all or nothing."""
    rgb, opacity, transparent = shown(native), opacity_of(native), None
    image = PillowImage.fromarray(rgb)
    grey = native.mode in ("1", "L")
    if not grey:
        edit.note("a GIF holds 256 colours; the others went to the nearest")
    clear = None if opacity is None else opacity < 128
    if clear is None or not clear.any():
        image = image.convert("L") if grey else image.quantize(256)
    else:
        image = image.quantize(255)
        indices = np.asarray(image).copy()
        indices[clear] = 255
        flat = (image.getpalette() or [])[: 255 * 3]
        image = PillowImage.fromarray(indices, "P")
        image.putpalette(flat + [0] * (256 * 3 - len(flat)), "RGB")
        transparent = 255
    if opacity is not None and ((opacity > 0) & (opacity < 255)).any():
        edit.note("a GIF's pixels are clear or opaque; partly transparent ones became either")
    return Written(_saved_gif(photo, image, transparent), "lossless" if grey else "lossy")


def _bmp(photo: Photo, native: Native, edit: Edit) -> Written:
    image = _simple_image(native)
    return Written(saved(image, "BMP", {"dpi": photo.dpi} if photo.dpi else {}), "lossless")


def _ppm(photo: Photo, native: Native, edit: Edit) -> Written:
    return Written(saved(_simple_image(native), "PPM", {}), "lossless")


def _simple_image(native: Native) -> PillowImage.Image:
    if native.mode == "P" and native.palette is not None:
        image = PillowImage.fromarray(np.ascontiguousarray(native.samples), "P")
        image.putpalette(native.palette[:, :3].tobytes(), "RGB")
        return image
    if native.mode in ("1", "L", "RGB", "RGBA", "I"):
        return PillowImage.fromarray(np.ascontiguousarray(native.samples))
    return PillowImage.fromarray(shown(native))
