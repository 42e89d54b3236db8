"""Arguments of commands about files: which picture of one is edited, and how a result is written."""

from __future__ import annotations

import argparse

from inpaint_app.cli.parser import Parser
from inpaint_app.photofile.photo import SaveOptions
from inpaint_app.removal.session import source_type


def add_saving(parser: Parser) -> None:
    """How results are written."""
    group = parser.add_argument_group("how it is written")
    group.add_argument(
        "--exact",
        action="store_true",
        help="so that no known pixel changes: PNG, lossless WebP or TIFF, whatever the photo's own format does",
    )
    group.add_argument(
        "--mark-edited",
        action="store_true",
        help="state in the file's XMP that it was edited: IPTC's digital source type and the software",
    )


def saving(arguments: argparse.Namespace, backend: str) -> SaveOptions:
    """What --exact and --mark-edited ask for, for a result of that backend."""
    return SaveOptions(arguments.exact, source_type(backend) if arguments.mark_edited else "")


def add_frame(parser: Parser) -> None:
    """Which picture of a file is meant."""
    parser.add_argument(
        "--frame",
        type=_frame,
        default=None,
        metavar="N",
        help="of an animation, a TIFF with pages or a HEIC with several pictures: which one is edited (default 1); the "
        "others stay as they are",
    )


def _frame(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1")
    return int(text)
