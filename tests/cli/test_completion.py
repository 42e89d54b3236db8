"""The Tab key: the shells' code, and what is offered for a line as a shell asks it."""

from __future__ import annotations

import os
import subprocess
import sys

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


def offered(line: str) -> list[str]:
    """What a shell gets that asks for the rest of `line`: argcomplete answers on descriptor 8."""
    reading, writing = os.pipe()
    script = f"import os; os.dup2({writing}, 8); os.dup2(2, 9); from inpaint_app.cli import main; main()"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    subprocess.run(
        [sys.executable, "-c", script], env=os.environ | asked, pass_fds=[writing], check=False, timeout=120
    )
    os.close(writing)
    with os.fdopen(reading) as stream:
        return [word.strip() for word in stream.read().split("\n") if word.strip()]


@pytest.mark.skipif(sys.platform == "win32", reason="the shells' protocol goes by descriptors")
@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("inpaint-app re", "remove"),
        ("inpaint-app remove --peo", "--people"),
        ("inpaint-app remove --backend nav", "navier-stokes"),
        ("inpaint-app remove --format p", "png"),
        ("inpaint-app completion z", "zsh"),
    ],
)
def test_the_word_that_was_begun_is_offered(line: str, word: str) -> None:
    assert word in offered(line)
