"""What a session does with files."""

from __future__ import annotations

import cv2
import pytest

from inpaint_app.errors import PhotoTooLarge
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image


def test_photos_are_taken_in_under_the_limits_of_the_settings(image: Image) -> None:
    data = cv2.imencode(".png", image)[1].tobytes()
    assert Session(Settings()).load(data, "p.png").rgb.shape == (48, 64, 3)
    with pytest.raises(PhotoTooLarge):
        Session(Settings(max_megapixels=0.001)).load(data, "p.png")
