"""The finder's shapes, its places, and which of them become finds."""

from __future__ import annotations

import torch

from inpaint_app.models.finder import BINS, Finder, Raw, boxes, centres, decoded


def test_shapes_and_first_scores() -> None:
    network = Finder(6, (4, 8, 8, 8, 8), (1, 1, 1, 1), coefficients=5, head=8).eval()
    with torch.no_grad():
        raw = network(torch.rand(2, 3, 64, 96))
    places = 8 * 12 + 4 * 6 + 2 * 3
    assert raw.edges.shape == (2, places, 4, BINS)
    assert raw.scores.shape == (2, places, 6)
    assert raw.coefficients.shape == (2, places, 5)
    assert raw.prototypes.shape == (2, 5, 16, 24)
    assert raw.semantic.shape == (2, 6, 16, 24)
    assert 0.001 < float(raw.scores.sigmoid().mean()) < 0.1, "few places hold something at first"


def test_the_shipped_layout_fits_into_seven_megabytes_at_half_precision() -> None:
    count = sum(value.numel() for value in Finder(6).state_dict().values())
    assert 2 * count < 7e6


def test_boxes_are_distances_from_the_centres() -> None:
    points, strides = centres(32, 64)
    assert points[0].tolist() == [4.0, 4.0]
    assert points[1].tolist() == [12.0, 4.0]
    assert (points[-1].tolist(), float(strides[-1])) == ([48.0, 16.0], 32.0)
    edges = torch.full((len(points), 4, BINS), -50.0)
    edges[..., 2] = 50.0
    placed = boxes(edges, points, strides)
    assert placed[0].tolist() == [4 - 16, 4 - 16, 4 + 16, 4 + 16]


def said(scores: list[tuple[int, int, float]]) -> Raw:
    """Of a 32×32 image: (place, kind, logit); boxes of one stride around each place."""
    points, _ = centres(32, 32)
    edges = torch.full((1, len(points), 4, BINS), -50.0)
    edges[..., 1] = 50.0
    logits = torch.full((1, len(points), 2), -9.0)
    for place, kind, logit in scores:
        logits[0, place, kind] = logit
    return Raw(edges, logits, torch.ones(1, len(points), 3), torch.ones(1, 3, 8, 8), torch.zeros(1, 2, 8, 8))


def test_the_best_of_overlapping_places_stays_and_kinds_do_not_meet() -> None:
    # places 0 and 1 are 8 px apart with boxes 16 px wide: IoU 1/3
    (found,) = decoded(said([(0, 0, 1.0), (1, 0, 2.0), (1, 1, 0.0)]), (32, 32), 0.3, overlap=0.3)
    assert found.kinds.tolist() == [0]
    assert found.boxes.tolist() == [[4.0, -4.0, 20.0, 12.0]]
    (found,) = decoded(said([(0, 0, 1.0), (5, 1, 2.0)]), (32, 32), 0.3, overlap=0.1)
    assert found.kinds.tolist() == [1, 0], "best first, and one kind does not push out the other"
    (found,) = decoded(said([(0, 0, 1.0)]), (32, 32), 0.9)
    assert len(found.boxes) == 0
    assert found.logits().shape == (0, 8, 8)
