"""The Tab key: the shells' code, and what is offered for a line as a shell asks it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest

from inpaint_app.cli import completion, main


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_gets_code_of_its_own(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    said = capsys.readouterr()
    assert "inpaint-app" in said.out
    assert "_ARGCOMPLETE" in said.out
    assert said.err == ""


def test_another_shell_is_a_wrong_call() -> None:
    assert main(["completion", "tcsh"]) == 2


ANSWERING = """
import os, sys
from inpaint_app.cli import main
os.dup2(2, 9)
for line in sys.argv[2:]:
    os.environ |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    print("-", file=os.fdopen(os.dup(int(sys.argv[1])), "w"))
    if not os.fork():
        os.dup2(int(sys.argv[1]), 8)
        main()
    os.wait()
"""


def offered(lines: Iterable[str]) -> list[list[str]]:
    """What a shell gets that asks for the rest of each line: argcomplete answers on descriptor 8."""
    reading, writing = os.pipe()
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n"}
    command = [sys.executable, "-c", ANSWERING, str(writing), *lines]
    subprocess.run(command, env=os.environ | asked, pass_fds=[writing], check=False, timeout=120)
    os.close(writing)
    with os.fdopen(reading) as stream:
        return [[word.strip() for word in one.split("\n")] for one in stream.read().split("-\n")[1:]]


@pytest.mark.skipif(sys.platform == "win32", reason="the shells' protocol goes by descriptors")
def test_the_word_that_was_begun_is_offered() -> None:
    words = {
        "inpaint-app re": "remove",
        "inpaint-app remove --peo": "--people",
        "inpaint-app remove --backend nav": "navier-stokes",
        "inpaint-app remove --format p": "png",
        "inpaint-app completion z": "zsh",
    }
    for (line, word), given in zip(words.items(), offered(words), strict=True):
        assert word in given, line
