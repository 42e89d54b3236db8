"""The examples of docs/http.md, taken out of it and run against the running server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.ui import view_models
from inpaint_app.ui.studio import static
from inpaint_app.ui.tabs import help
from tests.documents import DOCS, fenced

gradio_client = pytest.importorskip("gradio_client")

HTTP = DOCS / "http.md"
PLACE = "http://127.0.0.1:7860"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an example is run: street.jpg, and a mask.png of half its size."""
    bus = PillowImage.open(view_models.samples()["bus.jpg"])
    bus.resize((bus.width // 2, bus.height // 2)).save(tmp_path / "street.jpg", quality=92)
    hole = np.zeros((270, 202), np.uint8)
    hole[60:90, 80:120] = 255
    PillowImage.fromarray(hole).save(tmp_path / "mask.png")
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_PROXY": "*"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def script(folder: Path, server: Any, text: str, name: str) -> str:
    (folder / name).write_text(text.replace(PLACE, server.address))
    return name


def around(hole: np.ndarray, pixels: int) -> np.ndarray:
    """The hole, widened by what growing and a coding block's border may touch."""
    return cv2.dilate(hole.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)).astype(bool)


def check(folder: Path, hole: np.ndarray) -> None:
    """clean.jpg differs from street.jpg in the hole, and is the same away from it."""
    before, after = (np.asarray(PillowImage.open(folder / name)) for name in ("street.jpg", "clean.jpg"))
    changed = (before != after).any(axis=2)
    assert changed[hole].mean() > 0.5
    assert not changed[~around(hole, 40)].any()


def masked(folder: Path) -> np.ndarray:
    mask = PillowImage.open(folder / "mask.png")
    size = PillowImage.open(folder / "street.jpg").size
    return np.asarray(mask.resize(size)) > 127


def found(server: Any, folder: Path, *labels: str) -> np.ndarray:
    client = gradio_client.Client(server.address, verbose=False, ssl_verify=False)
    finds, file = client.predict(photo=gradio_client.handle_file(folder / "street.jpg"), api_name="/detect")
    numbers = np.asarray(PillowImage.open(file))
    return np.isin(numbers, [find["number"] for find in finds if find["label"] in labels])


ROAD = ("person", "car", "bus", "truck", "motorcycle")


@pytest.mark.parametrize("number", [0, 1])
def test_curl(server: Any, folder: Path, number: int) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    said = run(["bash", "-eu", script(folder, server, fenced(HTTP, "bash")[number], "example.sh")], folder)
    if number == 0:
        assert '"changed_known": 0' in said
    check(folder, found(server, folder, *ROAD) if number == 0 else masked(folder))


def test_javascript(server: Any, folder: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("needs node")
    (example,) = fenced(HTTP, "javascript")
    said = run(["node", script(folder, server, example, "example.mjs")], folder)
    assert said.startswith("0 known pixels changed")
    check(folder, found(server, folder, *ROAD))


def test_python_removes_people_and_cars(server: Any, folder: Path) -> None:
    example = fenced(HTTP, "python")[0]
    said = run([sys.executable, script(folder, server, example, "example.py")], folder)
    assert "0 known pixels changed" in said
    check(folder, found(server, folder, *ROAD))


def test_python_finds_and_removes_a_mask(server: Any, folder: Path) -> None:
    example = fenced(HTTP, "python")[1]
    said = run([sys.executable, script(folder, server, example, "example.py")], folder)
    assert "person" in said
    assert "JPEG blocks were written anew" in said


def test_python_speaks_mcp(server: Any, folder: Path) -> None:
    pytest.importorskip("mcp")
    example = fenced(HTTP, "python")[2]
    run([sys.executable, script(folder, server, example, "example.py")], folder)
    check(folder, found(server, folder, "person"))


def test_every_example_is_run() -> None:
    assert [len(fenced(HTTP, language)) for language in ("bash", "javascript", "python")] == [2, 1, 3]


@pytest.mark.parametrize("file", [*help.EXAMPLES.values(), help.MCP])
def test_the_page_shows_the_same_examples(file: str) -> None:
    assert static(file) in HTTP.read_text()


def test_the_table_of_arguments_is_what_the_server_takes(server: Any) -> None:
    client = gradio_client.Client(server.address, verbose=False, ssl_verify=False)
    described = client.view_api(return_format="dict")["named_endpoints"]
    text = HTTP.read_text()
    rows = [
        line.split("|")
        for line in text[text.index("## What goes in") :].splitlines()
        if line.startswith("| `")
    ]
    table = {row[1].strip(" `"): (row[2].strip(" `"), row[3]) for row in rows}
    taken: dict[str, set[str]] = {}
    for endpoint, facts in described.items():
        for parameter in facts["parameters"]:
            name = parameter["parameter_name"]
            taken.setdefault(name, set()).add(endpoint)
            if parameter["parameter_has_default"]:
                default = parameter["parameter_default"]
                assert table[name][0] == (f'"{default}"' if isinstance(default, str) else str(default)), name
            else:
                assert table[name][0] == "–"
    assert set(taken) == set(table)
    for name, endpoints in taken.items():
        where = table[name][1]
        told = {
            endpoint for endpoint in described
            if "all" in where or endpoint in where or ("both removals" in where and "remove" in endpoint)
        }  # fmt: skip
        assert told == endpoints, name


def test_the_help_tab_shows_this_servers_address(studio: Any, server: Any) -> None:
    page = studio.page
    page.get_by_role("tab", name="Help").click()
    code = page.locator("#programs [role=tabpanel]:visible code")
    expected = {
        "curl": "call/v2/remove_objects",
        "Python": "handle_file",
        "JavaScript": "${server}/upload",
        "MCP": "mcpServers",
    }
    for name, part in expected.items():
        page.locator("#programs").get_by_role("tab", name=name).click()
        text = code.inner_text()
        assert part in text
        assert server.address in text
        assert PLACE not in text
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#programs [role=tabpanel]:visible button").click()
    assert page.evaluate("navigator.clipboard.readText()") == code.inner_text()
