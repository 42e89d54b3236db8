"""The documents: their examples are run, their commands exist, their links and pictures are there."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.cli import build, main
from inpaint_app.removal import api
from inpaint_app.segmenters import registry as segmenters
from tests.conftest import ROOT
from tests.documents import DOCS, fenced
from tests.toys import FINDER

ALL = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.glob("*.md"))]
LARGEST = 220_000
"""Bytes of a picture in the repository."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as docs/command-line.md describes it, with the toy finder as the only one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(segmenters, "SEGMENTERS", (FINDER,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    api.session.cache_clear()  # another test's has the finder of another environment
    (tmp_path / "holiday").mkdir()
    (tmp_path / "masks").mkdir()
    hole = np.zeros((80, 120), np.uint8)
    hole[30:44, 50:70] = 255
    names = ("street", "beach")
    for seed, name in enumerate(names):
        image = cv2.GaussianBlur(
            np.random.default_rng(seed).integers(0, 256, (80, 120, 3)).astype(np.uint8), (0, 0), 3
        )
        image[:16, :16] = 255  # where it is dark, the toy finder finds nothing
        (tmp_path / f"{name}.jpg").write_bytes(cv2.imencode(".jpg", image)[1].tobytes())
        shutil.copy(tmp_path / f"{name}.jpg", tmp_path / "holiday")
        (tmp_path / "masks" / f"{name}.png").write_bytes(cv2.imencode(".png", hole)[1].tobytes())
    shutil.copy(tmp_path / "masks" / "street.png", tmp_path / "mask.png")
    yield tmp_path
    api.session().release()


def calls(text: str) -> list[list[str]]:
    """The calls of inpaint-app in a piece of shell, as words."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if "inpaint-app " in line else []
        while "inpaint-app" in words:
            words = words[words.index("inpaint-app") + 1 :]
            end = next(
                (place for place, word in enumerate(words) if word in ("|", "&&", ";", ">")), len(words)
            )
            found.append(words[:end])
    return found


def test_every_example_of_the_command_line_runs(folder: Path) -> None:
    examples = [call for block in fenced(DOCS / "command-line.md", "bash") for call in calls(block)]
    assert len(examples) > 18
    for call in examples:
        assert main([*call, "--quiet"]) == 0, call
    assert {"clean.jpg", "clean.png", "again.jpg", "report.json", "people.png", "repaired.zip"} <= {
        path.name for path in folder.iterdir()
    }


@pytest.mark.parametrize("document", ALL, ids=lambda path: path.name)
def test_every_call_in_a_document_is_understood(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [*fenced(document, "bash"), *fenced(document, "sh")]
    inline = re.findall(r"`(inpaint-app [a-z][^`]* [^`]*)`", document.read_text())
    for call in calls("\n".join([*blocks, *inline])):
        if "COMMAND" in call or any(word.isupper() and len(word) > 2 for word in call):
            continue  # a pattern, not an example
        code: object = 0
        try:
            build(call[0]).parse_args(call)
        except SystemExit as end:
            code = end.code
        assert code == 0, (call, capsys.readouterr().err)


def test_the_examples_in_python_run(folder: Path) -> None:
    blocks = fenced(DOCS / "python.md", "python")
    assert len(blocks) == 9
    said = io.StringIO()
    space: dict[str, object] = {"__name__": "example"}
    with contextlib.redirect_stdout(said):
        for block in blocks:
            exec(compile(block, "python.md", "exec"), space)
    assert "0 coding blocks changed" in said.getvalue()
    assert "no backend 'lama2'" in said.getvalue()
    assert "100%" in said.getvalue()
    assert {"clean.jpg", "clean.png"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("document", ALL, ids=lambda path: path.name)
def test_what_a_document_points_to_is_there(document: Path) -> None:
    text = document.read_text()
    named = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'<img src="([^"]+)"', text)
    for target in named:
        if "://" in target:
            continue
        path = document.parent / target
        assert path.exists(), target
        if path.suffix in (".webp", ".png", ".jpg") and path.name != "app.png":
            assert path.stat().st_size < LARGEST, f"{target} is too large for a repository"


def test_the_readme_leads_to_every_document() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [path.name for path in DOCS.glob("*.md") if f"docs/{path.name}" not in readme]
    assert missing == []
