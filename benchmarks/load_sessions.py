"""What do sessions cost that are begun and never come back? Their number is bounded, so memory has to level off.

python benchmarks/load_sessions.py --sessions 1600
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.load import resident, served  # noqa: E402


def begun(http: httpx.Client, number: int, component: int) -> None:
    """A tab that asks for a visit of before, hears that there is none, and is never seen again."""
    session = uuid.uuid4().hex
    body = {"data": [None], "event_data": {"token": "x"}, "fn_index": number, "trigger_id": component}
    http.post("/queue/join", json={**body, "session_hash": session}).raise_for_status()
    http.get("/queue/data", params={"session_hash": session}).raise_for_status()


def main(arguments: Any = None) -> None:
    """Print the server's memory after every 200 sessions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=1600)
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="sessions-") as folder,
        served(Path(folder)) as (address, process),
    ):
        time.sleep(60)  # what is heavy loads in the background
        config = httpx.get(f"{address}/config", timeout=60).json()
        resume = next((one["id"], target[0]) for one in config["dependencies"] for target in one["targets"] if target[1] == "resume")  # fmt: skip  # noqa: E501
        print("| sessions | MB |\n| --- | --- |")
        with httpx.Client(base_url=f"{address}/gradio_api", timeout=120) as http:
            for count in range(given.sessions + 1):
                if count % 200 == 0:
                    print(f"| {count} | {resident(process):.1f} |", flush=True)
                begun(http, *resume)


if __name__ == "__main__":
    main()
