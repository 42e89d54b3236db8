"""What is one visitor's reaches no other: streams, answers, files, cancels."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.abuse.conftest import MASK, PHOTO, Caller, waited
from tests.conftest import ROOT
from tests.photofile.photos import saved, scene

SAVED_AND_READ = 0, False, False, False, False, False, False, None
"""The arguments of remove_mask behind the candidates: how it is saved, how the mask is read, further shots."""


def other(one: Caller, **given: Any) -> Caller:
    """Another browser, or with cookie="" a client that has none."""
    return Caller(one.address, one.page, one.cache, **{"cookie": uuid.uuid4().hex, **given})


def press(one: Caller, handler: str, message: Any, session: str) -> Any:
    """Put an event of the page into the queue, in the name of a session."""
    fn = next(fn for fn in one.page.fns.values() if fn.name == handler)
    body = {
        "data": [None] * len(fn.inputs),
        "event_data": message,
        "fn_index": fn._id,
        "session_hash": session,
    }
    return one.http.post("/gradio_api/queue/join", json=body)


@pytest.mark.parametrize("cookie", ["", "stranger"], ids=["no cookie", "another browser"])
@pytest.mark.parametrize("route", ["call/x", "call/open", "call/detect", "call/v2/x"])
def test_a_session_hash_streams_nothing_to_another_browser(
    visitor: Caller, caller: Caller, route: str, cookie: str
) -> None:
    stranger = other(visitor, cookie=cookie)
    visit = visitor.page.visits.of(visitor.session)
    assert press(visitor, "resume", {"token": visit.token}, visitor.session).status_code == 200
    answer = stranger.http.get(f"/gradio_api/{route}/{visitor.session}")
    assert answer.status_code in (403, 404)
    assert visit.token not in answer.text
    heard = visitor.heard()
    assert heard[-1]["msg"] == "process_completed", "and the owner hears all of it"
    assert "photo" in str(heard)


NOTHING = {"path": "nothing", "meta": {"_type": "gradio.FileData"}}


def test_an_event_is_told_to_whom_asked_for_it_alone(visitor: Caller, caller: Caller) -> None:
    stranger = other(visitor)
    asked = {"photo": {"path": visitor.send(PHOTO), "meta": {"_type": "gradio.FileData"}}, "backend": "telea",
             "mask": {"path": visitor.send(PHOTO), "meta": {"_type": "gradio.FileData"}}}  # fmt: skip
    for version in ("call/v2/remove_mask", "call/remove_mask"):
        body = (
            asked
            if "v2" in version
            else {"data": [asked["photo"], asked["mask"], "telea", "{}", "auto", "auto", 1, *SAVED_AND_READ]}
        )
        event = visitor.http.post(f"/gradio_api/{version}", json=body).json()["event_id"]
        assert stranger.http.get(f"/gradio_api/{version}/{event}").status_code in (403, 404)
        assert "event:" in visitor.http.get(f"/gradio_api/{version}/{event}").text


def test_a_call_in_the_name_of_anothers_session_is_refused(visitor: Caller, caller: Caller) -> None:
    """Its event would be the stranger's own, and lead to the visitor's stream."""
    stranger, session = other(visitor), visitor.session
    visit = visitor.page.visits.of(session)
    body = {"data": [None, None, "telea", "{}", "auto", "auto", 1, *SAVED_AND_READ], "session_hash": session}
    assert stranger.http.post("/gradio_api/call/remove_mask", json=body).status_code >= 400
    assert press(stranger, "ask", {}, session).status_code >= 400
    for handler in ("leave", "cancel", "ask", "detect"):
        fn = next(fn for fn in stranger.page.fns.values() if fn.name == handler)
        direct = {"data": [None] * len(fn.inputs), "fn_index": fn._id, "session_hash": session}
        direct["event_data"] = {"work": 7}
        for route in (f"run/{handler}", f"api/{handler}", "run/predict"):
            assert stranger.http.post(f"/gradio_api/{route}", json=direct).status_code >= 400
    assert not visit.left
    assert 7 not in visit.cancels._early


def test_leaving_and_cancelling_take_the_owner(visitor: Caller, caller: Caller) -> None:
    stranger = other(visitor)
    visits = visitor.page.visits
    leave = next(fn for fn in visitor.page.fns.values() if fn.name == "leave")
    gone = {"data": [], "fn_index": leave._id, "session_hash": visitor.session}
    stranger.http.post("/gradio_api/run/leave", json=gone)
    assert not visits._visits[visitor.session].left
    event = press(visitor, "ask", {}, visitor.session).json()["event_id"]
    for session in (visitor.session, stranger.session):
        body = {"session_hash": session, "fn_index": 0, "event_id": event}
        for route in ("cancel", "reset"):
            assert stranger.http.post(f"/gradio_api/{route}", json=body).status_code in (403, 404)
    assert visitor.heard()[-1]["success"]
    own = {"session_hash": visitor.session, "fn_index": 0, "event_id": event}
    assert visitor.http.post("/gradio_api/cancel", json=own).status_code == 200
    with visitor.http.stream("GET", f"/gradio_api/heartbeat/{visitor.session}") as beats:
        next(beats.iter_raw())
    waited(lambda: visits._visits[visitor.session].left, 20)


def test_a_token_alone_brings_no_page_back(visitor: Caller, caller: Caller) -> None:
    token = visitor.page.visits.of(visitor.session).token
    for stranger in (other(visitor), other(visitor, cookie="")):
        assert "photo" not in [said["kind"] for said in stranger.messages("resume", {"token": token})]
    again = other(visitor, cookie=visitor.cookie)
    assert "photo" in [said["kind"] for said in again.messages("resume", {"token": token})]


def test_a_visitors_file_is_no_other_browsers(visitor: Caller, caller: Caller) -> None:
    (file,) = [said for said in visitor.messages("download", {"what": "own"}) if said["kind"] == "file"]
    sent = visitor.send(PHOTO)
    for path in (file["path"], sent):
        assert visitor.http.get(f"/gradio_api/file={path}").status_code == 200
        for stranger in (other(visitor), other(visitor, cookie="")):
            assert stranger.http.get(f"/gradio_api/file={path}").status_code in (403, 404)
            assert "did not arrive" in stranger.error("open", {"path": path})
    assert Path(sent).exists()


def test_a_flood_of_sessions_evicts_no_owner(visitor: Caller, caller: Caller) -> None:
    stranger = other(visitor)
    owners = visitor.page.visits.owners
    flood = visitor.page.visits.identities.visitor("stranger", "203.0.113.5")
    for number in range(21_000):
        owners.admit(f"made-up-{number}", flood)
    assert press(stranger, "ask", {}, visitor.session).status_code >= 400
    assert press(visitor, "ask", {}, visitor.session).status_code == 200
    assert visitor.heard()[-1]["success"]


def test_two_visitors_with_the_same_photo_both_open_it(visitor: Caller, caller: Caller) -> None:
    second = other(visitor)
    data = saved(scene(31, 17), "PNG")
    first_path, second_path = visitor.send(data, "same.png"), second.send(data, "same.png")
    assert first_path != second_path
    for one, path in ((visitor, first_path), (second, second_path)):
        kinds = [said["kind"] for said in one.messages("open", {"path": path, "name": "same.png"})]
        assert "photo" in kinds


def test_many_pages_of_one_browser_push_out_no_other_visitor(
    visitor: Caller, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits, greedy = visitor.page.visits, other(visitor)
    monkeypatch.setattr(visits, "settings", replace(visits.settings, visits=len(visits) + 8))
    for _ in range(70 if visitor.on_a_space else 12):
        greedy.session = uuid.uuid4().hex
        told = [said["kind"] for said in greedy.messages("open", {"path": greedy.send(PHOTO)})]
        if visitor.on_a_space and "error" in told:  # so many openings are more than a visitor has
            break
        assert "photo" in told
    assert ("error" in told) is visitor.on_a_space
    visit = visitor.page.visits._visits.get(visitor.session)
    assert visit is not None
    assert visit.photo is not None
    assert "file" in [said["kind"] for said in visitor.messages("download", {"what": "own"})]


def test_no_path_of_the_server_in_what_is_refused(visitor: Caller, caller: Caller) -> None:
    told = json.dumps({"model": str(caller.cache)})
    said = [
        caller.http.get(f"/gradio_api/file={caller.cache}/none.png").text,
        caller.http.get("/gradio_api/file=/etc/passwd").text,
        json.dumps(visitor.event("open", {"path": "/nowhere.png"})),
        caller.refused("detect", photo="none.png"),
        caller.refused(photo=caller.send(b"no photo"), mask=caller.send(PHOTO)),
        caller.refused(
            photo=caller.send(PHOTO), mask=caller.send(PHOTO), backend="stable-diffusion", options=told
        ),
        caller.http.get("/config").text,
        caller.http.get("/").text,
    ]
    for text in said:
        assert str(caller.cache) not in text
        assert str(ROOT) not in text
        assert str(Path.home()) + "/" not in text


def test_a_model_by_its_path_is_no_question_that_is_answered(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"x")
    said = set()
    for path in (
        tmp_path / "model.safetensors",
        tmp_path,
        tmp_path / "none.safetensors",
        Path("/etc/shadow"),
    ):
        asked = {"photo": caller.send(PHOTO), "mask": caller.send(MASK), "backend": "stable-diffusion"}
        said.add(caller.refused(**asked, options=json.dumps({"model": str(path)})))
    assert len(said) == 1, said


def test_unknown_sessions_and_streams_that_are_over_write_a_line_at_most(
    caller: Caller, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for _ in range(5):
        said = caller.http.get(f"/gradio_api/queue/data?session_hash={uuid.uuid4().hex}").text
        assert json.loads(said.removeprefix("data: "))["session_not_found"]
    event = caller.http.post("/gradio_api/call/v2/detect", json={"photo": NOTHING}).json()["event_id"]
    told = [caller.http.get(f"/gradio_api/call/v2/detect/{event}").status_code for _ in range(3)]
    assert told == [200, 404, 404]
    written = capfd.readouterr()
    assert "Traceback" not in written.out + written.err + caplog.text
    ours = [record for record in caplog.records if record.name.startswith("inpaint_app")]
    assert 5 <= len(ours) <= 8
    assert all("\n" not in record.getMessage() for record in ours)


def test_a_folder_of_the_machine_is_for_who_sits_at_it(
    visitor: Caller, caller: Caller, tmp_path: Path
) -> None:
    fn = next(fn for fn in visitor.page.fns.values() if len(fn.inputs) >= 7 and len(fn.outputs) == 5)
    folder = tmp_path / "private"
    folder.mkdir()

    def ask(**headers: str) -> str:
        data = [[], str(folder), "128 px", 1, 0, ["square:0.25"], ["telea"], 1][: len(fn.inputs)]
        body = {"data": data, "fn_index": fn._id, "session_hash": visitor.session}
        begun = visitor.http.post("/gradio_api/queue/join", json=body, headers=headers)
        return json.dumps(visitor.heard()) if begun.status_code == 200 else begun.text

    assert ("one's own machine only" in ask()) is visitor.on_a_space
    for headers in (
        {"X-Forwarded-For": "203.0.113.5"},
        {"Forwarded": "for=203.0.113.5"},
        {"Via": "1.1 proxy"},
    ):
        assert "one's own machine only" in ask(**headers)
    before, visitor.page.hosts.listening = visitor.page.hosts.listening, "0.0.0.0"
    try:
        assert "one's own machine only" in ask()
    finally:
        visitor.page.hosts.listening = before
