"""What the command line says: lists, help, wrong calls, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inpaint_app.cli import main
from inpaint_app.segmenters import registry as segmenters
from tests.cli.command import called, photo


def test_batch_goes_on_after_errors_and_says_so_in_its_exit_code(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "in").mkdir()
    photo(here / "in" / "a.png"), photo(here / "in" / "c.jpg", 2, people=False)
    (here / "in" / "b.jpg").write_text("no photo")
    assert called("batch in out --people --backend telea --zip all.zip") == 1
    said = capsys.readouterr()
    assert "b.jpg" in said.err
    assert "1 of 3 photos done; 1 had nothing to remove and are saved as they were; 1 failed" in said.out
    assert (here / "out" / "c.jpg").read_bytes() == (here / "in" / "c.jpg").read_bytes()
    assert (here / "all.zip").is_file()
    assert called("batch in out --people --backend telea --resume") == 1
    assert "2 were done before" in capsys.readouterr().out


def test_ctrl_c_stops_cleanly(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = photo(here / "a.png").read_bytes()
    assert called("remove a.png --people --backend interrupting -o out.png") == 130
    assert "Stopped" in capsys.readouterr().err
    assert sorted(path.name for path in here.iterdir()) == ["a.png"]
    assert (here / "a.png").read_bytes() == before
    (here / "in").mkdir()
    photo(here / "in" / "a.png")
    assert called("batch in out --people --backend interrupting") == 130
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("remove a.png --poeple -o x.png", 2, "Did you mean --people?"),
        ("remov a.png", 2, "Did you mean remove?"),
        ("", 2, "COMMAND"),
        ("remove a.png -o x.png", 2, "Nothing to remove"),
        ("remove a.png --people -o x.png --backend teela", 2, "Did you mean 'telea'?"),
        ("remove a.png --objects dgo -o x.png", 2, "Did you mean 'dog'?"),
        ("remove a.png --people --format jpg2 -o x.png", 2, "Did you mean jpeg?"),
        ("remove a.png --people --grow -3 -o x.png", 2, "grow"),
        ("remove a.png --people --confidence 3 -o x.png", 2, "from 0 to 1"),
        ("remove a.png --people --option radius -o x.png", 2, "KEY=VALUE"),
        ("remove a.png --people --option raduis=3 -o x.png", 2, "no option 'raduis'"),
        ("remove a.png --people --backend telea --option radius=big -o x.png", 2, "expected a number"),
        ("remove a.png --people --segmenter nobody -o x.png", 2, "nobody"),
        ("remove a.png --mask nowhere.png -o x.png", 2, "no mask nowhere.png"),
        ("remove a.png --recipe nowhere.json -o x.png", 2, "nowhere.json"),
        ("remove a.png --recipe a.png -o x.png", 2, "no recipe"),
        ("remove a.png --recipe a.png --people -o x.png", 2, "--recipe says already"),
        ("remove nowhere.png --people -o x.png", 1, "nowhere.png"),
        ("remove black.png --people -o x.png --backend telea", 1, "Nothing found"),
        ("remove a.png --people -o x.xyz --backend telea", 2, "no format that can be written"),
        ("remove a.png --people -o x.png --format jpeg", 2, "says PNG, --format says jpeg"),
        ("remove a.png black.png --people -o x.png", 2, "give a folder, such as x/"),
        ("remove a.png --people -o black.png", 2, "--overwrite"),
        ("remove a.png --people -o a.png/x.png", 1, "choose another folder"),
        ("remove - --mask - -o x.png", 2, "standard input more than once"),
        ("remove a.png --people -o - --json -", 2, "standard output more than once"),
        ("remove a.png black.png --people -o -", 2, "one picture to standard output"),
        ("detect a.png --mask black.png", 2, "--overwrite"),
        ("batch nowhere out --people", 2, "no folder"),
        ("batch . out", 2, "Nothing to remove"),
        ("batch empty out --people", 2, "no photos"),
        ("models fetch yolov8nseg", 2, "Did you mean 'yolov8n-seg'?"),
        ("models fetch", 2, "Which?"),
        ("backends --json no/such/x.json", 1, "make it first"),
    ],
)
def test_a_wrong_call_is_answered_with_the_cure(
    here: Path, capsys: pytest.CaptureFixture[str], call: str, code: int, message: str
) -> None:
    photo(here / "a.png"), photo(here / "black.png", people=False)
    (here / "empty").mkdir()
    assert called(call) == code
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (here / "x.png").exists()


def test_missing_weights_have_an_exit_code_of_their_own(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(here)
    monkeypatch.setenv("INPAINT_YOLO_WEIGHTS", str(here / "nowhere.pt"))
    monkeypatch.setenv("INPAINT_CHECKPOINTS", str(here))
    monkeypatch.setenv("INPAINT_CACHE", str(here))
    monkeypatch.setenv("INPAINT_OFFLINE", "1")
    monkeypatch.setattr(segmenters, "SEGMENTERS", tuple(s for s in segmenters.SEGMENTERS if "yolo" in s.name))
    photo(here / "a.png")
    assert called("remove a.png --people -o x.png --backend telea") == 3
    assert "missing" in capsys.readouterr().err


def test_backends_and_models_are_listed_with_their_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends", "--json", "-"]) == 0
    listed = {item["name"]: item for item in json.loads(capsys.readouterr().out)}
    assert listed["telea"]["ready"] is True
    assert listed["telea"]["options"]["radius"]["maximum"] == 64
    assert sum(item["default"] for item in listed.values()) == 1
    assert main(["backends", "--options"]) == 0
    assert "--option radius=3.0" in capsys.readouterr().out
    assert main(["models"]) == 0
    assert "finder" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", [None, "remove", "detect", "batch", "backends", "models", "app", "train", "evaluate"]
)
def test_help_is_there_for_every_command(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*([command] if command else []), "--help"]) == 0
    said = capsys.readouterr().out
    assert "usage: inpaint-app" in said
    if command not in (None, "train"):
        assert "examples:" in said
    assert max(map(len, said.splitlines())) <= 130


def test_progress_goes_to_stderr_only_when_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo(here / "a.png")
    assert called("remove a.png --people --backend telea -o x.png --quiet") == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert called("remove a.png --people --backend telea -o x.png --progress") == 0
    assert "%" in capsys.readouterr().err


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inpaint_app", "backends"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "telea" in done.stdout
