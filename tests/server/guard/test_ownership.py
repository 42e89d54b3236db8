"""Whose a session is: the first one's while it lives, however many names are made up, and told by cookie or address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from inpaint_app.server.guard.fairness import who_makes_room
from inpaint_app.server.guard.hosts import Hosts, from_this_machine
from inpaint_app.server.guard.identity import (
    COOKIE,
    SECURE_COOKIE,
    Identities,
    Visitor,
    cookie_of,
    fresh_cookie,
)
from inpaint_app.server.guard.ownership import Ownership
from inpaint_app.settings import Settings

ME, STRANGER = Visitor("me", "192.0.2.1"), Visitor("stranger", "203.0.113.5")


def test_a_name_is_the_first_ones() -> None:
    owned = Ownership()
    assert not owned.holds("session", ME)
    assert owned.admit("session", ME)
    assert owned.admit("session", ME)
    assert not owned.admit("session", STRANGER)
    assert owned.holds("session", ME)
    assert not owned.holds("session", STRANGER)
    assert not owned.admit("", ME)
    assert not owned.admit("x" * 201, ME)


def test_a_flood_forgets_its_own_names_first() -> None:
    owned = Ownership(capacity=100, each=1000)
    owned.admit("mine", ME)
    for number in range(1000):
        assert owned.admit(f"flood {number}", STRANGER)
    assert len(owned) == 100
    assert not owned.admit("mine", STRANGER)
    assert owned.admit("mine", ME)


def test_one_address_has_a_share_and_many_cookies_do_not_help() -> None:
    owned = Ownership(capacity=100, each=10)
    owned.admit("mine", ME)
    for number in range(1000):
        owned.admit(f"flood {number}", Visitor(f"cookie {number}", STRANGER.address))
    assert len(owned) == 11
    assert owned.holds("mine", ME)


def test_what_is_alive_is_not_forgotten_and_no_room_is_a_refusal() -> None:
    owned = Ownership(lambda name: name.startswith("alive"), capacity=3, each=3)
    for number in range(3):
        assert owned.admit(f"alive {number}", ME)
    assert not owned.admit("another", ME)
    assert not owned.admit("another", STRANGER)
    assert all(owned.holds(f"alive {number}", ME) for number in range(3))


def test_room_is_made_by_who_has_most_address_before_cookie() -> None:
    held = [("a", ME), ("b", STRANGER), ("c", STRANGER), ("d", Visitor("another", STRANGER.address))]
    assert who_makes_room(held, lambda one: one[1], lambda one: 1.0, lambda one: one[0]) == held[1]
    assert (
        who_makes_room(
            held, lambda one: one[1], lambda one: 1.0, lambda one: one[0], lambda one: one[0] in "ad"
        )
        == held[3]
    )
    large = {"a": 10.0}
    assert (
        who_makes_room(held, lambda one: one[1], lambda one: large.get(one[0], 1.0), lambda one: one[0])
        == held[0]
    )
    assert (
        who_makes_room(held, lambda one: one[1], lambda one: 1.0, lambda one: one[0], lambda one: False)
        is None
    )


def request(address: str = "192.0.2.1", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(headers=named, client=SimpleNamespace(host=address))


def test_a_browser_is_its_cookie_and_a_client_without_one_its_address() -> None:
    identities = Identities(Settings())
    one, other = (identities.of(request(cookie=f"a=b; {COOKIE}={value}")) for value in ("one", "other"))
    assert one.key != other.key
    assert one.key == identities.of(request("198.51.100.9", cookie=f"{COOKIE}=one")).key
    assert identities.of(request()).key != identities.of(request("198.51.100.9")).key
    assert identities.of(request()).key == identities.of(request()).key
    assert "192.0.2.1" not in identities.of(request()).key
    vouched = identities.of(
        request(
            **{
                name.replace("-", "_"): value
                for name, value in identities.vouching(request("9.9.9.9")).items()
            }
        )
    )
    assert (vouched.vouched, vouched.address) == (True, "9.9.9.9")
    assert not Identities(Settings()).of(request(x_inpaint_vouched="guess")).vouched


def test_over_https_only_a_cookie_counts_that_no_other_host_can_set() -> None:
    both = f"{COOKIE}=planted; {SECURE_COOKIE}=own"
    assert cookie_of(both, secure=True) == "own"
    assert cookie_of(f"{COOKIE}=planted", secure=True) == ""
    assert cookie_of(both, secure=False) == "planted"
    assert cookie_of("\x01;=;", secure=False) == ""
    secure = fresh_cookie(secure=True)
    assert secure.startswith(SECURE_COOKIE)
    assert all(word in secure for word in ("HttpOnly", "Secure", "Partitioned", "Path=/"))
    assert "SameSite=Lax" in fresh_cookie(secure=False)
    assert fresh_cookie(secure=False) != fresh_cookie(secure=False)


@pytest.mark.parametrize(
    ("listening", "given", "known", "unknown"),
    [
        ("", {}, ["localhost:7860", "127.0.0.1", "[::1]:7860", "LOCALHOST."], ["10.0.0.5", "evil.example", "", "a b"]),
        ("0.0.0.0", {}, ["10.0.0.5:7860", "[2001:db8::1]", "0.0.0.0:7860"], ["evil.example", "1.2.3.4.evil.example"]),
        ("10.0.0.5", {}, ["10.0.0.5", "localhost"], ["evil.example"]),
        ("", {"hosts": "photos.example.org, b.example"}, ["photos.example.org", "b.example:443"], ["x.b.example"]),
        ("", {"hosts": "*"}, ["anything.example"], ["not a name", ""]),
        ("0.0.0.0", {"surroundings": "spaces"}, ["somebody-inpaint.hf.space"],
         ["hf.space.evil.example", "evilhf.space"]),
    ],
)  # fmt: skip
def test_a_server_knows_its_names(listening: str, given: Any, known: list[str], unknown: list[str]) -> None:
    hosts = Hosts(Settings(**given), listening, {})
    assert [host for host in known if not hosts.knows(host)] == []
    assert [host for host in unknown if hosts.knows(host)] == []


def test_names_come_from_the_space_the_path_and_the_share() -> None:
    hosts = Hosts(Settings(), "", {"SPACE_HOST": "a.example", "GRADIO_ROOT_PATH": "https://b.example/tools"})
    assert hosts.knows("a.example")
    assert hosts.knows("b.example")
    assert not hosts.knows("c.gradio.live")
    hosts.shared = lambda: "https://c.gradio.live"
    assert hosts.knows("c.gradio.live")


@pytest.mark.parametrize(
    ("listening", "given", "private"),
    [("", {}, True), ("127.0.0.1", {}, True), ("localhost", {}, True), ("0.0.0.0", {}, False), ("::", {}, False),
     ("10.0.0.5", {}, False), ("", {"hosts": "photos.example.org"}, False), ("", {"surroundings": "spaces"}, False)],
)  # fmt: skip
def test_only_a_server_that_nobody_else_reaches_is_private(listening: str, given: Any, private: bool) -> None:
    assert Hosts(Settings(**given), listening, {}).private is private


def test_a_page_behind_a_proxy_has_its_public_name() -> None:
    hosts = Hosts(Settings(hosts="photos.example.org"), "", {})
    assert hosts.same_site({"host": "127.0.0.1:7860", "origin": "https://photos.example.org"})
    assert not hosts.same_site({"host": "127.0.0.1:7860", "origin": "https://evil.example"})
    assert not hosts.same_site({"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:9000"})
    assert not hosts.same_site({"host": "photos.example.org", "origin": "null"})


def test_what_came_through_a_proxy_is_not_from_this_machine() -> None:
    assert from_this_machine(request("127.0.0.1"))
    assert from_this_machine(request("::1"))
    assert not from_this_machine(request("192.0.2.1"))
    assert not from_this_machine(request("127.0.0.1", x_forwarded_for="127.0.0.1"))
