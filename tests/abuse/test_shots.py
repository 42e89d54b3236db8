"""Further shots of the place: paid for, told, counted, and never another visitor's."""

from __future__ import annotations

from typing import Any

from PIL import Image as PillowImage

from tests.abuse.conftest import PHOTO, Caller
from tests.abuse.test_isolation import other
from tests.photofile.photos import saved
from tests.shots.scenes import hand_held, hole, place, with_thing


def png(image: Any) -> bytes:
    return saved(PillowImage.fromarray(image), "PNG")


def given(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_an_endpoint_takes_shots_and_counts_each_as_an_opening(caller: Caller) -> None:
    photo, mask = caller.send(png(with_thing(place()))), caller.send(png(hole()), "mask.png")
    shots = [given(caller.send(png(shot))) for shot in (place(), hand_held(place(), 2))]
    allowance = caller.page.visits.allowances.at(caller.came_from)
    before = sum(count for _, count in allowance._asked)
    kind, data = caller.call("remove_mask", photo=photo, mask=mask, backend="telea", shots=shots)
    assert kind == "complete", data
    assert data[1]["shots"]["share"] > 0.9
    assert "true pixels" in data[1]["shots"]["told"]
    if caller.on_a_space:
        assert sum(count for _, count in allowance._asked) >= before + 2, "two openings, and the fill"


def test_what_moves_goes_by_the_shots_alone(caller: Caller) -> None:
    photo = caller.send(png(with_thing(place())))
    shots = [given(caller.send(png(shot))) for shot in (place(), hand_held(place(), 2))]
    asked = {"photo": photo, "backend": "telea", "everything_that_moves": True}
    kind, data = caller.call("remove_objects", **asked, shots=shots)
    assert kind == "complete", data
    assert data[1]["removed"] == []
    assert data[1]["shots"]["share"] > 0.9
    kind, data = caller.call("remove_objects", **asked)
    assert kind == "error"
    assert "0 further shots came" in str(data)
    assert "true or false" in caller.refused("remove_objects", **{**asked, "everything_that_moves": "yes"})


def test_a_shot_of_anothers_or_one_too_many_is_refused(visitor: Caller, caller: Caller) -> None:
    foreign, mine = other(visitor).send(PHOTO), visitor.send(PHOTO)
    asked = {"photo": mine, "mask": visitor.send(PHOTO), "backend": "telea"}
    assert "no file that was sent" in visitor.refused(**asked, shots=[given(foreign)])
    assert "a list of at most 11 files" in visitor.refused(**asked, shots=[given(mine)] * 12)
    assert "a list of at most 11 files" in visitor.refused(**asked, shots=["x.png"])


def test_the_page_takes_the_visitors_own_alone_and_eleven(visitor: Caller) -> None:
    visitor.event("open", {"path": visitor.send(PHOTO)})
    foreign = other(visitor).send(PHOTO)
    assert "did not arrive" in visitor.error("shots", {"files": [{"path": foreign}]})
    assert "at most 11" in visitor.error("shots", {"files": [{"path": foreign}] * 12, "seen": 99})
    assert "did not arrive" in visitor.error("shots", {"files": [["x"]], "seen": 99})
