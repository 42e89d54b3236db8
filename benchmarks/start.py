"""How long until the page answers: `python app.py` beside a three-line Gradio app, started in turn.

    python benchmarks/start.py [--rounds 5]

Prints a Markdown table. Target: at most 1.25 times the three lines, torch, ultralytics and diffusers not loaded by
then (seen in the process's memory map on Linux).
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
THREE_LINES = """\
import gradio as gr
with gr.Blocks() as demo: gr.Markdown("# Hello")
demo.launch()
"""
TARGET = 1.25


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Started(NamedTuple):
    """Seconds from the start of the process to its first whole answer: by the clock, and of processor time.

    The second is what a busy machine does not stretch. torch: whether its libraries were mapped by then.
    """

    seconds: float
    processor: float
    torch: bool


def until_it_answers(script: Path) -> Started:
    port = free_port()
    environment = {
        **os.environ,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": str(ROOT),
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        cwd=script.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < 120:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                    answer.read()
                seconds = time.perf_counter() - began
                return Started(seconds, processor_seconds(process.pid), maps_torch(process.pid))
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{script} ended with {process.returncode}") from None
                time.sleep(0.02)
        raise SystemExit(f"{script} did not answer within two minutes")
    finally:
        process.terminate()
        process.wait(30)


def processor_seconds(pid: int) -> float:
    """User and system seconds so far (Linux; 0 elsewhere)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def maps_torch(pid: int) -> bool:
    maps = Path(f"/proc/{pid}/maps")
    return maps.exists() and "libtorch" in maps.read_text()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "three_lines.py"
        plain.write_text(THREE_LINES)
        scripts = (plain, ROOT / "app.py")
        for script in scripts:
            until_it_answers(script)  # files into the system's cache, bytecode onto the disk
        runs = [[until_it_answers(script) for script in scripts] for _ in range(rounds)]
    print(table(runs))


def table(runs: list[list[Started]]) -> str:
    """Medians, and the median of the rounds' ratios."""
    clock = statistics.median(ours.seconds / plain.seconds for plain, ours in runs)
    processor = statistics.median(ours.processor / max(plain.processor, 1e-9) for plain, ours in runs)
    lines = [
        "| until the page answers | seconds | ratio | processor seconds | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    names = ("three lines of Gradio", "`python app.py`")
    ratios = (("1", "1"), (f"{clock:.2f} (target ≤ {TARGET})", f"{processor:.2f}"))
    for index, (name, ratio) in enumerate(zip(names, ratios, strict=True)):
        wall = statistics.median(run[index].seconds for run in runs)
        work = statistics.median(run[index].processor for run in runs)
        lines.append(f"| {name} | {wall:.2f} | {ratio[0]} | {work:.2f} | {ratio[1]} |")
    torch = "yes" if any(ours.torch for _, ours in runs) else "no"
    lines.append(f"\nMedians of {len(runs)} rounds, started in turn. torch loaded by then: {torch}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
