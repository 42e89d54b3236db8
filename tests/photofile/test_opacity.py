"""Opacity goes on into a hole, in every format that has some, and hidden colours take no part in a fill."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.backends import registry
from inpaint_app.backends.base import BackendSpec, Window
from inpaint_app.photofile import files
from inpaint_app.photofile.samples.opacity import continued
from inpaint_app.removal.pipeline import Filler, Removal, remove
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress
from tests.photofile.kinds import png_of, tiff_of
from tests.photofile.photos import saved, scene

PERSON = (255, 0, 200)


def cut_out(
    height: int = 60, width: int = 80, hidden: tuple[int, int, int] = PERSON
) -> tuple[NDArray[np.uint8], Mask]:
    """A scene on the left, nothing on the right, and a figure to remove that stands in the nothing."""
    rgba = np.dstack([scene(height, width), np.full((height, width), 255, np.uint8)])
    rgba[:, width // 3 :] = (*hidden, 0)
    figure = np.zeros((height, width), bool)
    figure[20:45, 45:58] = True
    rgba[figure] = (*PERSON, 255)
    return rgba, figure


def grown(mask: Mask) -> Mask:
    whole = mask.copy()
    for axis in (0, 1):
        for step in (-2, -1, 1, 2):
            whole |= np.roll(mask, step, axis)
    return whole


def seen(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGBA"))


def quantised(rgba: NDArray[np.uint8]) -> PillowImage.Image:
    return PillowImage.fromarray(rgba).quantize(64, method=PillowImage.Quantize.FASTOCTREE)


FILES = {
    "png rgba": lambda a: saved(a, "PNG"),
    "png grey": lambda a: saved(a[..., [0, 3]], "PNG"),
    "png palette": lambda a: saved(quantised(a), "PNG"),
    "png deep": lambda a: png_of(a.astype(np.uint16) * 257, 16, 6),
    "png key": lambda a: saved(
        PillowImage.fromarray(np.where(a[..., 3:] > 0, np.minimum(a[..., :3], 250), 254)),
        "PNG",
        transparency=(254,) * 3,
    ),
    "webp": lambda a: saved(a, "WEBP", lossless=True, exact=True),
    "webp lossy": lambda a: saved(a, "WEBP", quality=90),
    "tiff": lambda a: saved(a, "TIFF"),
    "tiff associated": lambda a: tiff_of(
        (a * np.dstack([a[..., 3:] // 255] * 3 + [np.ones_like(a[..., 3:])])), photometric="rgb", extrasamples=[1]
    ),
    "gif": lambda a: saved(PillowImage.fromarray(a), "GIF"),
    "heif": lambda a: saved(a, "HEIF", quality=90),
    "avif": lambda a: saved(a, "AVIF", quality=90),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_removed_figure_leaves_no_silhouette(kind: str) -> None:
    rgba, figure = cut_out()
    photo = files.load(FILES[kind](rgba), name="cutout")
    hole = grown(figure)
    assert photo.alpha is not None
    assert photo.alpha[figure].min() > 250
    edited = photo.rgb.copy()
    edited[hole] = (10, 200, 30)
    encoded = files.encode(photo, edited, hole)
    after, before = seen(encoded.data), seen(photo.source)
    assert after[hole, 3].max() <= (12 if encoded.report.method == "lossy" else 0)
    if encoded.report.method == "lossless":
        visible = ~hole & (before[..., 3] > 0)
        assert np.array_equal(after[visible], before[visible])
        assert encoded.report.changed_pixels_outside == 0
        again = files.load(encoded.data, name="again")  # hidden colours are the file's own, too
        assert np.array_equal(again.rgb[~hole], photo.rgb[~hole])


@pytest.mark.parametrize("format", ["JPEG", "BMP", "PPM"])
def test_where_there_is_no_transparency_hidden_colours_stay_hidden(format: str) -> None:
    rgba, figure = cut_out()
    photo = files.load(saved(rgba, "PNG"), name="cutout")
    encoded = files.encode(photo, photo.rgb, grown(figure), format=format)
    after = seen(encoded.data)[..., :3].astype(int)
    assert after[:, 40:].min() > 235  # white, not the person's colour that lies under the opacity
    assert "transparent is shown on white" in encoded.report.note


def test_transparency_goes_into_a_gif_of_another_format() -> None:
    rgba, figure = cut_out()
    photo = files.load(saved(rgba, "PNG"), name="cutout")
    after = seen(files.encode(photo, photo.rgb, grown(figure), format="GIF").data)
    assert (after[:, 40:, 3] == 0).all()
    assert (after[:, :20, 3] == 255).all()


def test_a_border_between_clear_and_solid_goes_on_as_an_edge() -> None:
    alpha = np.zeros((40, 60), np.uint8)
    alpha[20:] = 255
    hole = np.zeros_like(alpha, bool)
    hole[8:32, 20:40] = True
    after = continued(alpha, hole)
    assert (after[8:17, 20:40] == 0).all()
    assert (after[23:32, 20:40] == 255).all()
    assert np.array_equal(after[~hole], alpha[~hole])


def test_a_gradual_opacity_goes_on_gradually() -> None:
    alpha = np.tile(np.linspace(20, 230, 80).astype(np.uint8), (50, 1))
    hole = np.zeros_like(alpha, bool)
    hole[15:35, 25:55] = True
    after = continued(alpha, hole)
    assert np.abs(after.astype(int) - alpha)[hole].max() <= 6


def test_each_hole_goes_by_its_own_surroundings() -> None:
    alpha = np.full((40, 80), 255, np.uint8)
    alpha[:, 40:] = 90
    alpha[10:20, 60:70] = 255
    hole = np.zeros_like(alpha, bool)
    hole[8:22, 58:72] = hole[8:22, 8:22] = True
    after = continued(alpha, hole)
    assert (after[8:22, 58:72] == 90).all()
    assert (after[8:22, 8:22] == 255).all()


def test_what_has_no_surroundings_stays() -> None:
    alpha = np.full((4, 4), 7, np.uint8)
    assert np.array_equal(continued(alpha, np.ones((4, 4), bool)), alpha)


@pytest.mark.parametrize("name", ["telea", "navier-stokes", "exemplar"])
def test_no_fill_is_computed_from_hidden_colours(name: str) -> None:
    """Whatever lies under opacity 0, the fill is the same."""
    spec = registry.find(name)
    fills = []
    for hidden in (PERSON, (0, 0, 0), (13, 240, 90)):
        rgba, _ = cut_out(96, 128, hidden)
        hole = np.zeros((96, 128), bool)
        hole[40:60, 34:50] = True  # half before the scene, half before nothing
        rgba[hole] = (*PERSON, 255)
        removal = Removal(np.ascontiguousarray(rgba[..., :3]), hole, alpha=rgba[..., 3], options={})
        result = remove(removal, Filler(spec, spec.create(Settings()), spec.make_options({})))
        assert result.changed_known == 0
        assert np.array_equal(result.image[~result.mask], rgba[~result.mask, :3])
        fills.append(result.image[result.mask])
    assert np.array_equal(fills[0], fills[1])
    assert np.array_equal(fills[0], fills[2])


def test_a_backend_is_told_what_is_hidden() -> None:
    seen_by: list[Window] = []

    class Looks:
        def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
            seen_by.append(window)
            progress(1.0)
            return window.image

    rgba, figure = cut_out()
    spec = BackendSpec("looks", "Looks", "", "tests:none")
    rgb = np.ascontiguousarray(rgba[..., :3])
    remove(Removal(rgb, figure, alpha=rgba[..., 3]), Filler(spec, Looks(), Options()))
    (window,) = seen_by
    assert window.avoid is not None
    hidden = ~window.mask & window.avoid
    assert hidden.sum() > 500
    assert (window.image[hidden] != PERSON).any(axis=1).mean() > 0.99
