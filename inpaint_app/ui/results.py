"""What a removal gives, shown on the page candidate by candidate as each is ready, and kept for what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from inpaint_app.backends import registry as backends
from inpaint_app.metrics import no_reference
from inpaint_app.removal.candidates import agreements
from inpaint_app.removal.request import Request
from inpaint_app.server import comparison, pictures
from inpaint_app.server.files.stored_results import StoredResult, patches_of, seen
from inpaint_app.server.visitors import Step, Visit
from inpaint_app.types import Image, Result
from inpaint_app.ui import messages, shots, view_models
from inpaint_app.ui.messages import Message

ShowFound = Callable[[list[int]], None]


@dataclass(slots=True, eq=False)
class Shown:
    """The results of one press of Remove. `request` learns what was found, so that it is not looked for again.

    around: what each backend made of the hole, to be compared.
    """

    visit: Visit
    step: Step
    image: Image
    request: Request
    chosen: frozenset[int]
    brushed: bool
    message: Message
    found: ShowFound
    around: dict[str, Result] = field(default_factory=dict)
    begun: bool = False

    def candidate(self, request: Request, result: Result) -> None:
        """Show a result at once, then its scores. The first one takes the place of all that was there before."""
        uncovered = len(result.instances) > len(self.step.found or ())  # in any fill, also of clicked finds
        if uncovered or (request.objects and not self.begun):
            self._note_finds(result)
        if not self.begun:
            self.begun = True
            for made in self.step.made.values():
                for name in ("preview", "thumb"):
                    Path(made.shown[name]).unlink(missing_ok=True)
            self.step.made.clear()
            self.visit.say("clear")
        what = view_models.removed(
            [i for i in self.step.found or () if i.number in self.chosen],
            self.brushed,
        )
        key = _key(request, result.seed)
        shown = view_models.result(result, key, _title(request, result), what) | {"asked": request.backend}
        photo = seen(self.visit.opened(), (*self.step.patches, *patches_of(result)))
        for name, side in (("preview", pictures.PREVIEW_SIDE), ("thumb", pictures.THUMB_SIDE)):
            path = self.visit.file(".jpg")
            shown[name] = str(pictures.write_preview(result.image, photo, path, side))
        if request.candidates > 1 and backends.find(request.backend).seeded:
            shown["seed"] = result.seed
        self.step.made[key] = StoredResult.of(result, request, self.chosen, shown)
        self.visit.say("result", **shown)
        shots.fitted(self.visit, result)
        part = comparison.area(result.mask)
        self.around[key] = replace(result, image=result.image[part].copy(), mask=result.mask[part].copy())
        scores = no_reference.report(self.image, result)
        extra = {"seam": scores.seam_contrast, "texture": scores.texture_energy}
        shown.update(extra)
        self.visit.say("scores", key=key, **extra)

    def best(self, request: Request, result: Result) -> None:
        """All candidates of a backend are there: say which one is the best, and what there is to tell."""
        self.request = replace(self.request, found=result.instances)
        if len(result.candidates) > 1:
            made = self.step.made[_key(request, result.seed)]
            made.shown["best"] = True
            self.visit.say("best", key=made.shown["key"])
        told = " ".join(
            one if one.endswith(".") else f"{one}." for one in (*result.notices, result.note) if one
        )
        if told:
            self.visit.say("nothing", text=told)

    def agree(self) -> None:
        """All are there: say how much each agrees with the others."""
        if len(self.around) < 2:
            return
        for (key, _), value in zip(self.around.items(), agreements(list(self.around.values())), strict=True):
            self.step.made[key].shown["agreement"] = value
            self.visit.say("scores", key=key, agreement=value)

    def _note_finds(self, result: Result) -> None:
        """Note and show which finds a word such as "people" has chosen, and who was seen only in the fill."""
        numbers = frozenset(instance.number for instance in result.removed)
        if self.request.found is None:
            self.step.found_with = messages.finder(self.message, self.visit.settings)
            self.chosen = numbers
        else:
            self.chosen |= numbers
        self.step.found = result.instances
        self.found(sorted(self.chosen))


def _key(request: Request, seed: int) -> str:
    """What a result is called between page and server: its backend, and its seed where there are several."""
    several = request.candidates > 1 and backends.find(request.backend).seeded
    return f"{request.backend}-{seed}" if several else request.backend


def _title(request: Request, result: Result) -> str:
    """The title of what filled; of one that chooses among others, its own, too."""
    spec, chosen = backends.find(request.backend), backends.find(result.backend)
    return f"{spec.title}: {chosen.title}" if spec.ensemble and chosen is not spec else chosen.title
