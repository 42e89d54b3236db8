"""The public Python API, pinned: what is here stays, and importing it costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import inpaint_app
from inpaint_app.removal import api
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.types import Image, Mask
from tests.toys import FINDER

PUBLIC = {
    "BackendError", "Box", "Cancelled", "CheckpointError", "Image", "InpaintError", "Instance", "Request", "Mask",
    "MaskError", "MissingError", "MissingPackage", "MissingWeights", "NothingFound", "OptionError", "Result",
    "Photo", "PhotoError", "PhotoTooLarge", "Progress", "SaveError", "Saved", "Session",
    "UnreadablePhoto", "detect", "load", "prove", "remove", "save", "select",
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path, image: Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(segmenters, "SEGMENTERS", (FINDER,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    image = image.copy()
    image[0, 0] = 255
    path = tmp_path / "p.png"
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    api.session.cache_clear()
    yield path
    api.session().release()


def test_the_public_names_are_these() -> None:
    assert set(inpaint_app.__all__) == PUBLIC
    assert set(dir(inpaint_app)) == PUBLIC
    for name in PUBLIC:
        assert getattr(inpaint_app, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        inpaint_app.nothing  # noqa: B018


def test_the_arguments_are_these() -> None:
    def names(function: object) -> list[str]:
        return list(inspect.signature(function).parameters)  # type: ignore[arg-type]

    assert names(inpaint_app.load) == ["source", "name", "frame"]
    assert names(inpaint_app.detect) == ["photo", "segmenter", "confidence", "progress"]
    assert names(inpaint_app.remove) == [
        "photo", "mask", "objects", "instances", "backend", "grow", "feather", "segmenter", "confidence",
        "candidates", "belongings", "shadows", "shots", "everything_that_moves", "from_motion", "invert_mask",
        "stretch_mask", "letterbox_mask", "mask_as_is", "progress", "options",
    ]  # fmt: skip
    assert names(inpaint_app.save) == ["photo", "result", "target", "format", "exact", "mark_edited"]


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = "import sys, inpaint_app; print(sorted({'numpy', 'cv2', 'torch', 'PIL', 'gradio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_load_detect_remove_save(file: Path, tmp_path: Path) -> None:
    photo = inpaint_app.load(file)
    found = inpaint_app.detect(photo)
    assert [one.label for one in found] == ["person", "dog"]
    result = inpaint_app.remove(photo, objects="people", backend="telea")
    saved = inpaint_app.save(photo, result, tmp_path / "clean.png")
    assert saved.report.changed_pixels_outside == 0
    again = inpaint_app.load(saved.path)
    assert np.array_equal(again.rgb[~result.mask], photo.rgb[~result.mask])
    assert not np.array_equal(again.rgb, photo.rgb)
    assert inpaint_app.load(file.read_bytes(), name="x").sha256 == photo.sha256


def test_masks_of_every_kind_and_given_finds_mean_the_same(file: Path, mask: Mask, tmp_path: Path) -> None:
    photo = inpaint_app.load(file)
    drawn = mask.astype(np.uint8) * 255
    (tmp_path / "m.png").write_bytes(cv2.imencode(".png", drawn)[1].tobytes())
    results = [
        inpaint_app.remove(source, given, backend="telea", grow=2).image
        for source in (photo, photo.rgb)
        for given in (mask, drawn, np.dstack([drawn] * 3), tmp_path / "m.png", str(tmp_path / "m.png"))
    ]
    assert all(np.array_equal(results[0], other) for other in results)
    dog = inpaint_app.detect(photo)[1]
    by_find = inpaint_app.remove(photo, mask, instances=[dog], backend="telea", grow=0)
    assert np.array_equal(by_find.mask, mask | dog.full_mask(mask.shape))


def test_what_is_pointed_at_becomes_an_outline_that_can_be_removed(file: Path) -> None:
    photo = inpaint_app.load(file)
    found = inpaint_app.detect(photo)
    assert inpaint_app.select(photo, at=(10, 15), found=found) is found[0]
    ways = ({"at": (30, 30)}, {"box": (20, 10, 40, 30)}, {"scribble": [(20, 20), (40, 30)], "width": 8})
    for way in ways:
        one = inpaint_app.select(photo, **way)  # type: ignore[arg-type]
        assert one.mask.any()
    assert inpaint_app.remove(photo, instances=[one], backend="telea").mask[one.box.slices][one.mask].all()
    with pytest.raises(inpaint_app.OptionError, match="at, box or scribble"):
        inpaint_app.select(photo)


def test_the_name_of_the_target_decides_the_format(file: Path, mask: Mask, tmp_path: Path) -> None:
    photo = inpaint_app.load(file)
    result = inpaint_app.remove(photo, mask, backend="telea")
    assert inpaint_app.save(photo, result, tmp_path / "x.webp").report.format == "WEBP"
    assert inpaint_app.save(photo, result, tmp_path / "x").report.format == "PNG"
    with pytest.raises(inpaint_app.SaveError, match="xyz"):
        inpaint_app.save(photo, result, tmp_path / "x.xyz")


def test_options_go_to_the_backend_and_errors_come_from_one_tree(file: Path, mask: Mask) -> None:
    photo = inpaint_app.load(file)
    assert inpaint_app.remove(photo, mask, backend="telea", radius=9, seed=2).options.seed == 2
    for wrong in ({"backend": "nope"}, {"backend": "telea", "speed": 2}, {"objects": ["unicorn"]}):
        with pytest.raises(inpaint_app.OptionError):
            inpaint_app.remove(photo, mask, **wrong)  # type: ignore[arg-type]
    with pytest.raises(inpaint_app.InpaintError):
        inpaint_app.remove(photo, backend="telea")


def test_of_several_candidates_the_best_comes_back(file: Path, mask: Mask) -> None:
    photo = inpaint_app.load(file)
    request = inpaint_app.Request(mask, backend="patchmatch", candidates=3)
    expected = inpaint_app.Session().run(photo.rgb, request)
    result = inpaint_app.remove(photo, mask, backend="patchmatch", candidates=3)
    assert len(result.candidates) == 3
    assert np.array_equal(result.image, expected.image)


def test_what_is_best_for_this_photo_can_be_measured(file: Path) -> None:
    photo = inpaint_app.load(file)
    mask = np.zeros((48, 64), dtype=bool)
    mask[22:28, 40:48] = True
    proof = inpaint_app.prove(photo, mask, backends=("telea", "navier-stokes"), count=2, grow=1)
    assert {standing.backend for standing in proof.standings} == {"telea", "navier-stokes"}
    assert [patch.backend for patch in proof.patches] == ["telea", "navier-stokes"] * 2
    found = inpaint_app.detect(photo)
    objects = found[0].full_mask((48, 64)) | found[1].full_mask((48, 64))
    for patch in proof.patches:
        assert not (patch.mask & (mask | objects)).any(), "it lies on the hole or on an object"
        assert patch.score is not None


def test_the_name_of_0_1_still_means_a_request() -> None:
    with pytest.warns(DeprecationWarning, match="Request"):
        assert inpaint_app.Job is inpaint_app.Request
