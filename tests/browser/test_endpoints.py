"""The named endpoints, as gradio_client meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.ui import view_models

gradio_client = pytest.importorskip("gradio_client")


@pytest.fixture(scope="module")
def client(server: Any) -> Any:
    return gradio_client.Client(server.address, verbose=False, ssl_verify=False)


def test_only_the_three_endpoints_are_public(client: Any) -> None:
    described = client.view_api(return_format="dict")
    assert set(described["named_endpoints"]) == {"/detect", "/remove_objects", "/remove_mask"}
    assert described["unnamed_endpoints"] == {}


def test_detect_gives_finds_and_a_map_of_their_numbers(client: Any) -> None:
    bus = view_models.samples()["bus.jpg"]
    finds, file = client.predict(photo=gradio_client.handle_file(bus), api_name="/detect")
    assert sorted({find["label"] for find in finds} & {"person", "bus"}) == ["bus", "person"]
    numbers = np.asarray(PillowImage.open(file))
    assert numbers.shape == (1080, 810)
    first = finds[0]
    left, top, right, bottom = first["box"]
    assert (numbers == first["number"]).sum() == first["pixels"]
    assert (numbers[top:bottom, left:right] == first["number"]).sum() == first["pixels"]


def test_a_mask_of_another_size_is_removed_and_nothing_else(client: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    photo, mask = tmp_path / "noise.png", tmp_path / "mask.png"
    PillowImage.fromarray(pixels).save(photo)
    hole = np.zeros((45, 60), np.uint8)
    hole[20:25, 30:36] = 255
    PillowImage.fromarray(hole).save(mask)
    file, report = client.predict(
        photo=gradio_client.handle_file(photo), mask=gradio_client.handle_file(mask), backend="telea",
        grow="2", api_name="/remove_mask",
    )  # fmt: skip
    assert (report["changed_known"], report["grow"], report["backend"]) == (0, 2, "telea")
    changed = (np.asarray(PillowImage.open(file).convert("RGB")) != pixels).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (38, 51, 58, 73)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"backend": "lama2"}, "no backend 'lama2'"),
        ({"options": "{"}, "options is no JSON"),
        ({"options": '{"radius": 900}'}, "expected 1 to 64"),
        ({"grow": "much"}, "grow is 'much'"),
        ({"mask": None}, "There is no mask"),
    ],
)
def test_bad_input_is_answered_in_words(
    client: Any, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    photo, mask = tmp_path / "photo.png", tmp_path / "mask.png"
    PillowImage.new("RGB", (40, 30), "grey").save(photo)
    hole = np.zeros((30, 40), np.uint8)
    hole[10:15, 10:15] = 255
    PillowImage.fromarray(hole).save(mask)
    asked = {
        "photo": gradio_client.handle_file(photo),
        "mask": gradio_client.handle_file(mask),
        "backend": "telea",
        **given,
    }
    with pytest.raises(gradio_client.exceptions.AppError, match=said):
        client.predict(**asked, api_name="/remove_mask")


def test_of_several_candidates_the_suggested_one_comes_back(client: Any, tmp_path: Path) -> None:
    photo, mask = tmp_path / "photo.png", tmp_path / "mask.png"
    PillowImage.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)).save(photo)
    hole = np.zeros((90, 120), np.uint8)
    hole[40:50, 60:72] = 255
    PillowImage.fromarray(hole).save(mask)
    given = {"photo": gradio_client.handle_file(photo), "mask": gradio_client.handle_file(mask)}
    file, report = client.predict(**given, options='{"seed": 3}', candidates=3, api_name="/remove_mask")
    assert report["candidates"] == [3, 4, 5]
    again, _ = client.predict(**given, options=f'{{"seed": {report["seed"]}}}', api_name="/remove_mask")
    assert Path(file).read_bytes() == Path(again).read_bytes()
