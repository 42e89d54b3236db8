"""`inpaint-app detect`: what could be removed from a photo."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_app.cli import parser as shared
from inpaint_app.cli import streams
from inpaint_app.cli.console import Console
from inpaint_app.cli.written import check_file, remember, say_finder, write_json
from inpaint_app.imaging.mask import marked
from inpaint_app.photofile import files
from inpaint_app.removal.parts import AUTO, KINDS
from inpaint_app.removal.request import Request, chosen
from inpaint_app.removal.session import Session
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import counted_words
from inpaint_app.segmenters.selecting.select import LABEL
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask

EXAMPLES = """\
examples:
  inpaint-app detect street.jpg
  inpaint-app detect street.jpg --people --overlay found.png --mask people.png
  inpaint-app detect street.jpg --json - | jq '.[].label'
"""

COLOURS = ((230, 80, 60), (60, 150, 240), (250, 190, 40), (70, 190, 110), (180, 110, 230), (240, 120, 180))


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(commands, "detect", "Show what could be removed from a photo.", EXAMPLES)
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="a file; - is standard input")
    shared.add_finding(parser)
    parser.add_argument("--json", metavar="FILE", help="write what is found as JSON (- for the screen)")
    parser.add_argument(
        "--overlay", type=Path, metavar="PNG", help="draw what is found over the photo (- is standard output)"
    )
    parser.add_argument(
        "--mask", type=Path, metavar="PNG", help="write the mask of all that is found (- is standard output)"
    )
    parser.add_argument("--overwrite", action="store_true", help="write over files that are there already")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Find and list; finding nothing is no failure."""
    words = shared.objects(arguments)
    settings = arguments.settings
    session = Session(settings)
    targets = (arguments.json, arguments.overlay, arguments.mask)
    written = sum(str(target) == streams.STREAM for target in targets)
    streams.check(1, written)
    if written:
        console.reserve()
    spec = session.resolve_segmenter(arguments.segmenter, words=words)
    for target in targets:
        check_file(target, arguments.overwrite, settings)
    source = streams.source(arguments.photo, session.limits)
    photo = session.load(source.given, source.path.name, arguments.frame)
    with console.working(source.path.name) as progress:
        kinds = [kind for kind in KINDS if getattr(arguments, kind) == AUTO]
        gestures = (*arguments.at, *arguments.box)
        found: tuple[Instance, ...] = ()
        picked: tuple[Instance, ...] = ()
        if words or not gestures:
            found = session.detect(photo.rgb, spec.name, arguments.confidence, progress, kinds)
        for gesture in gestures:
            one = session.select(photo.rgb, gesture, (*found, *picked), spec.name, progress)
            picked += (replace(one, number=len(found) + len(picked) + 1),) if one.number == 0 else (one,)
    for note in dict.fromkeys(progress.notes):
        console.say(note)
    say_finder(spec.name, console, settings)
    if words:
        wanted = {kind: getattr(arguments, kind) for kind in KINDS}
        found = chosen(found, Request(objects=words, **wanted), segmenters.labels(settings), photo.rgb)
    if picked:
        found = tuple({one.number: one for one in (*found, *picked)}.values())
    if arguments.json:
        records = [instance.plain() for instance in found]
        write_json(arguments.json, records, console.write, settings)
    if arguments.json != streams.STREAM:
        for line in table(found, photo.width * photo.height, spec.name).split("\n"):
            console.say(line)
    if arguments.overlay:
        write_png(overlay(photo.rgb, found), arguments.overlay, settings)
    if arguments.mask:
        mask = marked((photo.height, photo.width), found)
        write_png(mask.astype(np.uint8) * np.uint8(255), arguments.mask, settings)
    return 0


def table(found: tuple[Instance, ...], pixels: int, finder: str) -> str:
    """What was found and by whom, a line each; what was pointed at and no finder named is drawn, not found."""
    if not found:
        return f"Nothing found by {finder}. A lower --confidence finds more."
    named = [instance.label for instance in found if instance.label != LABEL]
    drawn = [LABEL] * (len(found) - len(named))
    heads = [(named, f"found by {finder}"), (drawn, "drawn where you pointed")]
    lines = ["; ".join(f"{counted_words(labels)} {how}" for labels, how in heads if labels) + ":"]
    lines += [f"{'no.':>4}  {'what':<16} {'sure':>5}  {'of photo':>8}  left, top, right, bottom"]
    for instance in found:
        share = 100 * np.count_nonzero(instance.mask) / pixels
        corners = ", ".join(str(int(value)) for value in instance.box)
        owner = "" if instance.of is None else f"  (of {instance.of})"
        lines.append(
            f"{instance.number:>4}  {instance.label:<16} {instance.confidence:>5.0%}  {share:>6.1f} %  {corners}{owner}"
        )
    return "\n".join(lines)


def overlay(image: Image, found: tuple[Instance, ...]) -> Image:
    """The photo with each find tinted, outlined and numbered, (H, W, 3) uint8; least sure first, so none hides."""
    drawn = image.copy()
    scale = max(image.shape[:2]) / 1000
    for instance in reversed(found):
        colour = np.array(COLOURS[instance.number % len(COLOURS)], np.uint8)
        region = drawn[instance.box.slices]
        region[instance.mask] = (0.55 * region[instance.mask] + 0.45 * colour).astype(np.uint8)
        edges, _ = cv2.findContours(_bytes(instance.mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        offset = (int(instance.box.left), int(instance.box.top))
        tone = [int(value) for value in colour]
        cv2.drawContours(drawn, edges, -1, tone, max(1, round(2 * scale)), offset=offset)
    for instance in found:
        text = f"{instance.number} {instance.label} {instance.confidence:.0%}"
        size, width = max(0.4, 0.6 * scale), max(1, round(scale))
        (across, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, width)
        left = max(0, min(int(instance.box.left) + 4, image.shape[1] - across - 4))
        at = (left, int(instance.box.top) + max(14, round(20 * scale)))
        cv2.putText(drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), width + 2, cv2.LINE_AA)
        cv2.putText(drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), width, cv2.LINE_AA)
    return drawn


def _bytes(mask: Mask) -> np.ndarray:
    return np.ascontiguousarray(mask).view(np.uint8)


def write_png(picture: np.ndarray, target: Path, settings: Settings) -> None:
    """An RGB or grey picture as PNG, `-` is standard output; raises SaveError."""
    ordered = picture[..., ::-1] if picture.ndim == 3 else picture
    _, data = cv2.imencode(".png", np.ascontiguousarray(ordered))
    if str(target) == streams.STREAM:
        streams.hand_out(data.tobytes())
    else:
        files.write_bytes(data.tobytes(), target)
        remember(data.tobytes(), settings)
