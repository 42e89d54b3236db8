"""What the shadow's network learns from: made views, real photos with labelled shadows; and that it learns."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError
from inpaint_app.lab.objectives import shading
from inpaint_app.lab.objectives.casting import Cast, Caster
from inpaint_app.lab.training.loop import Plan, Trainer
from inpaint_app.lab.training.recipes import find
from inpaint_app.segmenters.parts.shadow_network import PLANES, SHAPE
from tests.lab.training.test_finding import street


def made(count: int) -> list[Cast]:
    caster = Caster(street())
    return [caster.make(np.random.default_rng([5, at])) for at in range(count)]


def test_a_made_shadow_lies_on_free_ground_and_depends_on_the_seed_alone() -> None:
    views = made(24)
    for one, again in zip(views, made(24), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
        assert not (one.weight * (np.maximum(one.own, one.others) > 0.5)).any(), "what is found is no ground"
        assert not one.weight[one.valid == 0].any()
        assert np.isfinite(one.weight).all()
    cast = [bool((one.target * one.weight).sum() > 20) for one in views]
    assert any(cast)
    assert not all(cast), "some cast nothing"


def test_ground_in_a_made_shadow_is_darker_than_beside() -> None:
    darker = []
    for one in made(40):
        inside = (one.target * one.weight) > 0.9
        beside = (one.target == 0) & (one.weight > 0.9)
        if inside.sum() > 60 and beside.any():
            darker.append(one.photo[inside].mean() < one.photo[beside].mean())
    assert np.mean(darker) > 0.7


def shadowed(folder: Path) -> Path:
    """A lawn with two posts; the left one's shadow touches nobody else."""
    numbers, shadow = np.zeros((80, 120), np.uint8), np.zeros((80, 120), np.uint8)
    numbers[20:50, 30:36], numbers[20:50, 90:96] = 1, 2
    shadow[46:50, 36:60] = 255
    photo = np.full((80, 120, 3), 150, np.uint8)
    photo[shadow > 0], photo[numbers > 0] = 90, 40
    (folder / "lawn").mkdir(parents=True)
    for name, array in (("photo", photo), ("objects", numbers), ("shadow", shadow)):
        PillowImage.fromarray(array).save(folder / "lawn" / f"{name}.png")
    return folder


def test_a_labelled_shadow_is_its_object_s_alone(tmp_path: Path) -> None:
    (photo,) = shading.load_shadowed(shadowed(tmp_path))
    assert [one.number for one in photo.objects] == [1, 2]
    assert (photo.owner[46:50, 36:60] == 1).all()
    cast = [float(shading.real((photo,), np.random.default_rng(at)).target.sum()) for at in range(12)]
    assert min(cast) == 0, "the right post casts none"
    assert max(cast) > 50


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="holds no photo with objects"):
        shading.load_shadowed(tmp_path)


def test_it_learns(tmp_path: Path) -> None:
    recipe = find("shadow")
    network = dataclasses.replace(recipe.network, arguments={"widths": [8, 12, 16, 24]})
    recipe = dataclasses.replace(
        recipe, network=network, batch=8, warmup=5, settings={"dice": 0.5, "real": 1.0}
    )
    photos = dataclasses.replace(street(), shadowed=shading.load_shadowed(shadowed(tmp_path / "real")))
    torch.set_num_threads(1)
    plan = Plan(tmp_path / "run", tmp_path, steps=40, precision="fp32", record_every=10, cpu=True, quiet=True)
    Trainer(recipe, plan, photos).run()
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    entropy = [line["entropy"] for line in lines if "entropy" in line]
    assert entropy[-1] < 0.7 * entropy[0]
    assert (tmp_path / "run" / "samples.png").exists()


def test_planes_hold_light_and_outlines() -> None:
    batch = shading.packed(made(2))
    assert batch.photo.shape == (2, PLANES, *SHAPE)
    assert batch.target.shape == batch.weight.shape == (2, 1, *SHAPE)
