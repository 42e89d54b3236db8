"""Visitors of a running page, for load.py and its test: each with a photo of its own, each checking all that it gets.

Two kinds: `PageVisitor` speaks the page's own protocol, `ApiVisitor` calls the named endpoints through gradio_client.
"""

from __future__ import annotations

import io
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio_client
import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmarks.load_photos import Mixed, OwnPhoto, Refused, mask_png


@dataclass(frozen=True)
class Fills:
    """What the visitors fill with: backends by name, and the slow one's options."""

    quick: tuple[str, ...] = ("patchmatch", "exemplar", "telea")
    slow: str = "stable-diffusion"
    slow_options: dict[str, Any] = field(default_factory=dict)


def in_words(refused: Refused) -> None:
    """What came is a sentence for people; raises it again where it is not."""
    text = str(refused)
    if len(text) < 20 or "Something went wrong" in text or "Traceback" in text or text.startswith("Busy"):
        raise refused


class ApiVisitor:
    """A program that calls the named endpoints."""

    def __init__(self, address: str, photo: OwnPhoto, fills: Fills, folder: Path, seed: int) -> None:
        self.client = gradio_client.Client(address, verbose=False, download_files=str(folder))
        self.photo, self.fills, self.folder = photo, fills, folder
        self.chance = random.Random(seed)
        self.file = gradio_client.handle_file(str(photo.path))

    def call(self, api_name: str, **given: Any) -> Any:
        """One call; raises Refused with the server's words."""
        try:
            return self.client.predict(**given, api_name=api_name)
        except gradio_client.exceptions.AppError as error:
            raise Refused(str(error)) from error

    def detect(self) -> None:
        """Find objects."""
        finds, file = self.call("/detect", photo=self.file)
        with PillowImage.open(file) as numbers:
            self.photo.check_finds(finds, (numbers.height, numbers.width))
        Path(file).unlink()

    def asked(self, backend: str, options: dict[str, Any]) -> tuple[dict[str, Any], NDArray[np.bool_]]:
        """What to send for a fill of a hole somewhere."""
        hole = self.photo.hole(self.chance)
        path = self.folder / f"{uuid.uuid4().hex}.png"
        path.write_bytes(mask_png(hole))
        given = {
            "photo": self.file, "mask": gradio_client.handle_file(str(path)), "backend": backend,
            "options": json.dumps(options),
        }  # fmt: skip
        return given, hole

    def fill(self, backend: str, options: dict[str, Any]) -> None:
        """Remove what a mask covers."""
        given, hole = self.asked(backend, options)
        try:
            file, report = self.call("/remove_mask", **given)
            with PillowImage.open(file) as picture:
                self.photo.check(np.asarray(picture.convert("RGB")), hole, report["grow"])
            Path(file).unlink()
        finally:
            Path(given["mask"]["path"]).unlink(missing_ok=True)

    def quick(self) -> None:
        """A fill by a quick backend."""
        self.fill(self.chance.choice(self.fills.quick), {})

    def slow(self) -> None:
        """A fill by the slow backend."""
        self.fill(self.fills.slow, self.fills.slow_options)

    def cancel(self) -> None:
        """Begin a slow fill and think better of it."""
        given, _ = self.asked(self.fills.slow, self.fills.slow_options)
        job = self.client.submit(**given, api_name="/remove_mask")
        time.sleep(self.chance.uniform(0.1, 1.5))
        job.cancel()

    def bad(self) -> None:
        """Ask for what there is not."""
        given, _ = self.asked("lama9", {})
        text = self.folder / f"{uuid.uuid4().hex}.jpg"
        text.write_text("this is no photo")
        wrong = self.chance.choice(
            [
                given,
                {**given, "backend": "telea", "options": '{"radius": 9000}'},
                {**given, "backend": "telea", "photo": gradio_client.handle_file(str(text))},
            ]
        )
        try:
            self.call("/remove_mask", **wrong)
        except Refused as refused:
            in_words(refused)
        else:
            raise Mixed("what cannot be done was done")

    def close(self) -> None:
        """Go away."""
        self.client.close()


class PageVisitor:
    """A browser tab, as the server sees it."""

    def __init__(self, address: str, photo: OwnPhoto, fills: Fills, folder: Path, seed: int) -> None:
        self.http = httpx.Client(base_url=f"{address}/gradio_api", timeout=600)
        self.photo, self.fills = photo, fills
        self.chance = random.Random(seed)
        self.session = uuid.uuid4().hex
        config = httpx.get(f"{address}/config", timeout=60).json()
        self.events = {name: (d["id"], d["targets"][0][0]) for d in config["dependencies"] for name in [d["targets"][0][1]] if name != "click"}  # fmt: skip  # noqa: E501
        self.seen = self.works = 0
        self.places: list[str] = []
        self.send("open", path=self.uploaded(photo.path), name=photo.path.name)

    def uploaded(self, path: Path) -> str:
        """Where the server put the file."""
        reply = self.http.post("/upload", files={"files": (path.name, path.read_bytes())})
        return str(reply.raise_for_status().json()[0])

    def send(self, event: str, **message: Any) -> list[dict[str, Any]]:
        """Trigger an event of the page's component and return what it said. Raises Refused on an error."""
        self.works += 1
        number, component = self.events[event]
        joined = self.http.post(
            "/queue/join",
            json={
                "data": [], "event_data": {"seen": self.seen, "work": self.works, **message},
                "fn_index": number, "trigger_id": component, "session_hash": self.session,
            },
        )  # fmt: skip
        if joined.status_code != 200:
            raise Refused(joined.json().get("detail", joined.text))
        said = self.heard(joined.json()["event_id"])
        fresh = [one for one in said if one["n"] > self.seen]
        self.seen = max([self.seen, *(one["n"] for one in fresh)])
        for one in fresh:
            if one["kind"] == "error":
                raise Refused(one["text"])
        return fresh

    def heard(self, event_id: str) -> list[dict[str, Any]]:
        """Read the stream until the event is over; what the component's last value holds."""
        with self.http.stream("GET", "/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                news = json.loads(line[5:])
                if "before you" in line:
                    self.places.append(line)
                if news.get("msg") == "process_completed" and news.get("event_id") == event_id:
                    if not news["success"]:
                        raise Refused(str(news["output"].get("error")))
                    data = news["output"].get("data") or []
                    return list((data[0] or {}).get("events", [])) if data else []
        raise ConnectionError("the stream ended before the work did")

    def marked(self, hole: NDArray[np.bool_]) -> dict[str, Any]:
        """The studio's strokes: one along each row of the hole, so that the server draws the very same pixels."""
        rows = np.flatnonzero(hole.any(axis=1))
        strokes = []
        for row in rows:
            columns = np.flatnonzero(hole[row])
            ends = [float(columns[0]) + 0.5, row + 0.5, float(columns[-1]) + 0.5, row + 0.5]
            strokes.append({"kind": "stroke", "points": ends, "width": 1.0, "erase": False})
        return {"marks": strokes, "objects": []}

    def detect(self) -> None:
        """Find objects."""
        (found,) = [one for one in self.send("find") if one["kind"] == "found"]
        self.photo.check_finds(found["instances"])

    def fill(self, backend: str, options: dict[str, Any]) -> None:
        """Brush, remove, download."""
        hole = self.photo.hole(self.chance)
        said = self.send("remove", backends=[backend], options={backend: options}, **self.marked(hole))
        results = [one for one in said if one["kind"] == "result"]
        if len(results) != 1:
            raise Mixed(f"{len(results)} results came for one fill: {[one['kind'] for one in said]}")
        (file,) = [
            one
            for one in self.send("download", what="png", result=results[0]["key"])
            if one["kind"] == "file"
        ]
        data = self.http.get(f"/file={file['path']}").raise_for_status().content
        with PillowImage.open(io.BytesIO(data)) as picture:
            self.photo.check(np.asarray(picture.convert("RGB")), hole, results[0]["grow"])

    def quick(self) -> None:
        """A fill by a quick backend."""
        self.fill(self.chance.choice(self.fills.quick), {})

    def slow(self) -> None:
        """A fill by the slow backend."""
        self.fill(self.fills.slow, self.fills.slow_options)

    def cancel(self) -> None:
        """Begin a slow fill and press Cancel."""
        timer = threading.Timer(self.chance.uniform(0.1, 1.5), self.press_cancel)
        timer.start()
        name = self.fills.slow
        said = self.send(
            "remove", backends=[name], options={name: self.fills.slow_options},
            **self.marked(self.photo.hole(self.chance)),
        )  # fmt: skip
        timer.join()
        kinds = [one["kind"] for one in said]
        if "cancelled" not in kinds and "result" not in kinds:
            raise Mixed(f"neither cancelled nor done: {kinds}")

    def press_cancel(self) -> None:
        """What the Cancel button does."""
        number, component = self.events["cancel"]
        given = {"data": [], "event_data": {"work": self.works}, "fn_index": number, "trigger_id": component}
        with httpx.Client(base_url=self.http.base_url) as http:
            http.post("/run/predict", json={**given, "session_hash": self.session}).raise_for_status()

    def bad(self) -> None:
        """Ask for what there is not."""
        event, message = self.chance.choice(
            [
                ("remove", {"backends": ["telea"], "marks": []}),
                ("remove", {"backends": ["telea"], "marks": ["xyz"]}),
                ("open", {"path": "/etc/passwd", "name": "x"}),
                ("go", {"step": 99}),
            ]
        )
        try:
            self.send(event, **message)
        except Refused as refused:
            in_words(refused)
        else:
            raise Mixed("what cannot be done was done")

    def close(self) -> None:
        """Go away."""
        self.http.close()
