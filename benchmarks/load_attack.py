"""What do 16 pages of one address that open costly files cost somebody who opens a usual photo?

    python benchmarks/load_attack.py                          # two rounds of 30 s alone and 30 s beside

Starts the real page as in a container (photos are decoded in processes of their own) and visits it over loopback: the
visitor comes from 127.0.0.1, the attacker from 127.0.0.2. The attacker's pages open again and again what takes as long
as the screening lets through: large progressive JPEGs of many scans, and the small files of tests/photofile/bombs.py.
The attacker is a process of its own at the lowest priority: what it costs to make its requests is another machine's.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image as PillowImage

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.load import latencies, served  # noqa: E402
from benchmarks.load_photos import Log, Refused  # noqa: E402
from benchmarks.load_visitors import PageVisitor  # noqa: E402
from tests.photofile.bombs import BOMBS, jpeg_of_scans  # noqa: E402

EXAMPLE = ROOT / "inpaint_app/ui/static/examples/wall.jpg"
PAUSE = 0.2
"""Seconds until a page of the attacker's that was refused tries again."""

BETWEEN = 1.6
"""Seconds between two openings of the visitor's: a Space takes 40 in a minute."""


class Opener(PageVisitor):
    """A page that only opens. address_of: the network address that it comes from.

    It holds no photo of its own, so it is not begun as a PageVisitor is.
    """

    def __init__(self, address: str, address_of: str) -> None:
        way = httpx.HTTPTransport(local_address=address_of)
        self.http = httpx.Client(base_url=f"{address}/gradio_api", timeout=600, transport=way)
        self.session, self.seen, self.works, self.places = uuid.uuid4().hex, 0, 0, []
        config = httpx.get(f"{address}/config", timeout=60).json()
        targets = {
            target[1]: (one["id"], target[0]) for one in config["dependencies"] for target in one["targets"]
        }
        self.events = {"open": targets["open"]}

    def open(self, data: bytes, name: str) -> None:
        """Send a file and open it; raises Refused with the server's words."""
        sent = self.http.post("/upload", files={"files": (name, data)})
        if sent.status_code != 200:
            raise Refused(sent.text)
        self.send("open", path=str(sent.json()[0]), name=name)


def usual(side: int = 2000) -> bytes:
    """A JPEG of four megapixels, as a camera makes them."""
    picture = PillowImage.open(EXAMPLE).convert("RGB").resize((side, side))
    return _jpeg(picture, quality=90)


def costly() -> list[tuple[str, bytes]]:
    """Files by name, each of which takes as long as it may, or is refused."""
    noise = np.random.default_rng(0).integers(0, 256, (4500, 4500, 3), dtype=np.uint8)
    slow = _jpeg(PillowImage.fromarray(noise), quality=60, progressive=True)
    files = [("noise.jpg", slow), *((f"scans-{n}.jpg", jpeg_of_scans(80, 5000)) for n in range(4))]
    return files + [(f"{name}.bin", make()) for name, make in BOMBS.items()]


def _jpeg(picture: PillowImage.Image, **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **how)
    return buffer.getvalue()


def attack(pages: list[Opener], files: list[tuple[str, bytes]], over: threading.Event, log: Log) -> None:
    """Every page opens one after the other, until it is over."""

    def visit(number: int, page: Opener) -> None:
        turn = number
        while not over.is_set():
            name, data = files[turn % len(files)]
            before = len(log.done)
            log.run("attack", partial(page.open, data, name))
            if len(log.done) == before:
                time.sleep(PAUSE)
            turn += 1

    for number, page in enumerate(pages):
        threading.Thread(target=visit, args=(number, page), daemon=True).start()


def opened(page: Opener, data: bytes, seconds: float, log: Log, kind: str) -> None:
    """A usual photo again and again, as fast as a Space takes them."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        log.run(kind, lambda: page.open(data, "photo.jpg"))
        time.sleep(BETWEEN)


def attacker(address: str, pages: int, seconds: float) -> int:
    """Attack for a time, then print what became of it."""
    if hasattr(os, "nice"):
        os.nice(19)
    over, log = threading.Event(), Log()
    attack([Opener(address, "127.0.0.2") for _ in range(pages)], costly(), over, log)
    print("attacking", flush=True)
    time.sleep(seconds)
    over.set()
    print(latencies(log, ("attack",)), flush=True)
    return 0


def main(arguments: Any = None) -> int:
    """Print the table; 1 where the visitor heard an error, or the p95 beside is over twice that alone."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30, help="of each part")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--place", default="container", help="INPAINT_SURROUNDINGS: container, spaces or own")
    parser.add_argument("--attack", metavar="ADDRESS", help="be the attacker of that server")
    given = parser.parse_args(arguments)
    if given.attack:
        return attacker(given.attack, given.pages, given.seconds)
    photo, log = usual(), Log()
    with tempfile.TemporaryDirectory(prefix="attack-") as place:
        folder = Path(place)
        with served(folder, INPAINT_SURROUNDINGS=given.place) as (address, _):
            visitor = Opener(address, "127.0.0.1")
            for _ in range(5):
                visitor.open(photo, "photo.jpg")
            for _ in range(given.rounds):
                opened(visitor, photo, given.seconds, log, "alone")
                call = [sys.executable, __file__, "--attack", address, "--pages", str(given.pages)]
                call += ["--seconds", str(given.seconds + 6)]
                with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as other:
                    assert other.stdout is not None
                    other.stdout.readline()
                    time.sleep(3)
                    opened(visitor, photo, given.seconds, log, "beside")
                    print(other.communicate()[0])
                time.sleep(12)
    print(latencies(log, ("alone", "beside")))
    alone, beside = (
        np.percentile([t for kind, t in log.done if kind == name], 95) for name in ("alone", "beside")
    )
    print(f"\np95 of an open beside {given.pages} pages of one address: {beside / alone:.2f} × alone")
    return int(bool(log.errors or log.busy) or beside > 2 * alone)


if __name__ == "__main__":
    sys.exit(main())
