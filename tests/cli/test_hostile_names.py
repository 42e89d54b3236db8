"""Names and files that are made to harm whoever sits before the terminal, or to keep the command busy for ever."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaint_app.cli import main
from inpaint_app.errors import InpaintError, printable
from tests.cli.command import mask, photo

STEERS = "a\x1b[31mb\x07\x9bc\nFAKE: done\u202egpj.png"
NO_UTF8 = os.fsdecode(b"\xff\xfe.png")
RAW = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
FILL = ("--mask", "m.png", "--backend", "telea")


@pytest.fixture(autouse=True)
def hasty() -> Iterator[None]:
    """A call that waits for a pipe to be filled fails instead."""

    def late(*_: object) -> None:
        raise RuntimeError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def named(folder: Path, name: str) -> None:
    photo(folder / "plain.png").rename(folder / name)


def said(capfd: pytest.CaptureFixture[str]) -> str:
    """What stands on the terminal; nothing of it steers one."""
    out, err = capfd.readouterr()
    assert not RAW.search(out + err), ascii(out + err)
    assert "\nFAKE" not in out + err
    return out + err


def test_a_text_in_one_line_that_spells_out_what_nobody_sees() -> None:
    assert printable(STEERS) == "a\\x1b[31mb\\x07\\x9bc FAKE: done\\u202egpj.png"
    assert printable("grüße 🙂 \\x1b") == "grüße 🙂 \\x1b"
    assert str(InpaintError(f"{NO_UTF8} is damaged.\r\nNext")) == "\\udcff\\udcfe.png is damaged. Next"


@pytest.mark.parametrize("name", [STEERS, NO_UTF8])
def test_names_steer_no_terminal_and_forge_no_line(
    here: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    named(here, name)
    mask(here / "m.png")
    calls = [
        (["remove", name, *FILL, "-o", "out/"], 0), (["remove", f"{name}.gone", *FILL, "-o", "out/"], 1),
        (["remove", "m.png", "--mask", f"{name}.gone", "-o", "o/"], 2),
        (["remove", name, *FILL, "-o", "o/", f"--{name}"], 2),
        (["detect", name], 0), (["detect", f"{name}.gone"], 1), (["batch", f"{name}.gone", "o/", "--people"], 2),
        (["remove", name, *FILL, "-o", "o/", "--json", "-", "--progress"], 0),
        (["evaluate", f"{name}.gone", "--report", "r"], 2),
        (["remove", "m.png", "--recipe", f"{name}.gone", "-o", "o/"], 2),
    ]  # fmt: skip
    for words, code in calls:
        assert main(words) == code, words
        said(capfd)
    (result,) = (here / "out").iterdir()
    assert result.name == printable(result.name)


def test_a_batchs_table_and_zip_hold_names_that_can_be_printed(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "in").mkdir()
    named(here / "in", STEERS)
    named(here / "in", NO_UTF8)
    (here / "in" / "bad\x1b[2J.png").write_bytes(b"no photo")
    mask(here / "m.png")
    for more in ([], ["--resume"]):
        assert (
            main(["batch", "in", "out", *FILL, "--zip", "r.zip", "--json", "r.json", "--overwrite", *more])
            == 1
        )
        assert "bad\\x1b[2J.png is not a photo" in said(capfd)
    table = (here / "out" / "batch.csv").read_bytes().decode().replace("\r\n", "\n")
    assert not RAW.search(table)
    assert table.count("\n") == 4
    with zipfile.ZipFile(here / "r.zip") as archive:
        assert sorted(archive.namelist()) == ["a_[31mb__c_FAKE_ done_gpj.png", "batch.csv", "photo.png"]
    assert sorted(row["status"] for row in json.loads((here / "r.json").read_text())) == [
        "failed",
        "removed",
        "removed",
    ]


def test_results_have_names_that_windows_takes_unless_somebody_chose_another(here: Path) -> None:
    (here / "in").mkdir()
    for name in ("a:b.png", "CON.png", "c?.png"):
        named(here / "in", name)
    mask(here / "m.png")
    assert main(["remove", "in/a:b.png", "in/CON.png", "in/c?.png", *FILL, "-o", "out/"]) == 0
    assert main(["batch", "in", "many", *FILL]) == 0
    for folder in ("out", "many"):
        assert sorted(path.name for path in (here / folder).glob("*.png")) == [
            "_CON.png",
            "a_b.png",
            "c_.png",
        ]
    assert main(["remove", "in/CON.png", *FILL, "-o", "12:30.png"]) == 0
    assert (here / "12:30.png").is_file()


def test_names_as_long_as_a_disk_takes_and_longer(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "in").mkdir()
    named(here / "in", "ö" * 125 + ".png")
    mask(here / "m.png")
    source = "in/" + "ö" * 125 + ".png"
    assert main(["remove", source, *FILL, "--format", "webp", "--save-recipe", "-o", "out/"]) == 0
    assert main(["batch", "in", "out2", *FILL, "--format", "webp"]) == 0
    results = [path for folder in ("out", "out2") for path in (here / folder).glob("ö*")]
    assert sorted(path.suffix for path in results) == [".json", ".webp", ".webp"]
    said(capfd)
    long = "ö" * 140 + ".png"
    for words in (
        ["remove", long, *FILL, "-o", "o/"], ["remove", source, *FILL, "-o", long], ["batch", "in", long, *FILL],
        ["remove", source, "--mask", long, "-o", "o/"], ["batch", "in", "o", "--masks", long], ["detect", long],
        ["evaluate", long, "--report", "r"], ["evaluate", "in", "--report", long],
        ["remove", source, "--recipe", long, "-o", "o/"],
    ):  # fmt: skip
        assert main(words) in (1, 2)
        assert said(capfd).count("\n") == 1, words


@pytest.mark.parametrize("what", ["pipe.png", "/dev/zero"])
def test_devices_and_pipes_are_no_photos_and_hold_up_nothing(
    here: Path, capfd: pytest.CaptureFixture[str], what: str
) -> None:
    os.mkfifo(here / "pipe.png")
    photo(here / "x.png"), mask(here / "m.png")
    (here / "list.txt").write_text(f"{what}\nx.png\n")
    for words, code in (
        (["remove", what, *FILL, "-o", "o/"], 1), (["detect", what], 1),
        (["remove", "x.png", "--mask", what, "-o", "o/"], 2),
        (["batch", what, "o", *FILL], 2), (["batch", ".", "o", "--masks", what], 2),
        (["batch", "list.txt", "o", *FILL], 1),
        (["evaluate", what, "--report", "r"], 2), (["remove", "x.png", "--recipe", what, "-o", "o/"], 2),
        (["evaluate", ".", "--report", "r", "--masks", f"masks:{what}"], 2),
    ):  # fmt: skip
        assert main(words) == code, (words, said(capfd))
        assert "Traceback" not in said(capfd)
    shutil.rmtree(here / "o")
    assert main(["batch", ".", "o", *FILL]) == 0, "among the photos of a folder it is left out"


def test_a_list_with_a_zero_byte_is_no_list(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "list.txt").write_bytes(b"a\0b.png\n")
    assert main(["batch", "list.txt", "o", "--people"]) == 2
    assert "no list of photos" in said(capfd)


@pytest.mark.parametrize("value", ["nan", "-1", "2", "inf", "x", "1e999"])
def test_a_confidence_is_from_0_to_1(here: Path, capfd: pytest.CaptureFixture[str], value: str) -> None:
    photo(here / "x.png")
    for words in (
        ["detect", "x.png"],
        ["remove", "x.png", "--people", "-o", "o/"],
        ["batch", ".", "o", "--people"],
    ):
        assert main([*words, f"--confidence={value}"]) == 2
        assert "expected a number from 0 to 1" in said(capfd)
