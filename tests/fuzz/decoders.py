"""Photos with changed bytes through the process that decodes strangers' files: none may end it, or take long.

python tests/fuzz/decoders.py 120      # seconds
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inpaint_app.errors import PhotoError
from inpaint_app.photofile.decoding.decoder import Decoder
from inpaint_app.photofile.files import Limits
from tests.photofile.test_decoder import kinds

ENDED = ("memory or time", "more than 20 s")
"""What is said of a file whose process ended or was killed."""


def changed(data: bytes, chance: random.Random) -> bytes:
    """A few bytes of other values; of one in five the end is gone, too."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        found[chance.randrange(len(found))] = chance.choice([0, 255, 127, 1, chance.randrange(256)])
    return bytes(found[: chance.randrange(4, len(found))] if chance.random() < 0.2 else found)


def main(seconds: float) -> int:
    """Print how many files, what became of them, and the longest time; 1 where a process ended over one."""
    decoder, chance, seeds = Decoder(2, 20), random.Random(5), list(kinds().values())
    decoder.warm()
    outcomes, worst, ends = Counter[str](), 0.0, time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.monotonic()
        try:
            decoder.load(changed(chance.choice(seeds), chance), name="photo", limits=Limits(2, 2))
            outcomes["opened"] += 1
        except PhotoError as error:
            outcomes["ended" if any(words in str(error) for words in ENDED) else "refused"] += 1
        worst = max(worst, time.monotonic() - began)
    print(f"{outcomes.total()} files: {dict(outcomes)}; the longest took {worst:.2f} s")
    return int(outcomes["ended"] > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
