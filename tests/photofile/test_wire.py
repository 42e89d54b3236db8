"""What a decoding process says is taken for nothing but what was asked of it."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from inpaint_app.errors import PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile.decoding import decoder as module
from inpaint_app.photofile.decoding import wire
from inpaint_app.photofile.files import load
from inpaint_app.photofile.samples.native import Native
from inpaint_app.photofile.write import encode
from tests.photofile.photos import saved, scene

RECORDS = (
    ["os", "system", {}], ["photo", "gone", {}], ["read", "load", {}], ["..x", "y", {}],
    ["photo", "Limits", {"more": 1}],
)  # fmt: skip


def message(header: object, body: bytes = b"") -> io.BytesIO:
    text = json.dumps(header).encode()
    return io.BytesIO(len(text).to_bytes(8, "big") + text + body)


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(), io.BytesIO(b"\xff" * 8), io.BytesIO((9).to_bytes(8, "big") + b"no json!!"),
        message([1]), message({"arrays": 5}), message({"arrays": [["O", [2]]]}),
        message({"arrays": [["|u1", [-4, -5]]]}),
        message({"arrays": [["|u1", [10**6, 10**6]]]}), message({"arrays": [["|u1", [50]]]}, b"short"),
        message({"arrays": []}), message({"arrays": [], "value": {"bytes": 0}}),
        message({"arrays": [["|u1", [1]]], "value": [{"bytes": 0}, {"bytes": 0}]}, b"x"),
        *(message({"arrays": [], "value": {"record": named}}) for named in RECORDS),
    ],
    ids=range(12 + len(RECORDS)),
)  # fmt: skip
def test_what_a_process_says_is_not_believed(stream: io.BytesIO) -> None:
    with pytest.raises(wire.BrokenMessage):
        wire.receive(stream, 1000)


def test_an_answer_that_is_none_is_refused() -> None:
    photo, native = load(saved(scene(9, 9), "PNG")), Native(np.zeros((9, 9), np.uint8), "L")
    done = encode(photo, photo.rgb, np.zeros((9, 9), bool))
    for what, good, broken in (
        ("load", photo, (replace(photo, rgb=photo.rgb[..., 0]), replace(photo, rgb="x"), None, {},
                         replace(photo, alpha=photo.rgb), replace(photo, source=5))),
        ("load_samples", (native, 1, True), ((replace(native, palette=photo.rgb), 1, True), (native, 1), native,
                                             (replace(native, samples=photo.rgb[:0]), 1, True))),
        ("header_of", ("PNG", 9, 9), (("PNG", 9), (9, "PNG", 9), photo)),
        ("moment_of", (None, (9, 9)), ((5, (9, 9)), (None, None))),
        ("encode", done, (replace(done, suffix="/etc/x"), replace(done, report=None), photo)),
    ):  # fmt: skip
        assert wire.answers(what, good)
        assert not any(wire.answers(what, one) for one in broken)
    assert isinstance(module._named(wire.Refusal("SystemExit", "x")), UnreadablePhoto)
    assert isinstance(module._named(wire.Refusal("PhotoTooLarge", "x")), PhotoTooLarge)
