"""The words of a photo that a file of another format has no place for: said, kind by kind.

EXIF, XMP, IPTC and texts. What becomes of the pictures inside them is told elsewhere (source_parts.py).
"""

from __future__ import annotations

from inpaint_app.photofile.containers import png, tiff
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg.metadata import without_extended
from inpaint_app.photofile.metadata import tags
from inpaint_app.photofile.photo import Photo

_NO_EXIF = frozenset({"BMP", "GIF", "PPM"})
_NO_XMP = frozenset({"BMP", "PPM"})
_IPTC_BLOCK = b"8BIM\x04\x04"  # Photoshop's image resource 1028
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_RAW_PROFILES = frozenset({b"Raw profile type iptc", b"Raw profile type 8bim"})


def tell(photo: Photo, target: str, edit: Edit) -> None:
    """Tell the edit which of the photo's words a file of the `target` format cannot hold."""
    lost = []
    if photo.exif and target in _NO_EXIF:
        lost.append("EXIF (camera, dates, place)")
    if photo.xmp and target in _NO_XMP:
        lost.append("XMP")
    elif photo.xmp and without_extended(photo.xmp) != photo.xmp:
        lost.append("the part of its XMP that JPEG keeps apart")
    if _holds_iptc(photo):
        lost.append("IPTC (captions, keywords)")
    texts = [key for key in photo.text if not key.startswith("XML:com") and not key.startswith("Raw profile")]
    if texts and not (target == "PNG" or (target == "GIF" and texts == ["comment"])):
        lost.append(f"its text ({', '.join(texts[:5])}{', …' if len(texts) > 5 else ''})")
    if photo.format == "ICO" and (sizes := int.from_bytes(photo.source[4:6], "little")) > 1:
        edit.left_out(f"{sizes - 1} smaller or equal {'size' if sizes == 2 else 'sizes'} of the icon")
    for words in lost:
        edit.left_out(f"{words}, for which a {target} file has no place")


def _holds_iptc(photo: Photo) -> bool:
    """Whether the file has an IPTC record of its own, as JPEG, TIFF and ImageMagick's PNG keep one."""
    if photo.format == "JPEG":
        return _IPTC_BLOCK in photo.source[: photo.source.find(b"\xff\xda") + 1]
    if photo.format == "TIFF":
        entries = tiff.parse(photo.source).entries
        resources = entries.get(tags.PHOTOSHOP)
        return tags.IPTC in entries or (resources is not None and _IPTC_BLOCK in resources.value)
    if photo.format == "PNG":
        return any(
            kind in _TEXTS and content.partition(b"\0")[0] in _RAW_PROFILES
            for kind, content in png.chunks(photo.source)
        )
    return False
