"""Scores by hand, the retrieval baseline, and the way from a run to a shipped checkpoint."""

import dataclasses
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage
from safetensors.torch import load_file

from inpaint_app.errors import CheckpointError, OptionError
from inpaint_app.lab.training import recipes, state
from inpaint_app.lab.training.__main__ import parser
from inpaint_app.lab.training.command import run
from inpaint_app.lab.training.export import export
from inpaint_app.lab.training.loop import Plan, Trainer
from inpaint_app.lab.training.recipe import Part, Recipe
from inpaint_app.lab.training.retrieval import NearestNeighbour
from inpaint_app.lab.training.validate import filler, main, measure, score
from inpaint_app.models import checkpoints
from inpaint_app.settings import Settings

TINY = Recipe(
    "tiny",
    "for tests",
    Part(
        "inpaint_app.models.context_encoder:ContextEncoder", {"size": 16, "widths": [4, 8], "bottleneck": 8}
    ),
    critics={"critic": Part("inpaint_app.models.context_encoder:Discriminator", {"size": 16, "widths": [4]})},
    adversarial_weight=0.01,
    size=16,
    photo_size=18,
    batch=4,
    warmup=2,
)


def photos(count: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 18, 18, 3), dtype=np.uint8)


def plan(out: Path, steps: int, **changes: object) -> Plan:
    base = Plan(out, out, steps=steps, precision="fp32", holes=16, record_every=2, cpu=True, quiet=True)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def test_scores_by_hand() -> None:
    truths = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    fills = truths.copy()
    masks = np.zeros((2, 4, 4), dtype=bool)
    masks[:, :2] = True
    fills[0, :2], fills[1, :2] = 51, 5  # a fifth and a fifty-first of the range
    fills[:, 2:] = 255  # known pixels do not count
    got = score(fills, truths, masks)
    assert got["l1"] == pytest.approx(50 * (0.2 + 1 / 51))
    assert got["l2"] == pytest.approx(50 * (0.04 + 1 / 51**2))
    assert got["psnr"] == pytest.approx((-20 * math.log10(0.2) + 20 * math.log10(51)) / 2)
    assert got["psnr_pooled"] == pytest.approx(-10 * math.log10((0.04 + 1 / 51**2) / 2))


def test_the_nearest_photo_is_found_also_mirrored() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)
    library = coarse.repeat(8, 1).repeat(8, 2)
    mask = np.zeros((48, 48), dtype=bool)
    mask[12:30, 12:36] = True
    search = NearestNeighbour(library)
    for truth in (library[17], library[17][:, ::-1]):
        blanked = truth.copy()
        blanked[mask] = 127
        assert np.array_equal(search.inpaint(blanked, mask), truth)


def test_measuring_puts_known_pixels_back() -> None:
    truths = photos(3)
    masks = np.zeros((3, 18, 18), dtype=bool)
    masks[:, 5:12, 4:13] = True
    scores, fills = measure(lambda image, mask: np.full_like(image, 255), truths, masks)
    assert np.array_equal(fills[~masks], truths[~masks])
    assert (fills[masks] == 255).all()
    assert scores["seconds"] >= 0
    perfect, _ = measure(lambda image, mask: truths[0], truths[:1], masks[:1])
    assert perfect["haarpsi"] == pytest.approx(1.0)


def test_mean_colour_ignores_the_hole() -> None:
    image = np.full((8, 8, 3), 10, dtype=np.uint8)
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:5, 2:5] = True
    image[mask] = 200
    assert (filler("mean", None, Settings())(image, mask) == 10).all()
    with pytest.raises(OptionError, match="no backend"):
        filler("nothing", None, Settings())


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two steps whose recipe is known."""
    monkeypatch.setattr(recipes, "RECIPES", (*recipes.RECIPES, TINY))
    Trainer(TINY, plan(tmp_path / "run", 2), photos(), lambda objective: {"psnr": 12.0}).run()
    return tmp_path / "run"


def test_a_run_is_shipped(trained: Path, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    export(trained, shipped)
    export(trained, shipped, "critic", "tiny-critic")
    network = checkpoints.create("tiny", shipped)
    averaged, _ = state.load(trained / "network.safetensors")
    for name, value in network.state_dict().items():
        assert torch.allclose(value.float(), averaged[name].float(), atol=1e-3)
    assert checkpoints.create("tiny-critic", shipped) is not None
    known = checkpoints.entry("tiny", shipped)
    assert known.training["images"] == 8
    assert known.training["validation_psnr_200"] == 12.0
    assert (shipped / "tiny.safetensors").stat().st_size < 2.5 * sum(
        p.numel() for p in network.parameters()
    ) + 6000
    with pytest.raises(OptionError, match="no module 'judge'"):
        export(trained, shipped, "judge")


def test_a_run_that_began_with_shipped_weights_counts_them_and_may_be_their_mean(
    trained: Path, tmp_path: Path
) -> None:
    shipped, network = tmp_path / "shipped", trained / "network.safetensors"
    with pytest.raises(OptionError, match="no entry 'tiny'"):
        export(trained, shipped, after="tiny")
    first = load_file(export(trained, shipped))
    Trainer(TINY, plan(tmp_path / "next", 3, start=network, seed=5), photos()).run()
    second, _ = state.load(tmp_path / "next" / "network.safetensors")
    mean = load_file(export(tmp_path / "next", shipped, after="tiny", mean=True))
    for name, value in mean.items():
        if value.is_floating_point():
            assert torch.allclose(value.float(), (first[name].float() + second[name]) / 2, atol=2e-3)
    training = tomllib.loads((shipped / "manifest.toml").read_text())["tiny"]["training"]
    assert (training["steps"], training["images"], training["mean_of_both"]) == (5, 20, True)
    with pytest.raises(OptionError, match="--after"):
        export(trained, shipped, mean=True)


@pytest.mark.parametrize("name", ["encoder.1.1.running_var", "last.bias"])
def test_a_variance_too_large_for_fp16_is_shipped_as_it_is_and_nothing_else(
    trained: Path, tmp_path: Path, name: str
) -> None:
    tensors, about = state.load(trained / "state.safetensors")
    large = torch.full_like(tensors[f"average.{name}"], 9e4)
    state.save(tmp_path / "run" / "state.safetensors", tensors | {f"average.{name}": large}, about)
    (tmp_path / "run" / "history.jsonl").write_text("")
    if name == "last.bias":
        with pytest.raises(CheckpointError, match="does not fit into fp16"):
            export(tmp_path / "run", tmp_path / "shipped")
        return
    shipped = load_file(export(tmp_path / "run", tmp_path / "shipped"))
    assert torch.equal(shipped[name], large)
    assert shipped["last.bias"].dtype == torch.float16


UPON = Recipe(
    "tiny-upon",
    "for tests",
    Part(
        "inpaint_app.models.detail_attention:DetailAttention",
        {"width": 4, "encoder": TINY.network.arguments},
    ),
    size=16,
    photo_size=18,
    batch=4,
    warmup=0,
    settings={"coarse": 0.0},
    held={"coarse": "tiny"},
)
HALF = dataclasses.replace(
    UPON, name="tiny-half", network=TINY.network, held={"encoder": "tiny/encoder"}, settings={}
)
STAGE = dataclasses.replace(HALF, name="tiny-stage", held={"encoder.0": "tiny/encoder.0"})


@pytest.mark.parametrize(
    ("recipe", "part", "learned"),
    [(UPON, "coarse", "weigh.2.bias"), (HALF, "encoder", "last.bias"), (STAGE, "encoder.0", "last.bias")],
)
def test_what_is_learned_on_top_of_shipped_weights_ships_without_them(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe, part: str, learned: str
) -> None:
    shipped = tmp_path / "shipped"
    whole = load_file(export(trained, shipped))
    theirs = checkpoints.under("" if recipe is UPON else part, whole)
    monkeypatch.setattr(recipes, "RECIPES", (*recipes.RECIPES, recipe))
    trainer = Trainer(recipe, plan(tmp_path / "upon", 3, sample_every=0.0, checkpoints=shipped), photos())
    before = trainer.objective.modules["network"].state_dict()[learned].clone()
    trainer.run()
    own = load_file(export(tmp_path / "upon", shipped))
    assert own
    if recipe is not UPON:  # the mean of what was learned alone: the rest is the same in both
        mean = load_file(export(tmp_path / "upon", shipped, after="tiny", mean=True))
        assert mean.keys() == own.keys()
        middle = (own["last.bias"].float() + whole["last.bias"].float()) / 2
        assert torch.allclose(mean["last.bias"].float(), middle, atol=2e-3)
        export(tmp_path / "upon", shipped)
    assert not any(name.startswith(f"{part}.") for name in own)
    network = checkpoints.create(recipe.name, shipped).state_dict()
    for name, value in theirs.items():
        assert torch.equal(network[f"{part}.{name}"], value.to(network[f"{part}.{name}"].dtype)), name
    assert not torch.allclose(network[learned], before, atol=1e-6), "the rest has learned"
    Trainer(TINY, plan(tmp_path / "again", 4), photos()).run()
    export(tmp_path / "again", shipped)
    assert not checkpoints.available(recipe.name, shipped)
    with pytest.raises(CheckpointError, match="is not 'tiny"):
        export(tmp_path / "upon", shipped)
    start = tmp_path / "upon" / "network.safetensors"
    begun = Trainer(recipe, plan(tmp_path / "more", 1, start=start, checkpoints=shipped), photos())
    held = begun.objective.modules["network"].get_submodule(part).state_dict()
    shipped_now = checkpoints.under("" if recipe is UPON else part, load_file(shipped / "tiny.safetensors"))
    assert all(torch.equal(held[name], value.to(held[name].dtype)) for name, value in shipped_now.items())


def test_training_begins_with_given_weights(trained: Path, tmp_path: Path) -> None:
    begun = Trainer(TINY, plan(tmp_path / "next", 2, start=trained / "network.safetensors"), photos())
    averaged, _ = state.load(trained / "network.safetensors")
    own = begun.objective.modules["network"].state_dict()
    assert all(torch.equal(own[name], averaged[name]) for name in averaged)
    other = dataclasses.replace(
        TINY, network=dataclasses.replace(TINY.network, arguments={"size": 16, "widths": [4]})
    )
    with pytest.raises(CheckpointError, match="does not fit"):
        Trainer(other, plan(tmp_path / "third", 2, start=trained / "network.safetensors"), photos())


def test_the_command_trains_resumes_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipes, "RECIPES", (*recipes.RECIPES, TINY))
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, photo in enumerate(photos(6)):
        PillowImage.fromarray(photo).save(folder / f"{number}.png")
    common = ["tiny", "--data", str(folder), "--out", str(tmp_path / "run"), "--precision", "fp32", "--cpu"]
    assert run(parser.parse_args([*common, "--steps", "2", "--validate", str(folder)]), Settings()) == 0
    assert "step 2, 8 images" in capsys.readouterr().err
    assert run(parser.parse_args([*common, "--steps", "4", "--quiet"]), Settings()) == 2
    assert "--resume" in capsys.readouterr().err
    assert run(parser.parse_args([*common, "--steps", "4", "--resume"]), Settings()) == 0
    drawn = ["--plot", str(tmp_path / "run"), "--out", str(tmp_path / "c.png")]
    assert run(parser.parse_args(drawn), Settings()) == 0
    assert (tmp_path / "c.png").stat().st_size > 1000
    assert run(parser.parse_args(["tiny"]), Settings()) == 2
    assert "--data" in capsys.readouterr().err


def test_the_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(2):
        PillowImage.fromarray(photos(2)[number].repeat(10, 0).repeat(10, 1)).save(tmp_path / f"{number}.png")
    sheet = tmp_path / "out" / "sheet.png"
    sheet.parent.mkdir()
    arguments = ["--data", str(tmp_path), "--fillers", "mean,telea", "--holes", "centre", "--size", "64"]
    assert main([*arguments, "--sheet", str(sheet)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line][-2:] == ["mean", "telea"]
    assert (sheet.parent / "sheet-centre.png").exists()


def test_what_restores_is_shown_a_mosaic_and_everything_else_a_blank() -> None:
    truths = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    masks = np.zeros((1, 16, 16), bool)
    masks[:, 4:12, 4:12] = True
    seen: list[np.ndarray] = []

    def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        seen.append(image)
        return image

    measure(fill, truths, masks)
    measure(fill, truths, masks, 4)
    assert (seen[0][4:12, 4:12] == 127).all()
    means = truths[0, 4:8, 4:8].reshape(-1, 3).mean(0)
    assert np.abs(seen[1][4:8, 4:8].astype(float) - means).max() <= 0.5
    assert np.array_equal(seen[1][~masks[0]], truths[0][~masks[0]])
