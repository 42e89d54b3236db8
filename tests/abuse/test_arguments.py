"""Calls whose arguments are wrong: 4xx with one sentence that names the argument, never a 500 or a bare type name."""

from __future__ import annotations

import base64
import inspect
from typing import Any

import pytest

from inpaint_app.errors import OptionError
from inpaint_app.server.endpoints.arguments import ENDPOINTS, check
from inpaint_app.server.endpoints.removal import Service
from inpaint_app.server.endpoints.schemas import tools
from inpaint_app.settings import Settings
from tests.abuse.conftest import MASK, PHOTO, Caller

DATA = "data:image/png;base64," + base64.b64encode(PHOTO).decode()
FILE = {"path": "/tmp/x.png", "meta": {"_type": "gradio.FileData"}}


def test_the_arguments_are_those_of_the_endpoints_and_of_the_tools() -> None:
    described = {tool["name"]: tuple(tool["inputSchema"]["properties"]) for tool in tools(Settings())}
    for name, words in ENDPOINTS.items():
        taken = [
            word
            for word in inspect.signature(getattr(Service, name)).parameters
            if word not in ("self", "request")
        ]
        assert tuple(taken) == words
        assert set(described[name]) == set(words)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "photo is missing"),
        ({"photo": FILE}, "mask is missing"),
        ({"photo": None, "mask": FILE}, "photo is null, expected a file"),
        ({"photo": DATA, "mask": FILE}, "photo is .*, expected a file"),
        ({"photo": FILE, "mask": [FILE]}, "mask is .*, expected a file"),
        ({"photo": FILE, "mask": {"url": "x"}}, "mask is .*, expected a file"),
        ({"photo": FILE, "mask": FILE, "bakend": "telea"}, "no argument 'bakend'"),
        ({"photo": FILE, "mask": FILE, "backend": None}, "backend is null, expected text"),
        ({"photo": FILE, "mask": FILE, "backend": 3}, "backend is 3, expected text"),
        ({"photo": FILE, "mask": FILE, "options": None}, "options is null, expected an object"),
        ({"photo": FILE, "mask": FILE, "options": [1]}, "options is .*, expected an object"),
        ({"photo": FILE, "mask": FILE, "candidates": None}, "candidates is null, expected a whole number"),
        ({"photo": FILE, "mask": FILE, "candidates": 1.5}, "candidates is 1.5"),
        ({"photo": FILE, "mask": FILE, "candidates": float("inf")}, "candidates is"),
        ({"photo": FILE, "mask": FILE, "candidates": float("nan")}, "candidates is"),
        ({"photo": FILE, "mask": FILE, "candidates": True}, "candidates is true"),
        ({"photo": FILE, "mask": FILE, "grow": None}, "grow is null, expected a number of pixels"),
        ({"photo": FILE, "mask": FILE, "invert_mask": "yes"}, "invert_mask is .*, expected true or false"),
    ],
)
def test_each_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        check("remove_mask", given)


@pytest.mark.parametrize(
    "given",
    [
        {"at": float("nan")}, {"at": [float("nan"), 1]}, {"at": [1e30, 1]}, {"at": [[1, 2]] * 5000}, {"at": None},
        {"at": [1] * 5000}, {"at": "5,5"}, {"at": [["x", 1]]}, {"box": [1, 2, 3]}, {"box": [1, 2, 3, 10**400]},
        {"box": [[[[1]]]]}, {"box": {"left": 1}},
    ],
)  # fmt: skip
def test_what_points_nowhere_is_named(given: dict[str, Any]) -> None:
    (word,) = given
    with pytest.raises(OptionError, match=f"argument {word} is .*, expected a list"):
        check("remove_objects", {"photo": FILE, **given})


def test_what_is_pointed_at_goes_alone_without_a_finder(caller: Caller) -> None:
    photo = caller.send(PHOTO)
    kind, data = caller.call("remove_objects", photo=photo, box=[4, 4, 20, 20], backend="telea")
    assert kind == "complete", data
    assert [one["label"] for one in data[1]["removed"]] == ["selection"]
    kind, data = caller.call("remove_objects", photo=photo, at=[[9000, 4]], backend="telea")
    assert kind == "error"
    assert "There is nothing at the point 9000,4" in str(data)


def test_tools_name_files_by_text() -> None:
    check(
        "remove_objects",
        {"photo": DATA, "objects": ["people", "dog"], "options": {"seed": 1}, "grow": 3},
        True,
    )
    for wrong in (None, "", 3, FILE):
        with pytest.raises(OptionError, match="photo is"):
            check("detect", {"photo": wrong}, named=True)


def test_the_server_answers_with_4xx_and_the_sentence(caller: Caller) -> None:
    photo, mask = caller.send(PHOTO), caller.send(MASK)
    files = {
        "photo": {"path": photo, "meta": {"_type": "gradio.FileData"}},
        "mask": {"path": mask, "meta": {"_type": "gradio.FileData"}},
    }
    for given, word in (
        ({}, "photo"),
        ({"photo": files["photo"]}, "mask"),
        ({**files, "photo": DATA}, "photo"),
        ({**files, "photo": None}, "photo"),
        ({**files, "nonsense": 1}, "nonsense"),
        ({**files, "candidates": None}, "candidates"),
    ):
        answer = caller.http.post("/gradio_api/call/v2/remove_mask", json=given)
        assert answer.status_code == 422, (given, answer.text)
        assert word in answer.json()["detail"]
    for body in (b"", b"[1]", b"{", b"null"):
        answer = caller.http.post("/gradio_api/call/v2/detect", content=body)
        assert answer.status_code == 422
        assert "JSON object" in answer.json()["detail"]
    assert caller.http.post("/gradio_api/call/v2/remove", json=files).status_code == 404
    answer = caller.http.post("/gradio_api/call/detect", json={"data": [DATA, 0.4, ""]})
    assert answer.status_code == 422
    assert "photo is" in answer.json()["detail"]
    kind, data = caller.call("remove_mask", photo=photo, mask=mask, backend="telea", mask_as_is=True)
    assert kind == "complete", data
    assert data[1]["backend"] == "telea"


@pytest.mark.parametrize(
    "route", ["run/detect", "run/detect/", "api/detect", "api/remove_mask", "run/predict"]
)
def test_what_waits_in_the_queue_is_not_had_without_it(caller: Caller, route: str) -> None:
    number = next(fn._id for fn in caller.page.fns.values() if fn.api_name == "detect")
    photo = {"path": caller.send(PHOTO), "meta": {"_type": "gradio.FileData"}}
    body = {"data": [photo, 0.4, ""], "session_hash": caller.session}
    if route == "run/predict":
        body["fn_index"] = number
    answer = caller.http.post(f"/gradio_api/{route}", json=body)
    assert answer.status_code == 404
    assert "join the queue" in answer.text
    answer = caller.http.post(f"/gradio_api/{route}", json={**body, "more": "x" * 5000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "route", ["run/detect", "api/detect", "run/predict", "queue/join", "call/detect", "call/v2/detect"]
)
def test_what_is_missing_or_of_another_kind_is_4xx_by_every_route(caller: Caller, route: str) -> None:
    """Never 500, and one sentence; a call that the queue takes in tells it in its stream."""
    number = next(fn._id for fn in caller.page.fns.values() if fn.api_name == "detect")
    named = {"fn_index": number, "session_hash": caller.session}
    for body in (
        {}, named, {**named, "data": []}, {**named, "data": [None]}, {**named, "data": [None] * 2},
        {**named, "data": "x"}, {**named, "data": {"a": 1}}, {**named, "data": [{"path": 7}, "x", []]},
        {**named, "data": [{"path": "x"}] * 50}, {**named, "data": [None] * 3, "event_data": 7, "trigger_id": "x"},
        {"data": [], "fn_index": 10**30},
    ):  # fmt: skip
        answer = caller.http.post(f"/gradio_api/{route}", json=body)
        assert "Traceback" not in answer.text
        if answer.status_code == 200:
            assert route == "queue/join", (body, answer.text)
            told = caller.heard()[-1]
            assert not told["success"], told
            assert told["output"]["error"], told
        else:
            assert 400 <= answer.status_code < 500, (body, answer.text)
            said = answer.json()
            assert said.get("detail") or said.get("error"), answer.text
    for content in (b"", b"[]", b"7", b"{", b"\xff", b'{"data": NaN}', b'{"data": [], "session_hash": 7}'):
        answer = caller.http.post(
            f"/gradio_api/{route}", content=content, headers={"content-type": "application/json"}
        )
        assert 400 <= answer.status_code < 500, (content, answer.text)
