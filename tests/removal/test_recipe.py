"""Recipes: what is written is read back the same, and nothing hostile gets further than an OptionError."""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_app.backends import registry
from inpaint_app.errors import OptionError
from inpaint_app.photofile.files import load
from inpaint_app.photofile.photo import Photo
from inpaint_app.removal import ensemble, recipe
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Image, Mask
from tests.shots.scenes import hand_held, hole, place, with_thing

SESSION = Session(Settings())


@pytest.fixture
def photo(image: Image) -> Photo:
    return load(cv2.imencode(".png", image)[1].tobytes(), name="p.png")


@pytest.fixture
def made(photo: Photo, mask: Mask) -> str:
    """A recipe of a removal with everything in it."""
    avoid = np.zeros_like(mask)
    avoid[:, 50:] = True
    request = Request(mask=mask, avoid=avoid, backend="patchmatch", grow=2, options={"seed": 4})
    return recipe.make(photo, SESSION.run(photo.rgb, request), request, SESSION.settings)


def test_a_replay_gives_identical_pixels(photo: Photo, mask: Mask, made: str) -> None:
    read = recipe.parse(made, photo.rgb.shape)
    assert np.array_equal(read.mask, mask)
    assert read.avoid is not None
    assert read.avoid[:, 50:].all()
    assert (read.grow, read.feather, read.options["seed"]) == (2, None, 4)
    result = SESSION.run(photo.rgb, read.request())
    assert recipe.fingerprint(result.image) == read.pixels_sha256
    assert read.differences(photo, SESSION.settings, result.image) == ()


@pytest.mark.parametrize(
    "former", ["context-encoder", "contextual-attention-detail", "context-encoder-guided"]
)
def test_a_recipe_from_before_the_names_changed_replays_to_equal_pixels(
    photo: Photo, mask: Mask, former: str
) -> None:
    """In version 1 `context-encoder` was the network's own output."""
    now = {"context-encoder": "context-encoder-raw"}.get(former, registry.find(former).name)
    request = Request(mask=mask, backend=now, options={"seed": 4})
    result = SESSION.run(photo.rgb, request)
    content = json.loads(recipe.make(photo, result, request, SESSION.settings))
    content |= {"recipe": 1, "backend": former}
    content["options"].pop("raw", None)
    read = recipe.parse(json.dumps(content), photo.rgb.shape)
    assert read.backend == now
    again = SESSION.run(photo.rgb, read.request()).image
    assert read.differences(photo, SESSION.settings, again) == (f"{former} is called {now} now",)


def test_auto_replays_what_it_painted_and_names_the_weights_of_all_its_fills(
    photo: Photo, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ensemble, "MEMBERS", ("context-encoder", "exemplar"))
    request = Request(mask=mask, backend="auto")
    result = SESSION.run(photo.rgb, request)
    text = recipe.make(photo, result, request, SESSION.settings)
    read = recipe.parse(text, photo.rgb.shape)
    assert (read.backend, read.options["guidance"]) == ("auto", 0.5)
    again = SESSION.run(photo.rgb, read.request()).image
    assert read.differences(photo, SESSION.settings, again) == ()
    assert {"weights context-encoder", "weights glcic"} <= set(read.libraries)


def test_a_wall_is_replayed_and_an_older_recipe_has_none(photo: Photo, mask: Mask) -> None:
    avoid = np.zeros_like(mask)
    avoid[:, 30:] = True
    request = Request(mask=mask, avoid=avoid, backend="telea", grow=6, wall=True)
    text = recipe.make(photo, SESSION.run(photo.rgb, request), request, SESSION.settings)
    read = recipe.parse(text, photo.rgb.shape)
    assert read.wall
    assert recipe.fingerprint(SESSION.run(photo.rgb, read.request()).image) == read.pixels_sha256
    older = {name: value for name, value in json.loads(text).items() if name not in ("wall", "parts")}
    assert not recipe.parse(json.dumps(older), photo.rgb.shape).wall


def test_a_recipe_of_a_recipe_is_the_same(photo: Photo, made: str) -> None:
    read = recipe.parse(made, photo.rgb.shape)
    again = recipe.make(photo, SESSION.run(photo.rgb, read.request()), read.request(), SESSION.settings)
    assert json.loads(again) == json.loads(made)


def test_shots_are_named_by_their_hashes_and_asked_for(photo: Photo, mask: Mask) -> None:
    picture = with_thing(place())
    photo, mask = replace(photo, rgb=picture), hole()
    first, second = (
        Shot(place(), "2.jpg", sha256="a" * 64),
        Shot(hand_held(place(), 2), "3.jpg", ~mask, "b" * 64),
    )
    request = Request(mask=mask, backend="telea", shots=(first, second))
    text = recipe.make(photo, SESSION.run(photo.rgb, request), request, SESSION.settings)
    read = recipe.parse(text, photo.rgb.shape)
    assert [shot[:2] for shot in read.shots] == [("2.jpg", "a" * 64), ("3.jpg", "b" * 64)]
    with pytest.raises(OptionError, match=r"made with further shots, give 3.jpg \(sha256 bbbbbbbbbbbb…\)"):
        read.request([first])
    again = read.request([Shot(place(9), "x.jpg"), replace(second, hidden=None), first])
    assert recipe.fingerprint(SESSION.run(photo.rgb, again).image) == read.pixels_sha256
    assert again.shots[1].hidden is not None
    assert np.array_equal(again.shots[1].hidden, ~mask)
    with pytest.raises(OptionError, match="not of 60×60 pixels"):
        read.request([first, replace(second, image=np.zeros((60, 60, 3), np.uint8))])


def test_a_recipe_without_shots_takes_none(photo: Photo, made: str) -> None:
    with pytest.raises(OptionError, match="made without further shots"):
        recipe.parse(made, photo.rgb.shape).request([Shot(place(), sha256="a")])


def test_what_differs_is_named(photo: Photo, made: str) -> None:
    content = json.loads(made)
    content["app"], content["libraries"]["opencv-python"] = "0.0.1", "1.2"
    read = recipe.parse(json.dumps(content), photo.rgb.shape)
    said = " ".join(read.differences(replace(photo, sha256="0" * 64), SESSION.settings, photo.rgb))
    for part in (
        "photo's file",
        "inpaint-app differs (recipe 0.0.1",
        "opencv-python differs (recipe 1.2",
        "pixels",
    ):
        assert part in said


def test_other_seeds_are_other_recipes_with_other_pixels(photo: Photo, mask: Mask) -> None:
    texts = []
    for seed in (1, 2):
        request = Request(mask=mask, backend="patchmatch", options={"seed": seed})
        texts.append(
            json.loads(recipe.make(photo, SESSION.run(photo.rgb, request), request, SESSION.settings))
        )
    assert texts[0]["options"]["seed"] != texts[1]["options"]["seed"]
    assert texts[0]["result"]["sha256"] != texts[1]["result"]["sha256"]


def test_fingerprints_tell_shapes_apart() -> None:
    assert recipe.fingerprint(np.zeros((2, 3, 3), np.uint8)) != recipe.fingerprint(
        np.zeros((3, 2, 3), np.uint8)
    )


def changed(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.update(values)


def bits(data: bytes) -> dict[str, str]:
    return {"encoding": "bits-zlib", "data": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed(recipe=3), "version is 3"),
        (changed(recipe=True), "version is True"),
        (changed(recipe=None), "version is None"),
        (changed(photo=None), "photo"),
        (changed(photo={"height": 48}), "width"),
        (changed(photo={"height": 48.0, "width": 64}), "height"),
        (changed(photo={"height": True, "width": 64}), "height"),
        (changed(photo={"height": 49, "width": 64}), "64×49"),
        (changed(photo={"height": 10**30, "width": 64}), "height"),
        (changed(photo={"height": 48, "width": 64, "sha256": 5}), "sha256"),
        (changed(backend="patchmatsch"), "Did you mean 'patchmatch'"),
        (changed(backend=["patchmatch"]), "backend"),
        (changed(options={"seed": -1}), "seed"),
        (changed(options={"seed": 1e400}), "Infinity"),
        (changed(options={"speed": 1}), "speed"),
        (changed(options={"seed": {"a": 1}}), "plain value"),
        (changed(options=[1]), "options"),
        (changed(grow=-1), "grow"),
        (changed(grow=1.5), "grow"),
        (changed(grow="4"), "grow"),
        (changed(feather=10**9), "feather"),
        (changed(mask=None), "mask"),
        (changed(mask={"encoding": "pickle", "data": ""}), "mask"),
        (changed(mask={"encoding": "bits-zlib", "data": "*not base64*"}), "damaged"),
        (changed(mask=bits(b"not zlib")), "damaged"),
        (changed(mask=bits(zlib.compress(b"\0" * 383))), "not of 64×48"),
        (changed(mask=bits(zlib.compress(b"\0" * 385))), "not of 64×48"),
        (changed(mask=bits(zlib.compress(b"\0" * 384)[:-5])), "not of 64×48"),
        (changed(avoid=bits(b"")), "avoid"),
        (changed(libraries={"numpy": 2}), "libraries"),
        (changed(libraries={str(n): "1" for n in range(1000)}), "libraries"),
        (changed(result=7), "result"),
    ],
)  # fmt: skip
def test_a_broken_recipe_is_refused(
    photo: Photo, made: str, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    content = json.loads(made)
    change(content)
    with pytest.raises(OptionError, match=message):
        recipe.parse(json.dumps(content), photo.rgb.shape)


NO_RECIPES = [
    "",
    "{",
    "[]",
    "null",
    "7",
    '"x"',
    b"\xff\xfe\x00",
    "[" * 100_000,
    f'{{"recipe": 1{"0" * 10_000}}}',
    "\0",
]


@pytest.mark.parametrize("text", NO_RECIPES, ids=range(10))
def test_what_is_no_recipe_is_refused(text: str | bytes) -> None:
    with pytest.raises(OptionError):
        recipe.parse(text, (48, 64))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(photo: Photo, made: str, number: str) -> None:
    with pytest.raises(OptionError, match=number):
        recipe.parse(made.replace('"grow": 2', f'"grow": {number}'), photo.rgb.shape)


def test_a_mask_that_unpacks_to_far_too_much_costs_nothing(photo: Photo, made: str) -> None:
    packer = zlib.compressobj(1)
    bomb = b"".join(packer.compress(bytes(2**24)) for _ in range(8)) + packer.flush()
    content = json.loads(made)
    content["mask"] = bits(bomb)
    began = time.process_time()
    with pytest.raises(OptionError, match="not of 64×48"):
        recipe.parse(json.dumps(content), photo.rgb.shape)
    assert time.process_time() - began < 1


def test_a_recipe_that_is_too_long_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "MAX_BYTES", 100)
    with pytest.raises(OptionError, match="at most"):
        recipe.parse("{" + " " * 100, (48, 64))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


FIELDS = [
    "recipe",
    "app",
    "libraries",
    "photo",
    "backend",
    "options",
    "grow",
    "feather",
    "mask",
    "avoid",
    "result",
]


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_any_json_is_read_or_refused_never_anything_else(content: dict[str, Any]) -> None:
    whole: dict[str, Any] = {
        "recipe": 1,
        "photo": {"height": 1, "width": 1},
        "backend": "telea",
        "mask": bits(zlib.compress(b"\x80")),
    }
    with suppress(OptionError):
        recipe.parse(json.dumps({**whole, **content}), (1, 1))
