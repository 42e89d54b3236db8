"""Other sites in a visitor's browser, and names that were bound to this machine, reach nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.abuse.conftest import PHOTO, Caller

HOSTS = ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "", "169.254.1.1",
         "user@127.0.0.1", "[::2]", "127.0.0.1:1:2", "evil.example\\"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_was_bound_to_this_machine_is_not_served(caller: Caller, host: str) -> None:
    if caller.on_a_space and host in ("169.254.1.1", "[::2]"):
        host = "hf.space.evil.example"  # a server for others answers to addresses, which nobody can bind
    for method, route in (("GET", "/"), ("GET", "/config"), ("GET", "/gradio_api/info"), ("POST", "/gradio_api/upload"),
                          ("POST", "/gradio_api/queue/join"), ("GET", "/health")):  # fmt: skip
        answer = caller.http.request(method, route, headers={"Host": host})
        assert answer.status_code in (400, 403), (route, answer.status_code)
        assert "evil" not in answer.text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_names_of_this_machine_are_served(caller: Caller, name: str) -> None:
    port = caller.address.rpartition(":")[2]
    for host in (name, f"{name}:{port}", name.upper()):
        assert caller.http.get("/config", headers={"Host": host}).status_code == 200


CROSS = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1.evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, {"Origin": ""},
]  # fmt: skip


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_another_site_changes_nothing(visitor: Caller, caller: Caller, headers: dict[str, str]) -> None:
    before = sorted(path for path in caller.cache.rglob("*") if path.is_file())
    posts: list[tuple[str, dict[str, Any]]] = [
        ("upload", {"files": {"files": ("a.png", PHOTO)}}), ("queue/join", {"json": {}}), ("cancel", {"json": {}}),
        ("run/leave", {"json": {"data": [], "session_hash": visitor.session}}), ("call/detect", {"json": {"data": []}}),
        ("call/v2/detect", {"json": {}}), ("mcp/", {"json": {}}), ("reset", {"json": {"event_id": "x"}}),
    ]  # fmt: skip
    for route, body in posts:
        answer = visitor.http.post(f"/gradio_api/{route}", headers=headers, **body)
        assert answer.status_code in (400, 403), (route, answer.status_code)
    if headers.get("Origin") != "":
        for route in (f"heartbeat/{visitor.session}", f"queue/data?session_hash={visitor.session}", "info"):
            assert visitor.http.get(f"/gradio_api/{route}", headers=headers).status_code == 403
    assert sorted(path for path in caller.cache.rglob("*") if path.is_file()) == before
    assert not visitor.page.visits._visits[visitor.session].left


def test_the_page_itself_may_be_led_to_from_anywhere_and_asks_as_itself(visitor: Caller) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert visitor.http.get("/", headers=followed).status_code == 200
    for headers in (
        {"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ):
        answer = visitor.http.post("/gradio_api/upload", files={"files": ("a.png", PHOTO)}, headers=headers)
        assert answer.status_code == 200


def test_pages_and_files_say_what_may_frame_and_feed_them(visitor: Caller) -> None:
    page = visitor.http.get("/").headers
    assert "frame-ancestors 'self'" in page["content-security-policy"]
    assert ("https://huggingface.co" in page["content-security-policy"]) is visitor.on_a_space
    assert "connect-src 'self'" in page["content-security-policy"]
    assert page["x-content-type-options"] == "nosniff"
    assert page.get("x-frame-options") == (None if visitor.on_a_space else "SAMEORIGIN")
    file = visitor.http.get(f"/gradio_api/file={visitor.send(PHOTO)}").headers
    assert "default-src 'none'" in file["content-security-policy"]
    assert "sandbox" in file["content-security-policy"]
    assert "no-store" in file["cache-control"] or "private" in file["cache-control"]
