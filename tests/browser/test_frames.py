"""An animation on the page and at the endpoint: one frame is edited, the others stay; exact and marked files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

gradio_client = pytest.importorskip("gradio_client")


def moving(path: Path) -> Path:
    """Three frames of a bar that walks over a plain ground."""
    frames = []
    for step in range(3):
        pixels = np.full((120, 160, 3), (60, 130, 90), np.uint8)
        pixels[30:90, 20 + 45 * step : 40 + 45 * step] = (250, 0, 200)
        frames.append(PillowImage.fromarray(pixels))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[40, 50, 60], loop=0)
    return path


def frames_of(path: str | Path) -> list[NDArray[np.uint8]]:
    found = []
    with PillowImage.open(path) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")))
    return found


def bar(pixels: NDArray[np.uint8]) -> int:
    return int((np.abs(pixels.astype(int) - (250, 0, 200)).max(axis=2) < 60).sum())


def test_a_frame_is_chosen_on_the_page_and_the_others_stay(studio: Any, tmp_path: Path) -> None:
    photo = moving(tmp_path / "bar.gif")
    studio.open(photo)
    studio.page.locator(".st-files summary").click()
    field = studio.page.locator(".st-frame input")
    assert field.input_value() == "1"
    field.fill("2")
    field.press("Tab")
    studio.wait_until(lambda: studio.visit().photo.frame == 2)
    studio.rest()
    studio.only("telea")
    studio.brush(40)
    studio.stroke((75, 30), (75, 90))
    studio.remove()
    saved = studio.saved("download")
    before, after = frames_of(photo), frames_of(saved)
    assert len(after) == 3
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[2], after[2])
    assert bar(before[1]) > 1000
    assert bar(after[1]) == 0
    studio.says("Frame 2 of 3 was edited; the others stay as they were")


def test_an_endpoint_takes_frame_exact_and_mark(server: Any, tmp_path: Path) -> None:
    client = gradio_client.Client(server.address, verbose=False, ssl_verify=False)
    photo = moving(tmp_path / "bar.gif")
    mask = np.zeros((120, 160), np.uint8)
    mask[26:94, 106:134] = 255
    PillowImage.fromarray(mask).save(tmp_path / "mask.png")
    given = {
        "photo": gradio_client.handle_file(str(photo)),
        "mask": gradio_client.handle_file(str(tmp_path / "mask.png")),
        "backend": "telea",
    }
    file, report = client.predict(**given, frame=3, api_name="/remove_mask")
    assert [bar(frame) > 1000 for frame in frames_of(file)] == [True, True, False]
    assert "frame 3 of 3 was edited" in " ".join(report["file"]["lines"]).replace("Frame", "frame")
    with PillowImage.open(photo) as image:
        image.seek(2)
        image.convert("RGB").save(tmp_path / "bar.jpg")
    given["photo"] = gradio_client.handle_file(str(tmp_path / "bar.jpg"))
    file, report = client.predict(**given, exact=True, mark_edited=True, api_name="/remove_mask")
    assert Path(file).suffix == ".png"
    assert report["file"]["changed_pixels_outside"] == 0
    assert b"digitalsourcetype/algorithmicallyEnhanced" in Path(file).read_bytes()
