"""A burst of uploads against a running server, and what is left of them when the promised time is over.

    python benchmarks/keeping.py --uploaders 16 --seconds 40 --minutes 1

Every second form is odd: a text field, a name of dots, no end. Prints how many files were sent, how many lay there at
most, and how many are left one round of the cleaner after the promised time; nothing else writes to the server.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START = "from inpaint_app.cli import main; import sys; sys.exit(main(['app', '--port', '{port}', '--quiet']))"


def form(number: int) -> bytes:
    """A multipart form, odd every second time."""
    head = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    name = '; filename=".."' if number % 4 == 1 else f'; filename="{number}.jpg"'
    parts = head.format("files", name) + "x" * 20_000 + "\r\n"
    if number % 4 == 2:
        parts += head.format("files", "") + "text" * 1000 + "\r\n"
    return (parts + ("" if number % 4 == 3 else "--b--\r\n")).encode()


def upload(address: str, until: float, sent: list[int], who: int) -> None:
    """Send forms until the time is over; count those that were taken."""
    number = 0
    while time.monotonic() < until:
        number += 1
        headers = {
            "Content-Type": "multipart/form-data; boundary=b",
            "Cookie": f"inpaint-browser=uploader-{who}",
        }
        request = urllib.request.Request(f"{address}/gradio_api/upload", form(number), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                sent[who] += len(answer.read()) > 2
        except (urllib.error.URLError, OSError):
            continue


def lying(folder: Path) -> int:
    """Files of visitors in the server's folder."""
    return sum(
        path.is_file() and path.suffix != ".lock" and path.name != ".lock"
        for path in folder.rglob("server-*/*/**/*")
    )


def status(address: str) -> int:
    """What /health answers; 0 where nothing does."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def main() -> None:
    """Start a server, burst, wait, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploaders", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--minutes", type=float, default=1.0, help="INPAINT_KEEP_MINUTES")
    parser.add_argument("--port", type=int, default=7899)
    given = parser.parse_args()
    address = f"http://127.0.0.1:{given.port}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environment = {
            **os.environ, "GRADIO_TEMP_DIR": place, "INPAINT_KEEP_MINUTES": str(given.minutes), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        server = subprocess.Popen([sys.executable, "-c", START.format(port=given.port)], env=environment)
        try:
            while status(address) != 200:
                assert server.poll() is None, "the server ended"
                time.sleep(0.5)
            sent, ends = [0] * given.uploaders, time.monotonic() + given.seconds
            threads = [
                threading.Thread(target=upload, args=(address, ends, sent, who))
                for who in range(given.uploaders)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            most, over = lying(folder), time.monotonic()
            promised = given.minutes * 60 + min(30.0, given.minutes * 15)
            while time.monotonic() - over < promised + 1:
                time.sleep(1)
            print(f"files taken {sum(sent)}, lying at the end of the burst {most}, health {status(address)}")
            print(f"left {promised:.0f} s later: {lying(folder)}")
        finally:
            server.terminate()
            server.wait(60)


if __name__ == "__main__":
    main()
