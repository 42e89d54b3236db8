"""The tools, as a real client of the Model Context Protocol meets them."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.photofile import files
from tests.shots.scenes import hand_held, place, with_thing

mcp = pytest.importorskip("mcp")

BOX = (slice(40, 60), slice(50, 80))
"""Where the mask is white."""


def run(asked: Coroutine[Any, Any, Any]) -> Any:
    """What comes of it; in a thread of its own, because the browser's tests leave a running loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked).result()


class Assistant:
    """An assistant at the server; each question is a connection of its own."""

    def __init__(self, address: str) -> None:
        self.address = f"{address}/gradio_api/mcp/"

    def ask(self, what: str, *given: Any) -> Any:
        return run(self._ask(what, *given))

    async def _ask(self, what: str, *given: Any) -> Any:
        from mcp.client.streamable_http import streamable_http_client

        async with (
            streamable_http_client(self.address) as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await getattr(session, what)(*given)

    def call(self, tool: str, **arguments: Any) -> Any:
        return self.ask("call_tool", tool, arguments)


@pytest.fixture(scope="module")
def assistant(server: Any) -> Assistant:
    return Assistant(server.address)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A JPEG with soft structure."""
    rows, columns = np.mgrid[0:96, 0:128]
    pixels = np.stack([rows * 2, columns * 2, (rows + columns) % 256], axis=2).astype(np.uint8)
    PillowImage.fromarray(pixels).save(tmp_path / "photo.jpg", quality=90)
    return tmp_path / "photo.jpg"


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    hole = np.zeros((96, 128), np.uint8)
    hole[BOX] = 255
    PillowImage.fromarray(hole).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def data(path: Path) -> str:
    kind = {".jpg": "jpeg", ".png": "png"}[path.suffix]
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def sent(server: Any, path: Path) -> str:
    with path.open("rb") as file:
        return str(
            httpx.post(f"{server.address}/gradio_api/upload", files={"files": file}, timeout=60).json()[0]
        )


def decoded(content: bytes) -> np.ndarray:
    return files.load(content, name="x.jpg").rgb


def pictures(answer: Any) -> list[bytes]:
    return [base64.b64decode(part.data) for part in answer.content if part.type == "image"]


def test_there_are_three_tools_and_they_say_what_they_take(assistant: Assistant) -> None:
    listed = {tool.name: tool for tool in assistant.ask("list_tools").tools}
    assert set(listed) == {"detect", "remove_objects", "remove_mask"}
    for tool in listed.values():
        assert len(tool.description) > 100
        assert "upload_file_to_gradio" not in tool.description
        assert tool.inputSchema["additionalProperties"] is False
        for name, about in tool.inputSchema["properties"].items():
            assert about["description"], name
    assert listed["detect"].inputSchema["required"] == ["photo"]
    assert listed["remove_mask"].inputSchema["required"] == ["photo", "mask"]
    assert "telea" in listed["remove_mask"].inputSchema["properties"]["backend"]["enum"]
    assert listed["remove_objects"].outputSchema["required"] == ["file", "report"]
    assert assistant.ask("list_resources").resources == []
    assert assistant.ask("list_prompts").prompts == []


def test_the_list_as_plain_json_is_the_same(assistant: Assistant, server: Any) -> None:
    plain = httpx.get(f"{server.address}/gradio_api/mcp/schema", timeout=60).json()
    listed = assistant.ask("list_tools").tools
    assert [(tool["name"], tool["inputSchema"]) for tool in plain] == [
        (t.name, t.inputSchema) for t in listed
    ]


@pytest.mark.parametrize("way", ["data", "path", "address"])
def test_a_mask_is_removed_and_every_other_pixel_stays(
    assistant: Assistant, server: Any, photo: Path, mask: Path, way: str
) -> None:
    def named(path: Path) -> str:
        if way == "data":
            return data(path)
        return ("" if way == "path" else f"{server.address}/gradio_api/file=") + sent(server, path)

    answer = assistant.call(
        "remove_mask", photo=named(photo), mask=named(mask), backend="telea", grow=0, options={"radius": 4}
    )
    assert not answer.isError, answer.content
    told = answer.structuredContent
    assert json.loads(answer.content[0].text) == told
    assert (told["report"]["backend"], told["report"]["grow"], told["report"]["changed_known"]) == (
        "telea",
        0,
        0,
    )
    fetched = httpx.get(told["file"], timeout=60).content
    assert pictures(answer) == [fetched], "what the assistant sees is the file, not another encoding of it"
    changed = (decoded(fetched) != decoded(photo.read_bytes())).any(axis=2)
    assert changed[BOX].mean() > 0.5
    changed[24:80, 34:96] = False  # the hole, to the borders of its coding blocks and one pixel on
    assert not changed.any()


def test_what_is_pointed_at_is_removed(assistant: Assistant, photo: Path) -> None:
    answer = assistant.call("remove_objects", photo=data(photo), box=[30, 20, 70, 60], backend="telea")
    assert not answer.isError, answer.content
    (one,) = answer.structuredContent["report"]["removed"]
    assert one["label"] == "selection"
    answer = assistant.call("remove_objects", photo=data(photo), at=[[9000, 9]])
    assert answer.isError
    assert "nothing at the point 9000,9" in answer.content[0].text


def test_people_are_removed_and_found(assistant: Assistant, tmp_path: Path) -> None:
    from inpaint_app.ui import view_models

    bus = PillowImage.open(view_models.samples()["bus.jpg"])
    bus.resize((bus.width // 2, bus.height // 2)).save(tmp_path / "bus.jpg", quality=92)
    found = assistant.call("detect", photo=data(tmp_path / "bus.jpg"), confidence=0.3)
    finds = found.structuredContent["report"]
    assert {"person", "bus"} <= {find["label"] for find in finds}
    numbers = np.asarray(PillowImage.open(io.BytesIO(pictures(found)[0])))
    assert set(np.unique(numbers)) == {0, *(find["number"] for find in finds)}
    answer = assistant.call(
        "remove_objects", photo=data(tmp_path / "bus.jpg"), objects=["people"], backend="telea"
    )
    assert not answer.isError, answer.content
    report = answer.structuredContent["report"]
    assert {find["label"] for find in report["removed"] if find["of"] is None} == {"person"}
    assert report["file"]["changed_blocks_outside"] == 0
    before, after = decoded((tmp_path / "bus.jpg").read_bytes()), decoded(pictures(answer)[0])
    changed = (before != after).any(axis=2)
    for find in report["removed"]:
        left, top, right, bottom = find["box"]
        changed[max(0, top - 40) : bottom + 40, max(0, left - 40) : right + 40] = False
    assert not changed.any()


def test_of_a_large_result_a_small_picture_is_shown(assistant: Assistant, mask: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3)).astype(np.uint8)
    PillowImage.fromarray(noise).save(tmp_path / "large.jpg", quality=90)
    answer = assistant.call(
        "remove_mask", photo=data(tmp_path / "large.jpg"), mask=data(mask), backend="telea"
    )
    (shown,) = pictures(answer)
    assert len(shown) < 700_000
    assert max(PillowImage.open(io.BytesIO(shown)).size) == 1024
    fetched = httpx.get(answer.structuredContent["file"], timeout=60).content
    assert decoded(fetched).shape == (1200, 1600, 3)


def test_progress_is_told_where_it_is_asked_for(assistant: Assistant, photo: Path, mask: Path) -> None:
    heard: list[Any] = []

    async def hear(*progress: Any) -> None:
        heard.append(progress)

    async def ask() -> Any:
        from mcp.client.streamable_http import streamable_http_client

        async with (
            streamable_http_client(assistant.address) as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            arguments = {"photo": data(photo), "mask": data(mask), "backend": "telea"}
            return await session.call_tool("remove_mask", arguments, progress_callback=hear)

    answer = run(ask())
    assert not answer.isError, answer.content
    assert answer.structuredContent["report"]["changed_known"] == 0
    assert heard


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"photo": "/etc/passwd"}, "no file that was sent"),
        ({"photo": "file:///etc/passwd"}, "no file that was sent"),
        ({"photo": "SERVER/gradio_api/file=/etc/passwd"}, "no file that was sent"),
        ({"photo": "SERVER/gradio_api/file=UPLOADS/../../../../../../../etc/passwd"}, "no file that was sent"),
        ({"photo": "http://127.0.0.1:1/a.jpg"}, "not in the public network"),
        ({"photo": "http://169.254.169.254/latest"}, "not in the public network"),
        ({"photo": "http://[::1]/a.jpg"}, "not in the public network"),
        ({"photo": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}, "expected a data: address"),
        ({"options": {"photo": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}}, "no option 'photo'"),
        ({"mask": None}, "mask is null"),
        ({"photo": "data:image/jpeg;base64,????"}, "base64"),
        ({"photo": "data:image/jpeg;base64,aGVsbG8="}, "photo"),
        ({"backend": "lama2"}, "There is no backend 'lama2'"),
        ({"grow": -1}, "grow is -1, expected 0 to 4096"),
        ({"surprise": 1}, "There is no argument 'surprise'"),
    ],
)  # fmt: skip
def test_what_is_no_photo_of_the_callers_is_refused_in_words(
    assistant: Assistant, server: Any, photo: Path, mask: Path, given: dict[str, Any], said: str
) -> None:
    uploads = str(Path(sent(server, photo)).parent)
    asked = {"photo": data(photo), "mask": data(mask), "backend": "telea", **given}
    if isinstance(asked["photo"], str):
        asked["photo"] = asked["photo"].replace("SERVER", server.address).replace("UPLOADS", uploads)
    answer = assistant.call("remove_mask", **asked)
    assert answer.isError
    assert said in answer.content[0].text
    assert "root:" not in str(answer.content)


def test_there_is_no_other_tool(assistant: Assistant) -> None:
    for name in ("open", "remove", "download", "lambda", "/detect", "detect_1"):
        answer = assistant.call(name)
        assert answer.isError
        assert "no tool" in answer.content[0].text


def test_further_shots_are_named_as_the_photo_is(assistant: Assistant, photo: Path, mask: Path) -> None:
    answer = assistant.call(
        "remove_mask", photo=data(photo), mask=data(mask), backend="telea", shots=[data(photo)]
    )
    assert not answer.isError, answer.content
    assert len(answer.structuredContent["report"]["shots"]["shots"]) == 1


def test_what_is_gone_in_the_shots_goes(assistant: Assistant, tmp_path: Path) -> None:
    paths = [tmp_path / "1.png", tmp_path / "2.png", tmp_path / "3.png"]
    for path, image in zip(paths, (with_thing(place()), place(), hand_held(place(), 2)), strict=True):
        PillowImage.fromarray(image).save(path)
    first, *others = (data(path) for path in paths)
    answer = assistant.call(
        "remove_objects", photo=first, backend="telea", shots=others, everything_that_moves=True
    )
    assert not answer.isError, answer.content
    assert answer.structuredContent["report"]["shots"]["share"] > 0.9
