"""Paths, addresses, other visitors' things, names, weights, and the page's inner handlers: what nobody may reach."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from inpaint_app.lab.training.export import write_entry
from tests.abuse.conftest import MASK, PHOTO, Caller
from tests.toys import settle

PATHS = [
    "/etc/passwd", "../../../../etc/passwd", "/proc/self/environ", "~/.bashrc", "", ".", "/", "a\0b", "//etc/passwd",
    "\\\\host\\share\\a.png", "C:\\Windows\\win.ini",
    "{cache}/../../../etc/passwd", "{cache}", "%2e%2e/%2e%2e/etc/passwd",
]  # fmt: skip
ADDRESSES = [
    "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "http://[::1]:1/",
    "http://localhost/a.png", "http://2130706433/", "http://0x7f000001/", "http://no.such.host.invalid/a.png",
    "ftp://127.0.0.1/a.png", "gopher://127.0.0.1:1/x", "http://user@169.254.169.254/", " http://127.0.0.1/", "HTTP://127.0.0.1/",
    "{address}/health",
]  # fmt: skip


@pytest.mark.parametrize("named", [*PATHS, *ADDRESSES])
def test_what_is_no_upload_is_no_photo_and_no_mask(caller: Caller, named: str) -> None:
    named = named.format(cache=caller.cache, address=caller.address)
    good = caller.send(PHOTO)
    for asked in ({"photo": named, "mask": good}, {"photo": good, "mask": named}):
        said = caller.refused(**asked, backend="telea")
        assert any(
            words in said
            for words in ("no file that was sent", "public network", "no host", "no photo", "no mask")
        )
    said = caller.error("open", {"path": named})
    assert any(words in said for words in ("did not arrive", "is not in the cache folder", "cannot be done"))


@pytest.mark.parametrize(
    "route",
    [
        "file=/etc/passwd", "file=../../../../etc/passwd", "file=%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "file=/proc/self/environ",
        "file={cache}", "file={cache}/", "file={cache}/../x", "file=pyproject.toml", "file=app.py",
        "file=file:///etc/passwd",
        "file=http://169.254.169.254/", "file=https://example.com/", "file=/https://example.com/", "file/etc/passwd",
        "proxy=http://169.254.169.254/", "proxy=https://huggingface.co/", "custom_component/x/client/y/z", "runs",
        "deep_link?session_hash=a", "vibe-code", "vibe-edit", "stream/a/b/c/playlist.m3u8", "run-history/records",
        "dev/reload", "process_recording", "component_server", "token", "profiling/traces",
    ],
)  # fmt: skip
def test_routes_that_lead_elsewhere_are_closed(caller: Caller, route: str) -> None:
    address = f"{caller.address}/gradio_api/{route.format(cache=caller.cache)}"
    for method in ("GET", "POST"):
        answer = caller.http.request(method, address)
        assert answer.status_code in (403, 404, 405), answer.text
        assert "root:" not in answer.text
    for page in ("monitoring", "monitoring/summary", "svelte/../../app.py", "static/../../../app.py",
                 "assets/..%2f..%2fapp.py", "static/%2e%2e/%2e%2e/routes.py"):  # fmt: skip
        assert caller.http.get(f"{caller.address}/{page}").status_code in (403, 404)


def test_another_site_in_a_browser_may_not_read_a_local_page(caller: Caller) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = caller.http.options("/gradio_api/queue/join", headers=asked)
    assert answer.headers.get("access-control-allow-origin") not in ("*", "https://evil.example")
    answer = caller.http.get("/config", headers={"Origin": "https://evil.example"})
    assert answer.headers.get("access-control-allow-origin") not in ("*", "https://evil.example")


HANDLERS = [
    "remove",
    "find",
    "download",
    "keep",
    "go_to",
    "mask",
    "detail",
    "ask",
    "open",
    "cancel",
    "resume",
]


def test_a_visitors_page_answers_no_other_browser(visitor: Caller, caller: Caller) -> None:
    visit = visitor.page.visits.of(visitor.session)
    before = (visit.token, visit.sent, len(visit.steps), visit.stop.is_set())
    for other in (caller, Caller(caller.address, caller.page, caller.cache, cookie="other")):
        assert other.http.get(f"/gradio_api/heartbeat/{visitor.session}").status_code == 403
        assert other.heard(visitor.session)[0]["output"]["error"].count("another browser") == 2
        begun = other.http.post(
            "/gradio_api/run/go_to", json={"fn_index": 0, "data": [None], "session_hash": visitor.session}
        )
        assert begun.status_code >= 400
        for handler in HANDLERS:
            fn = next(one for one in other.page.fns.values() if one.name == handler)
            body = {
                "data": [None] * len(fn.inputs),
                "event_data": {"what": "own", "step": 0},
                "fn_index": fn._id,
            }
            begun = other.http.post("/gradio_api/queue/join", json={**body, "session_hash": visitor.session})
            assert begun.status_code == 400, handler
            assert "another browser" in begun.text
    assert (visit.token, visit.sent, len(visit.steps), visit.stop.is_set()) == before
    assert "file" in [said["kind"] for said in visitor.messages("download", {"what": "own"})]


def test_a_visitors_files_have_addresses_that_lead_to_no_others(visitor: Caller, caller: Caller) -> None:
    (file,) = [said for said in visitor.messages("download", {"what": "own"}) if said["kind"] == "file"]
    path = Path(file["path"])
    assert visitor.http.get(f"/gradio_api/file={path}").status_code == 200
    assert caller.http.get(f"/gradio_api/file={path}").status_code == 403, "the address alone is not enough"
    assert len(path.parent.name) >= 16
    assert len(path.parent.parent.name) >= 24
    for near in (path.parent, path.parent.parent, path.parents[2], path.with_name("other.png"),
                 path.parent.parent / "x" / path.name, Path(str(path).swapcase())):  # fmt: skip
        assert visitor.http.get(f"/gradio_api/file={near}").status_code == 403
    assert "did not arrive" in caller.error("open", {"path": str(path)})
    assert path.exists()


@pytest.mark.parametrize("token", ["", "x", "é" * 30, 7, None, ["a"], "\0", "a" * 100_000])
def test_a_wrong_token_brings_nobodys_page_back(visitor: Caller, caller: Caller, token: Any) -> None:
    assert caller.messages("resume", {"token": token}) == []
    assert visitor.page.visits.of(caller.session).photo is None


@pytest.mark.parametrize("number", [-1, 9999, 10**30, "0", None, 1.5, [1], {"a": 1}])
def test_handlers_that_are_not_there(caller: Caller, number: Any) -> None:
    body = {"data": [None], "fn_index": number, "session_hash": caller.session}
    for route in ("queue/join", "run/predict", "call/nothing"):
        if number == "0" and route != "call/nothing":
            continue  # a number in a text is a number
        answer = caller.http.post(f"/gradio_api/{route}", json=body)
        assert answer.status_code >= 400
        assert "Traceback" not in answer.text


MESSAGES: list[Any] = [
    None,
    7,
    "x",
    [],
    [[]],
    {"seen": "x", "work": [1]},
    {"seen": 1e308, "work": None},
    {"path": {"a": 1}},
    {"path": ["x"]},
    {"sample": ["x"]},
    {"sample": "../../x.jpg"},
    {"step": "x"},
    {"step": 10**40},
    {"step": -5},
    {"box": "wide"},
    {"box": [1, 2]},
    {"box": [None] * 4},
    {"marks": 5},
    {"marks": ["x"]},
    {"marks": list(range(20_000))},
    {"objects": {"a": 1}, "marks": [{"kind": "choose", "numbers": [1], "on": True}]},
    {"objects": [{"a": 1}]},
    {"backends": "telea", "marks": []},
    {"backends": [["x"]]},
    {"options": [1], "objects": ["people"]},
    {"grow": "x"},
    {"grow": -1},
    {"candidates": 10**9},
    {"confidence": "x"},
    {"confidence": True},
    {"confidence": 9},
    {"segmenter": {"a": 1}, "objects": ["people"]},
    {"what": ["mask"]},
    {"result": {"a": 1}},
    {"name": {"a": 1}},
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(message)[:40])
def test_the_pages_handlers_take_any_message(visitor: Caller, caller: Caller, message: Any) -> None:
    """Each says something, or nothing where nothing is wrong; none goes silent, and the page goes on."""
    for handler in HANDLERS:
        said = visitor.event(handler, message)
        assert said[-1]["msg"] == "process_completed", (handler, said)
        assert said[-1]["success"], (handler, said)
        assert "Something went wrong" not in str(said), (handler, said)
    visit = visitor.page.visits.of(visitor.session)
    assert visit.photo is not None
    assert not visit.busy.locked()


def test_a_call_of_the_page_without_a_session_is_refused(caller: Caller) -> None:
    for handler in ("ask", "go_to"):
        fn = next(one for one in caller.page.fns.values() if one.name == handler)
        answer = caller.http.post(
            "/gradio_api/queue/join", json={"data": [None], "fn_index": fn._id, "event_data": {}}
        )
        assert answer.status_code == 400
        direct = {"data": [None] * len(fn.inputs), "fn_index": fn._id, "event_data": {}}
        assert caller.http.post("/gradio_api/run/x", json=direct).status_code >= 400


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"backend": "../x"}, "no backend"), ({"backend": "x" * 5000}, "no backend"), ({"backend": 7}, ""),
        ({"options": "[" * 100_000}, "options"), ({"options": '{"radius": NaN}'}, ""),
        ({"options": '{"radius": 1e999}'}, ""), ({"options": '{"radius": ' + "9" * 5000 + "}"}, ""),
        ({"options": '{"__class__": 1}'}, ""), ({"options": "[]"}, "no JSON object"),
        ({"grow": "9" * 400}, ""), ({"grow": "nan"}, "grow"), ({"grow": "-5"}, ""), ({"feather": "1e300"}, ""),
        ({"candidates": 10**9}, ""), ({"candidates": "x"}, ""), ({"candidates": -1}, ""),
    ],
)  # fmt: skip
def test_arguments_of_any_content_are_refused(caller: Caller, asked: dict[str, Any], said: str) -> None:
    given = {"photo": caller.send(PHOTO), "mask": caller.send(MASK), "backend": "telea", **asked}
    assert said in caller.refused(**given)


def weights(folder: Path, data: bytes, **changes: Any) -> None:
    (folder / "w.safetensors").write_bytes(data)
    table: dict[str, Any] = {
        "file": "w.safetensors", "sha256": hashlib.sha256(data).hexdigest(), "size": 128, "arguments": {},
        "network": "inpaint_app.models.context_encoder:ContextEncoder", **changes,
    }  # fmt: skip
    write_entry(folder / "manifest.toml", "context-encoder", table)


def test_weights_that_are_pickles_or_foreign_are_refused_by_the_running_server(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from safetensors.torch import save

    settle(monkeypatch, caller.page.session, checkpoints=tmp_path)
    pickled = tmp_path / "pickled"
    torch.save({"weight": torch.ones(2)}, pickled)
    good = save({"weight": torch.ones(2)})
    photo, mask = caller.send(PHOTO), caller.send(MASK)
    for data, changes, said in [
        (pickled.read_bytes(), {}, "no safetensors file"),
        (good, {}, "does not fit"),
        (save({"weight": torch.ones(2, dtype=torch.complex64)}), {}, ""),
        (good[:9], {}, "no safetensors file"),
        (good, {"sha256": "0" * 64}, "damaged or foreign"),
        (
            good,
            {"network": "os:system", "arguments": {"command": f"touch {tmp_path / 'ran'}"}},
            "none of this app's",
        ),
        (good, {"file": "../../../../etc/passwd"}, ""),
        (good, {"file": "gone.safetensors"}, ""),
    ]:
        weights(tmp_path, data, **changes)
        assert said in caller.refused(photo=photo, mask=mask, backend="context-encoder-raw")
    (tmp_path / "manifest.toml").write_bytes(b"\xff\xfe[[[")
    assert caller.refused(photo=photo, mask=mask, backend="context-encoder-raw")
    assert not (tmp_path / "ran").exists()


def test_headers_of_any_content(caller: Caller) -> None:
    for headers in (
        {"Cookie": "inpaint-browser=" + "x" * 5000}, {"Cookie": ";;;=;\x01"}, {"X-Forwarded-For": "x, 1.2.3.4" * 500},
        {"X-Forwarded-Proto": "javascript"}, {"Host": "evil.example"}, {"Content-Length": "0", "X-Gradio-User": "app"},
        {"Range": "bytes=9-1"}, {"Accept-Encoding": "x" * 3000},
    ):  # fmt: skip
        assert caller.http.get("/", headers=headers).status_code < 500
    given = httpx.get(caller.address, timeout=60).headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    secure = httpx.get(caller.address, headers={"X-Forwarded-Proto": "https"}, timeout=60).headers[
        "set-cookie"
    ]
    assert "Secure" in secure
