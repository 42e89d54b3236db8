"""SSIM and HaarPSI on uint8 images with OpenCV: the two window-based scores that every comparison shows.

piq and scikit-image have them too, and the tests hold these to both. They are written out here because piq's need
torch and cost 0.19 s (HaarPSI) and 0.39 s (SSIM) for a 512×512 photo on two cores, where the fastest fill costs 0.05 s.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image

Floats: TypeAlias = NDArray[np.float32]
Span: TypeAlias = tuple[int, int]

SSIM_WINDOW = 11
HAARPSI_WINDOW = 16
"""Pixels of the photo that the coarsest Haar filter spans: 8 after halving."""

REACH = 8
"""Halved pixels from which a difference may act on a place of a map, with some to spare."""

WHOLE = 0.4
"""A part larger than this share of the image is not cut out."""

BAND = 32
"""Rows of a map that are worked on at once: what fits into the processor's cache is twice as fast."""

_YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]], dtype=np.float32
)
_SIGMA = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_ALPHA, _C = 4.2, 30.0


def ssim_map(truth: Image, result: Image) -> Floats:
    """Structural similarity of every 11×11 window (Wang et al. 2004): Gaussian of 1.5 px, mean over the channels.

    Both are (H, W, 3) uint8 with H, W >= 11; the map is (H - 10, W - 10), whole windows only. No downsampling, as
    scikit-image has it with gaussian_weights=True, sigma=1.5, use_sample_covariance=False.
    """
    reach = SSIM_WINDOW - 1
    height, width = truth.shape[0] - reach, truth.shape[1] - reach
    found = np.empty((height, width), dtype=np.float32)
    for start in range(0, height, BAND):
        rows = slice(start, min(height, start + BAND) + reach)
        found[start : start + BAND] = _ssim_band(truth[rows], result[rows])
    return found


def _ssim_band(truth: Image, result: Image) -> Floats:
    x, y = truth.astype(np.float32), result.astype(np.float32)
    mean_x, mean_y = _blurred(x), _blurred(y)
    product = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    both = _blurred(x * x + y * y) - squares
    shared = _blurred(x * y) - product
    similarity = (2 * product + _C1) * (2 * shared + _C2) / ((squares + _C1) * (both + _C2))
    return np.asarray(similarity.mean(axis=2), dtype=np.float32)


def _blurred(image: Floats) -> Floats:
    rim = SSIM_WINDOW // 2
    blurred = cv2.GaussianBlur(image, (SSIM_WINDOW, SSIM_WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred[rim:-rim, rim:-rim], dtype=np.float32)


def haarpsi(truth: Image, result: Image) -> float:
    """Haar wavelet-based perceptual similarity, 0..1, 1 = alike (Reisenhofer, Bosse, Kutyniok & Wiegand 2018).

    Both are (H, W, 3) uint8 with H, W >= 16. Constants C = 30 and alpha = 4.2 and the halving before are the
    authors'; borders are zero-padded as in their code and in piq.
    """
    height, width = (-(-side // 2) for side in truth.shape[:2])
    left, above, wide, high = cv2.boundingRect(cv2.absdiff(truth, result).reshape(len(truth), -1))
    if not high:
        return 1.0
    # Only what lies around a difference is compared; elsewhere the likeness is 1, and weighs as the truth alone says.
    rows = max(0, above // 2 - REACH), min(height, (above + high) // 2 + 1 + REACH)
    columns = (
        max(0, left // 6 - REACH),
        min(width, (left + wide) // 6 + 1 + REACH),
    )  # of 2 pixels of 3 channels
    if (rows[1] - rows[0]) * (columns[1] - columns[0]) > WHOLE * height * width:
        rows, columns = (0, height), (0, width)
    top, bottom = _compared(truth, result, rows, columns)
    if (rows, columns) != ((0, height), (0, width)):
        rest = _weight(truth, rows, columns)
        top, bottom = top + rest * float(_sigmoid(np.ones(1, np.float32))[0]), bottom + rest
    tiny = float(np.finfo(np.float32).eps)
    score = (top + tiny) / (bottom + tiny)
    return float((np.log(score / (1 - score)) / _ALPHA) ** 2) if score < 1 else 1.0


def _compared(truth: Image, result: Image, rows: Span, columns: Span) -> tuple[float, float]:
    """The weighted likeness and the weight of a part, given in halved pixels."""
    near = [(max(0, first - REACH), last + REACH) for first, last in (rows, columns)]
    crop = tuple(slice(2 * first, 2 * last) for first, last in near)
    inner = tuple(
        slice(span[0] - first, span[1] - first)
        for span, (first, _) in zip((rows, columns), near, strict=True)
    )
    luma_x, chroma_x = _halved_yiq(truth[crop])
    luma_y, chroma_y = _halved_yiq(result[crop])
    top = bottom = 0.0
    weights = []
    for upright in (True, False):
        bands_x = [_haar(luma_x, size, upright)[inner] for size in (2, 4, 8)]
        bands_y = [_haar(luma_y, size, upright)[inner] for size in (2, 4, 8)]
        weight = np.maximum(bands_x[2], bands_y[2])
        local = (_similarity(bands_x[0], bands_y[0]) + _similarity(bands_x[1], bands_y[1])) / 2
        top += float((_sigmoid(local) * weight).sum(dtype=np.float64))
        bottom += float(weight.sum(dtype=np.float64))
        weights.append(weight)
    weight = (weights[0] + weights[1]) / 2
    local = np.asarray(_similarity(chroma_x[inner], chroma_y[inner]).mean(axis=2), dtype=np.float32)
    top += float((_sigmoid(local) * weight).sum(dtype=np.float64))
    return top, bottom + float(weight.sum(dtype=np.float64))


def _weight(truth: Image, rows: Span, columns: Span) -> float:
    """The weight of all but a part: of both directions, and their mean for the colours."""
    luma = _halved(truth, _YIQ[:1])
    part = slice(*rows), slice(*columns)
    bands = [_haar(luma, 8, upright) for upright in (True, False)]
    return 1.5 * sum(float(band.sum(dtype=np.float64) - band[part].sum(dtype=np.float64)) for band in bands)


def _halved_yiq(image: Image) -> tuple[Floats, Floats]:
    """Luma (H/2, W/2), and the absolute 2×2 means of both chroma channels (H/2, W/2, 2)."""
    half = _halved(image, _YIQ)
    chroma = cv2.copyMakeBorder(half[..., 1:], 0, 1, 0, 1, cv2.BORDER_CONSTANT, value=0)
    means = (chroma[:-1, :-1] + chroma[1:, :-1] + chroma[:-1, 1:] + chroma[1:, 1:]) / 4
    return np.ascontiguousarray(half[..., 0]), np.abs(means)


def _halved(image: Image, matrix: Floats) -> Floats:
    """Channels by the matrix (C, 3), at half the size: (H/2, W/2, C), of one channel (H/2, W/2)."""
    odd = max(image.shape[0] % 2, image.shape[1] % 2)
    padded = cv2.copyMakeBorder(image, 0, odd, 0, odd, cv2.BORDER_CONSTANT, value=0) if odd else image
    height, width = padded.shape[0] // 2, padded.shape[1] // 2
    half = np.empty((height, width, 3)[: 2 + (len(matrix) > 1)], dtype=np.float32)
    for start in range(0, height, BAND):
        stop = min(height, start + BAND)
        even = padded[2 * start : 2 * stop, : 2 * width].astype(np.float32)
        # Means of 2×2 pixels; YIQ is linear, so that the order of the two is free and this one is the cheaper.
        smaller = cv2.resize(even, (width, stop - start), interpolation=cv2.INTER_AREA)
        half[start:stop] = cv2.transform(smaller, matrix)
    return half


def _haar(luma: Floats, size: int, upright: bool) -> Floats:
    """Absolute response to the size×size Haar filter, zeros outside, of the luma's own shape."""
    step = np.repeat(np.array([1, -1], dtype=np.float32), size // 2) / size
    flat = np.ones(size, dtype=np.float32)
    before, after = size // 2 - 1, size // 2
    framed = cv2.copyMakeBorder(luma, before, after, before, after, cv2.BORDER_CONSTANT, value=0)
    across, down = (flat, step) if upright else (step, flat)
    response = cv2.sepFilter2D(framed, cv2.CV_32F, across, down, anchor=(before, before))
    return np.asarray(
        np.abs(response[before : before + luma.shape[0], before : before + luma.shape[1]]), dtype=np.float32
    )


def _similarity(x: Floats, y: Floats) -> Floats:
    constant = np.float32(_C)
    return np.asarray((2 * x * y + constant) / (x * x + y * y + constant), dtype=np.float32)


def _sigmoid(values: NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.float32(_ALPHA) * values)), dtype=np.float32)
