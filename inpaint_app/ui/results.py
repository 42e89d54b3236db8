"""What a removal gives, shown on the page candidate by candidate as each is ready, and kept for what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from inpaint_app.backends import registry as backends
from inpaint_app.metrics import no_reference
from inpaint_app.removal.candidates import Candidate
from inpaint_app.removal.request import Job, Outcome
from inpaint_app.server import pictures
from inpaint_app.server.files.stored_results import Made, patches_of, seen
from inpaint_app.server.marks import Marks
from inpaint_app.server.visitors import Step, Visit
from inpaint_app.types import Image
from inpaint_app.ui import messages, view_models
from inpaint_app.ui.messages import Message

ShowFound = Callable[[list[int]], None]


class Shown:
    """The results of one press of Remove. `job` learns what was found, so that it is not looked for again."""

    def __init__(
        self,
        visit: Visit,
        step: Step,
        image: Image,
        job: Job,
        marks: Marks,
        message: Message,
        found: ShowFound,
    ) -> None:
        self.job = job
        self._visit = visit
        self._step = step
        self._image = image
        self._message = message
        self._found = found
        self._chosen, self._brushed = marks.chosen, marks.brushed
        self._begun = False

    def candidate(self, job: Job, outcome: Outcome) -> None:
        """Show a result at once, then its scores. The first one takes the place of all that was there before."""
        if not self._begun:
            self._begun = True
            if job.objects:
                self._note_finds(outcome)
            for made in self._step.made.values():
                for name in ("preview", "thumb"):
                    Path(made.shown[name]).unlink(missing_ok=True)
            self._step.made.clear()
            self._visit.say("clear")
        result = outcome.result
        what = view_models.removed(
            [i for i in self._step.found or () if i.number in self._chosen],
            self._brushed,
        )
        key = _key(job, outcome.candidates[0])
        shown = view_models.result(result, key, _title(job, outcome), what)
        photo = seen(self._visit.opened(), (*self._step.patches, *patches_of(result)))
        for name, side in (("preview", pictures.PREVIEW_SIDE), ("thumb", pictures.THUMB_SIDE)):
            path = self._visit.file(".jpg")
            shown[name] = str(pictures.write_preview(result.image, photo, path, side))
        if job.candidates > 1 and backends.find(job.backend).seeded:
            shown["seed"] = outcome.candidates[0].seed
        self._step.made[key] = Made.of(outcome, job, self._chosen, shown)
        self._visit.say("result", **shown)
        scores = no_reference.report(self._image, result)
        extra = {"seam": scores.seam_contrast, "texture": scores.texture_energy}
        shown.update(extra)
        self._visit.say("scores", key=key, **extra)

    def best(self, job: Job, outcome: Outcome) -> None:
        """All candidates of a backend are there: say which one is the best, and what there is to tell."""
        self.job = replace(self.job, found=outcome.instances)
        if len(outcome.candidates) > 1:
            best = next(one for one in outcome.candidates if one.result is outcome.result)
            made = self._step.made[_key(job, best)]
            made.shown["best"] = True
            self._visit.say("best", key=made.shown["key"])
        told = " ".join([*outcome.notices, outcome.note]).strip()
        if told:
            self._visit.say("nothing", text=told)

    def _note_finds(self, outcome: Outcome) -> None:
        """Note and show which finds a word such as "people" has chosen."""
        numbers = frozenset(instance.number for instance in outcome.removed)
        if self.job.found is None:
            looked = messages.finder(self._message, self._visit.settings)
            self._step.found, self._step.found_with = outcome.instances, looked
            self._chosen = numbers
        else:
            self._chosen |= numbers
        self._found(sorted(self._chosen))


def _key(job: Job, candidate: Candidate) -> str:
    """What a result is called between page and server: its backend, and its seed where there are several."""
    several = job.candidates > 1 and backends.find(job.backend).seeded
    return f"{job.backend}-{candidate.seed}" if several else job.backend


def _title(job: Job, outcome: Outcome) -> str:
    """The backend's title; of one that chooses among others, what it chose, too."""
    title = backends.find(job.backend).title
    chosen = outcome.result.backend
    return title if chosen == job.backend else f"{title}: {backends.find(chosen).title}"
