"""Every score against a second implementation, or against a value worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skimage.metrics

from inpaint_app.errors import MaskError, OptionError, PhotoError
from inpaint_app.metrics import deep, structure
from inpaint_app.metrics.full_reference import NAMES, scores, total_variation, unavailable
from inpaint_app.models import torchvision_ops
from inpaint_app.types import Image, Mask


def pair(height: int, width: int, seed: int = 0) -> tuple[Image, Image, Mask]:
    """A smooth image with edges, a version that is wrong in a hole, and the hole."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    wave = 90 + 60 * np.sin(columns / 5) + 40 * np.cos(rows / 7)
    truth = np.stack([wave, np.where(columns > width // 2, 220, 30), 255 - wave], 2) + rng.normal(
        0, 9, (height, width, 3)
    )
    truth = truth.clip(0, 255).astype(np.uint8)
    mask = np.zeros((height, width), dtype=bool)
    mask[height // 4 : height // 2 + 1, width // 4 : width // 2 + 1] = True
    result = truth.copy()
    result[mask] = (0.5 * truth[mask] + rng.integers(0, 110, (int(mask.sum()), 3))).astype(np.uint8)
    return truth, result, mask


def piq_of(name: str, truth: Image, result: Image, **options: object) -> float:
    torchvision_ops.provide()
    import piq
    import torch

    tensors = [
        torch.from_numpy(image.transpose(2, 0, 1)[None].copy()).float() / 255 for image in (truth, result)
    ]
    return float(getattr(piq, name)(*tensors, data_range=1.0, **options))


def test_errors_by_hand() -> None:
    truth = np.full((4, 5, 3), 100, dtype=np.uint8)
    mask = np.zeros((4, 5), dtype=bool)
    mask[1, 1:3] = True
    result = truth.copy()
    result[1, 1] = 151  # 51 = a fifth of 255, in one of the two hole pixels
    found = scores(truth, result, mask, names=("l1", "l2", "psnr"))
    assert found["hole"]["l1"] == pytest.approx(10.0)
    assert found["hole"]["l2"] == pytest.approx(2.0)
    assert found["hole"]["psnr"] == pytest.approx(10 * math.log10(50))
    assert found["image"]["l1"] == pytest.approx(1.0)
    assert found["image"]["l2"] == pytest.approx(0.2)


def test_sums_do_not_overflow_on_a_large_photo() -> None:
    truth = np.zeros((3000, 4000, 3), dtype=np.uint8)
    result = np.full_like(truth, 255)
    found = scores(truth, result, np.ones((3000, 4000), dtype=bool), names=("l1", "l2"))
    for place in ("hole", "image"):
        assert found[place] == pytest.approx({"l1": 100.0, "l2": 100.0})


def test_an_error_outside_the_hole_counts_only_for_the_image() -> None:
    truth = np.zeros((3, 3, 3), dtype=np.uint8)
    mask = np.eye(3, dtype=bool)
    result = truth.copy()
    result[0, 2] = 255
    found = scores(truth, result, mask, names=("l1", "psnr"))
    assert found["hole"] == {"l1": 0.0, "psnr": math.inf}
    assert found["image"]["l1"] == pytest.approx(100 / 9)


def test_total_variation_by_hand() -> None:
    image = np.zeros((2, 3, 3), dtype=np.uint8)
    image[:, 2] = 51
    # Four steps to the right, two of them a fifth of the range; three steps down, all 0.
    assert total_variation(image) == pytest.approx(100 * 0.2 / 2)
    mask = np.zeros((2, 3), dtype=bool)
    mask[0, 2] = True
    assert total_variation(image, mask) == pytest.approx(20.0)  # one step to the right touches the hole
    assert total_variation(image[:1, :1]) == 0.0


def test_total_variation_is_piq_s() -> None:
    torchvision_ops.provide()
    import piq
    import torch

    truth, _, _ = pair(20, 20)
    tensor = torch.from_numpy(truth.transpose(2, 0, 1)[None].copy()).float() / 255
    total = float(piq.total_variation(tensor, norm_type="l1"))
    assert total_variation(truth) == pytest.approx(100 * total / (3 * 20 * 19), rel=1e-5)


@pytest.mark.parametrize("size", [(11, 11), (40, 57), (64, 64)])
def test_ssim_is_scikit_image_s(size: tuple[int, int]) -> None:
    truth, result, _ = pair(*size)
    theirs = skimage.metrics.structural_similarity(
        truth,
        result,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=2,
        data_range=255,
    )
    assert structure.ssim_map(truth, result).mean() == pytest.approx(theirs, abs=2e-5)
    assert structure.ssim_map(truth, result).mean() == pytest.approx(
        piq_of("ssim", truth, result, downsample=False), abs=2e-5
    )


@pytest.mark.parametrize("size", [(16, 16), (17, 30), (48, 31), (96, 128)])
def test_haarpsi_is_piq_s(size: tuple[int, int]) -> None:
    truth, result, _ = pair(*size)
    assert structure.haarpsi(truth, result) == pytest.approx(piq_of("haarpsi", truth, result), abs=1e-4)


def test_scores_of_the_image_are_the_plain_ones() -> None:
    truth, result, mask = pair(90, 70)
    found = scores(truth, result, mask, names=("psnr", "ssim", "haarpsi", "fsim"))["image"]
    assert found["psnr"] == pytest.approx(skimage.metrics.peak_signal_noise_ratio(truth, result))
    assert found["ssim"] == pytest.approx(structure.ssim_map(truth, result).mean(), abs=1e-6)
    assert found["haarpsi"] == pytest.approx(piq_of("haarpsi", truth, result), abs=1e-4)
    assert found["fsim"] == pytest.approx(piq_of("fsim", truth, result), abs=1e-6)


def test_scores_of_the_hole_are_those_of_its_box_with_a_margin() -> None:
    truth, result, _ = pair(90, 90)
    mask = np.zeros((90, 90), dtype=bool)
    mask[30:50, 40:45] = True
    box = np.s_[14:66, 24:61]
    found = scores(truth, result, mask, names=("haarpsi", "ssim"))["hole"]
    assert found["haarpsi"] == pytest.approx(piq_of("haarpsi", truth[box], result[box]), abs=1e-4)
    assert found["ssim"] == pytest.approx(piq_of("ssim", truth[box], result[box], downsample=False), abs=2e-5)


def test_far_apart_holes_have_a_box_each_weighted_by_their_pixels() -> None:
    truth, result, _ = pair(40, 400)
    mask = np.zeros((40, 400), dtype=bool)
    mask[18:22, 30:34] = True
    mask[18:22, 350:362] = True
    left = piq_of("haarpsi", truth[2:38, 14:50], result[2:38, 14:50])
    right = piq_of("haarpsi", truth[2:38, 334:378], result[2:38, 334:378])
    found = scores(truth, result, mask, names=("haarpsi",))["hole"]["haarpsi"]
    assert found == pytest.approx((16 * left + 48 * right) / 64, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 9), (5, 5), (12, 300)])
def test_images_smaller_than_a_window(size: tuple[int, int]) -> None:
    truth, result, mask = pair(*size)
    found = scores(truth, result, mask, names=("ssim", "haarpsi", "ms-ssim", "fsim"))
    for values in found.values():
        assert set(values) == {
            "ssim",
            "haarpsi",
            "fsim",
        }  # 161 px are needed for ms-ssim: left out, not invented
        assert all(0 <= value < 1 for value in values.values())
    same = scores(truth, truth, mask, names=("ssim", "haarpsi", "l1"))
    assert same["hole"] == pytest.approx({"ssim": 1, "haarpsi": 1, "l1": 0}, abs=1e-4)


def test_ms_ssim_widens_the_hole_s_box_to_its_window() -> None:
    truth, result, _ = pair(200, 200)
    mask = np.zeros((200, 200), dtype=bool)
    mask[60:80, 0:10] = True
    found = scores(truth, result, mask, names=("ms-ssim",))
    crop = np.s_[0:161, 0:161]
    assert found["hole"]["ms-ssim"] == pytest.approx(
        piq_of("multi_scale_ssim", truth[crop], result[crop]), abs=1e-6
    )


def test_better_fills_score_better() -> None:
    truth, result, mask = pair(64, 64)
    halfway = ((truth.astype(int) + result) // 2).astype(np.uint8)
    near, far = (scores(truth, image, mask)["hole"] for image in (halfway, result))
    assert near["l1"] < far["l1"]
    assert near["l2"] < far["l2"]
    assert all(near[name] > far[name] for name in ("psnr", "ssim", "haarpsi"))


def test_lpips_says_what_it_lacks(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    truth, result, mask = pair(32, 32)
    assert "vgg16-397923af.pth" in unavailable()["lpips"]
    assert scores(truth, result, mask, names=("lpips", "l1"))["hole"].keys() == {"l1"}
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for name in deep.LPIPS_FILES:
        (folder / name).touch()
    assert unavailable(NAMES) == {}


def test_what_does_not_fit_is_refused() -> None:
    truth, result, mask = pair(20, 20)
    with pytest.raises(OptionError, match="'fid'"):
        scores(truth, result, mask, names=("fid",))
    with pytest.raises(PhotoError, match="result"):
        scores(truth, result[:10], mask)
    with pytest.raises(MaskError):
        scores(truth, result, np.zeros_like(mask))


def test_arguments_are_not_written() -> None:
    truth, result, mask = pair(40, 40)
    before = truth.copy(), result.copy(), mask.copy()
    scores(truth, result, mask)
    for now, then in zip((truth, result, mask), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("shape", [(200, 240), (201, 240), (200, 241), (201, 241)])
@pytest.mark.parametrize("corner", [(0, 0), (90, 101), (160, 200), (3, 199)])
def test_haarpsi_of_a_hole_is_the_same_whether_or_not_the_rest_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], corner: tuple[int, int]
) -> None:
    draw = np.random.default_rng(5)
    truth = draw.integers(0, 256, (*shape, 3), np.uint8)
    result = truth.copy()
    part = slice(corner[0], corner[0] + 41), slice(corner[1], corner[1] + 41)
    result[part] = draw.integers(0, 256, result[part].shape, np.uint8)
    cut_out = structure.haarpsi(truth, result)
    monkeypatch.setattr(structure, "WHOLE", 0.0)
    assert cut_out == pytest.approx(structure.haarpsi(truth, result), abs=1e-6)
    assert cut_out < 0.99
