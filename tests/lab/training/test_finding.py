"""The finder's training: scenes, who answers for what, losses, and that it learns."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError
from inpaint_app.lab.objectives import finding
from inpaint_app.lab.objectives.assign import assign, iou
from inpaint_app.lab.objectives.compose import Composer
from inpaint_app.lab.objectives.street import Labelled, Street, load_street
from inpaint_app.lab.training.history import plot
from inpaint_app.lab.training.loop import Plan, Trainer
from inpaint_app.lab.training.recipes import find

SQUARE = np.array([[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]], np.float32)


def street(count: int = 8) -> Street:
    """Grey noise with a red square each, called a car; every photo is trained on and kept back."""
    rng = np.random.default_rng(0)
    photos = rng.integers(90, 130, (count, 64, 64, 3), dtype=np.uint8)
    photos[:, 19:45, 19:45] = (220, 30, 30)
    every = np.arange(count)
    objects = [(Labelled(2, 0.9, SQUARE),)] * count
    return Street(photos, objects, every, every[:0], every)


def test_iou_by_hand() -> None:
    one = torch.tensor([0.0, 0.0, 4.0, 4.0])
    assert float(iou(one, torch.tensor([2.0, 0.0, 6.0, 4.0]))) == pytest.approx(8 / 24)
    assert float(iou(one, one, complete=True)) == pytest.approx(1.0, abs=1e-5)
    apart = torch.tensor([6.0, 0.0, 10.0, 4.0])
    # No overlap, centres 6 apart, the hull's diagonal squared is 116, the same shape.
    assert float(iou(one, apart, complete=True)) == pytest.approx(-36 / 116, abs=1e-5)


def test_places_inside_an_object_answer_for_it_and_the_better_fit_more() -> None:
    points = torch.tensor([[4.0, 4.0], [12.0, 4.0], [28.0, 28.0]])
    strides = torch.full((3,), 8.0)
    truth = torch.tensor([[[0.0, 0.0, 16.0, 8.0], [0.0, 0.0, 0.0, 0.0]]])
    placed = torch.tensor([[[0.0, 0.0, 16.0, 8.0], [0.0, 0.0, 12.0, 8.0], [0.0, 0.0, 16.0, 8.0]]])
    scores = torch.full((1, 3, 2), 0.5)
    given = assign(
        scores, placed, points, strides, torch.tensor([[1, 0]]), truth, torch.tensor([[True, False]])
    )
    assert given.positive.tolist() == [[True, True, False]], "the third lies outside"
    assert given.owner[0, :2].tolist() == [0, 0]
    assert float(given.quality[0, 0]) == pytest.approx(1.0)
    assert 0 < float(given.quality[0, 1]) < float(given.quality[0, 0])


def test_edges_loss_is_least_at_the_truth() -> None:
    far = torch.tensor([[2.25, 1.0, 3.0, 0.0]])
    exact = torch.full((1, 4, 16), -30.0)
    for edge, value in enumerate(far[0].tolist()):
        low = int(value)
        exact[0, edge, low] = np.log(1 - (value - low) + 1e-9)
        exact[0, edge, low + 1] = np.log(value - low + 1e-9)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / 4
    assert float(finding._edges(exact, far)[0]) == pytest.approx(entropy, abs=1e-3)
    assert float(finding._edges(torch.zeros(1, 4, 16), far)[0]) == pytest.approx(np.log(16))


def test_scenes_depend_on_the_seed_alone_and_cover_their_objects() -> None:
    composer = Composer(street(), 64)
    for seed in range(12):
        one, same = (composer.make(np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(one.image, same.image)
        assert one.kinds == same.kinds
        assert one.image.shape == (64, 64, 3)
        batch = finding.packed([one])
        for kind, weight, box, mask in zip(*(part[0] for part in batch[1:]), strict=True):
            if weight > 0:
                assert kind == 2
                left, top, right, bottom = box.tolist()
                assert max(right - left, bottom - top) >= 6
                assert mask.max() > 0
                cells = torch.nonzero(mask > 0.9)
                assert (cells[:, 1] * 4 >= left - 4).all()
                assert (cells[:, 0] * 4 <= bottom + 4).all()


def test_a_pasted_object_hides_what_is_behind_it() -> None:
    composer = Composer(street(), 64)
    rng = np.random.default_rng(3)
    scene = composer.view(0, np.array([[1, 0, 0], [0, 1, 0]], np.float32))
    pasted = composer._paste(scene, rng)
    assert len(pasted.masks) == 2
    assert not np.minimum(pasted.masks[0], pasted.masks[1]).any(), "no pixel belongs to two objects"


def test_it_overfits_eight_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = dataclasses.replace(
        find("finder").network,
        arguments={"classes": 6, "widths": [8, 12, 16, 24, 32], "depths": [1, 1, 1, 1], "head": 16},
    )
    recipe = dataclasses.replace(
        find("finder"), network=network, size=64, photo_size=64, batch=8, warmup=10, average=0.9
    )
    monkeypatch.setattr("inpaint_app.lab.objectives.compose.weathered", lambda image, rng: image)
    torch.set_num_threads(1)
    plan = Plan(
        tmp_path / "run", tmp_path, steps=120, precision="fp32", record_every=20, cpu=True, quiet=True
    )
    trainer = Trainer(recipe, plan, street())
    trainer.run()
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    scored = [line for line in lines if "validation_ap50_car" in line][-1]
    assert scored["validation_ap50_car"] > 0.9
    assert scored["validation_ap50_person"] == 0.0
    assert (tmp_path / "run" / "samples.png").exists()
    plot([tmp_path / "run"], tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_labels_are_read_and_what_is_amiss_is_named(tmp_path: Path) -> None:
    tar = tmp_path / "photos.tar"
    with tarfile.open(tar, "w") as archive:
        for name in ("a.webp", "b.webp"):
            data = io.BytesIO()
            PillowImage.new("RGB", (20, 20)).save(data, "WEBP")
            member = tarfile.TarInfo(f"scenes/{name}")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
    labels = tmp_path / "labels.json"
    labels.write_text(
        json.dumps({"a.webp": [["car", 0.5, [0, 0, 1, 0, 1, 1]], ["ship", 0.9, [0, 0, 1, 0, 1, 1]]]})
    )
    known = load_street([tar], labels, 20)
    assert [len(objects) for objects in known.objects] == [1, 0], "only people and vehicles"
    assert known.objects[0][0].weight == 0.5
    assert len(known.shown) + len(known.held) == 1
    with pytest.raises(OptionError, match="--labels"):
        load_street([tar], None, 20)
    labels.write_text("[]")
    with pytest.raises(OptionError, match="cannot be read"):
        load_street([tar], labels, 20)
    labels.write_text("{}")
    with pytest.raises(OptionError, match="do not belong together"):
        load_street([tar], labels, 20)
