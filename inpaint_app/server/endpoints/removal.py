"""The named endpoints for gradio_client: files in, files and JSON out, no editor's dictionaries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.batch.naming import legal
from inpaint_app.errors import InpaintError, OptionError, UnreadablePhoto
from inpaint_app.imaging.mask_reader import BY_RULE, Reading
from inpaint_app.photofile import files
from inpaint_app.photofile.files import Encoded, Photo
from inpaint_app.photofile.photo import SaveOptions
from inpaint_app.removal.parts import AUTO, KINDS
from inpaint_app.removal.request import ARGUMENTS
from inpaint_app.removal.session import CONFIDENCE, Request, Session, source_type
from inpaint_app.removal.shots import shot_of
from inpaint_app.runtime.fair_queue import Line
from inpaint_app.runtime.worker import GRACE
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.server.endpoints.arguments import ENDPOINTS, POINTING, from_network
from inpaint_app.server.endpoints.jobs import called
from inpaint_app.server.files.folders import Handed
from inpaint_app.server.guard.limits import OPENING
from inpaint_app.server.pictures import write_numbers
from inpaint_app.server.shots import check_room
from inpaint_app.server.visitors import Visits
from inpaint_app.server.work import AT_ONCE
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Instance, Mask, Progress, Result

PUBLIC: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": AT_ONCE, "show_progress": "hidden"}


def build(session: Session, visits: Visits, handed: Handed) -> None:
    """Add the endpoints; their components are not shown."""
    service = Service(session, visits, handed)
    with gr.Column(visible=False):
        inputs = (
            gr.File(label="photo"),
            gr.File(label="mask"),
            gr.Textbox(AUTO, label="objects"),
            gr.Textbox("", label="backend"),
            gr.Textbox("{}", label="options"),
            gr.Textbox("auto", label="grow"),
            gr.Textbox("auto", label="feather"),
            gr.Number(CONFIDENCE, label="confidence"),
            gr.Textbox("", label="segmenter"),
            gr.Number(1, label="candidates", precision=0),
            gr.Number(0, label="frame", precision=0),
            *(gr.Textbox(AUTO, label=kind) for kind in KINDS),
            *(gr.JSON([], label=word) for word in POINTING),
            *(gr.Checkbox(False, label=word) for word, asked in ARGUMENTS.items() if asked.default is False),
            gr.File(label="shots", file_count="multiple"),
        )
        known = {component.label: component for component in inputs}
        file, report = gr.File(label="file"), gr.JSON(label="report")
        press = [gr.Button() for _ in range(3)]
    press[0].click(
        service.detect, [known[word] for word in ENDPOINTS["detect"]], [report, file], api_name="detect",
        api_description="Find objects. Returns a list of finds, and a 16-bit PNG whose pixels are their numbers.",
        **PUBLIC,
    )  # fmt: skip
    press[1].click(
        service.remove_objects, [known[word] for word in ENDPOINTS["remove_objects"]],
        [file, report], api_name="remove_objects",
        api_description='Remove all objects of the words in `objects`, such as "people, dog", what `at` and '
        "`box` point at, and what is gone in `shots`. Returns the photo in its own format, and a report.",
        **PUBLIC,
    )  # fmt: skip
    press[2].click(
        service.remove_mask, [known[word] for word in ENDPOINTS["remove_mask"]], [file, report],
        api_name="remove_mask",
        api_description="Remove what is white in the mask file. Returns the photo in its own format, and a report.",
        **PUBLIC,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Saving:
    """Which frame of a file is edited (0: the first), and how the result is written."""

    frame: float
    exact: bool
    mark_edited: bool

    def options(self, backend: str) -> SaveOptions:
        return SaveOptions(bool(self.exact), source_type(backend) if self.mark_edited else "")


class Service:
    """The endpoints' functions. Errors are those of the app, told as gr.Error so that the client shows them."""

    def __init__(self, session: Session, visits: Visits, handed: Handed) -> None:
        self.session = session
        self.visits = visits
        self.handed = handed
        self.holding_shots = Line(session.settings.waiting, GRACE, session.settings.patience)

    def detect(
        self, photo: str | None, confidence: float, segmenter: str, request: gr.Request
    ) -> tuple[list[dict[str, Any]], str]:
        """Find objects."""
        try:
            visit = self.visits.caller(request)
            with visit.allowance.turn() as turn:

                def find(progress: Progress) -> tuple[Photo, tuple[Instance, ...]]:
                    progress.ticket.charge, progress.ticket.spent = turn.charge, turn.spent
                    opened = self._opened(photo, progress)
                    found = self.session.detect(opened.rgb, segmenter or None, confidence, progress)
                    return opened, found

                opened, instances = called(visit, find)
            path = self._file(opened, "-objects.png")
            write_numbers(instances, (opened.height, opened.width), path)
        except InpaintError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return [instance.plain() for instance in instances], str(path)

    def remove_objects(
        self, photo: str | None, objects: str, backend: str, options: str, grow: str, feather: str,
        confidence: float, segmenter: str, candidates: float, frame: float, exact: bool, mark_edited: bool,
        belongings: str, shadows: str, at: Any, box: Any, request: gr.Request,
        shots: list[str] | None = None, everything_that_moves: bool = False,
    ) -> tuple[str, dict[str, Any]]:  # fmt: skip
        """Find and remove."""
        try:
            gestures = Gesture.listed(at or (), box or ())
        except OptionError as error:
            raise gr.Error(str(error), print_exception=False) from error
        if objects == AUTO:
            objects = "" if gestures or everything_that_moves else "people"
        words = tuple(word.strip() for word in (objects or "").split(",") if word.strip())
        if not words and not gestures and not everything_that_moves:
            raise gr.Error('No objects are named: give words such as "people, dog".', print_exception=False)
        what = {
            "objects": words,
            "gestures": gestures,
            "confidence": float(confidence),
            "segmenter": segmenter or None,
            "candidates": int(candidates),
            "belongings": belongings,
            "shadows": shadows,
            "everything": everything_that_moves,
        }
        saving = _Saving(frame, exact, mark_edited)
        return self._removed(photo, what, backend, options, grow, feather, saving, request, shots)

    def remove_mask(
        self, photo: str | None, mask: str | None, backend: str, options: str, grow: str, feather: str,
        candidates: float, frame: float, exact: bool, mark_edited: bool,
        invert_mask: bool, stretch_mask: bool, letterbox_mask: bool, mask_as_is: bool,
        request: gr.Request, shots: list[str] | None = None,
    ) -> tuple[str, dict[str, Any]]:  # fmt: skip
        """Remove what a mask covers."""
        if not mask:
            raise gr.Error(
                "There is no mask: give one that is white where something is to go.", print_exception=False
            )
        saving = _Saving(frame, exact, mark_edited)
        reading = Reading(invert_mask, mask_as_is, stretch_mask, letterbox_mask)
        what = {"candidates": int(candidates)}
        return self._removed(
            photo, what, backend, options, grow, feather, saving, request, shots, mask, reading
        )

    def _removed(
        self, photo: str | None, what: dict[str, Any], backend: str, options: str, grow: str, feather: str,
        saving: _Saving, request: gr.Request, shots: list[str] | None, mask: str | None = None,
        reading: Reading = BY_RULE,
    ) -> tuple[str, dict[str, Any]]:  # fmt: skip
        try:
            visit = self.visits.caller(request)
            further = shots or []
            cost = max(1, what.get("candidates", 1)) + OPENING * len(further)
            with visit.allowance.turn(cost) as turn:
                values = _options(options)
                name = backend or backends.default(self.session.settings, values)
                options_of_file = saving.options(name)
                wanted = Request(
                    backend=name,
                    options=from_network(values, name),
                    grow=_pixels("grow", grow),
                    feather=_pixels("feather", feather),
                    **what,
                )

                def fill(progress: Progress) -> tuple[Photo, Result, Encoded]:
                    progress.ticket.charge, progress.ticket.spent = turn.charge, turn.spent
                    opened = self._opened(photo, progress, int(saving.frame or 0) or None)
                    files.planned(opened, None, options_of_file)
                    given = _given(mask, opened, self.session, reading, progress) if mask else None
                    with self._shots(further, progress) as held:
                        asked = replace(wanted, mask=given, shots=held)
                        result = self.session.run(opened.rgb, asked, progress, alpha=opened.alpha)
                    whole = result.image, result.mask
                    done = self.session.encode(opened, *whole, options=options_of_file, progress=progress)
                    return opened, result, done

                opened, result, encoded = called(visit, fill)
            path = files.write_bytes(encoded.data, self._file(opened, f"-removed{encoded.suffix}"))
        except InpaintError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return str(path), {
            "backend": result.backend,
            "seconds": round(result.seconds, 3),
            "changed_known": result.changed_known,
            "hole_pixels": int(np.count_nonzero(result.mask)),
            "grow": result.grow,
            "feather": result.feather,
            "removed": [instance.plain() for instance in result.removed],
            "seed": result.seed,
            "candidates": [one.seed for one in result.candidates],
            "new_objects": result.note or None,
            "shots": result.behind.plain() if result.behind else None,
            "notices": [*filter(None, [backends.word(backend or "")]), *result.notices],
            "file": encoded.report.plain(),
        }

    def _opened(self, photo: str | None, progress: Progress, frame: int | None = None) -> Photo:
        if not photo:
            raise UnreadablePhoto("There is no photo: give a file.")
        return self.session.load(photo, frame=frame, progress=progress)

    @contextmanager
    def _shots(self, paths: list[str], progress: Progress) -> Iterator[tuple[Shot, ...]]:
        """Further shots, decoded: one call at a time holds them, for they take what a visitor's whole visit may."""
        if not paths:
            yield ()
            return
        with self.holding_shots.turn(progress, "Several shots"):
            shots: list[Shot] = []
            for path in paths:
                shot = shot_of(self.session.load(path, progress=progress))
                check_room(sum(one.image.nbytes for one in shots), shot, self.session.settings)
                shots.append(shot)
            yield tuple(shots)

    def _file(self, photo: Photo, ending: str) -> Path:
        return self.handed.file(legal(Path(photo.name).stem, ending))


def _given(mask: str, photo: Photo, session: Session, reading: Reading, progress: Progress) -> Mask:
    shape, turned = photo.rgb.shape, photo.orientation
    return session.open_mask(mask, shape, orientation=turned, reading=reading, progress=progress).mask


def _options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise OptionError(
            f'options is no JSON ({str(error)[:100]}): give an object such as {{"seed": 1}}.'
        ) from None
    if not isinstance(options, dict):
        raise OptionError('options is no JSON object: give one such as {"seed": 1}.')
    return options


def _pixels(name: str, text: str) -> int | None:
    if str(text or "auto").strip() == "auto":
        return None
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        raise OptionError(f"{name} is {text!r}, expected a number of pixels, or auto.") from None
