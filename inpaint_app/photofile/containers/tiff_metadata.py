"""A TIFF's tags without what still shows what was removed."""

from __future__ import annotations

from inpaint_app.photofile.containers.tiff import DIRECTORIES, LAYERS, LAYOUT, Tag, Tags
from inpaint_app.photofile.containers.tiff_directories import SIZES, SUB_IFDS
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata.tags import kept


def clean(tags: Tags, edit: Edit) -> None:
    """Take out, entry by entry, what could still show what was removed; what lays out the samples is written anew."""
    edit.looked_through("the tags")
    tell_further(tags, edit)
    _clean(tags.entries, tags.order, edit)


def _clean(entries: dict[int, Tag], order: str, edit: Edit) -> None:
    for tag, entry in list(entries.items()):
        if tag in DIRECTORIES:
            _clean(entry.below, order, edit)
        elif tag not in LAYOUT:
            fresh = kept(tag, entry.kind, entry.value, order, edit)
            if not fresh:
                del entries[tag]
            else:
                size = SIZES[entry.kind]
                entry.value = fresh + bytes(-len(fresh) % size)


def tell_further(tags: Tags, edit: Edit) -> None:
    """Say that layers and reduced pictures go, where there are some."""
    if {LAYERS, SUB_IFDS} & set(tags.entries):
        edit.left_out("layers and reduced pictures, which still showed what was removed")
