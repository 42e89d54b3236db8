"""The layouts that are made wrong on purpose are wrong in that way and no other."""

from __future__ import annotations

import numpy as np

from benchmarks.layouts import NONE, right, table, wrong


def test_layouts_are_wrong_in_the_ways_they_are_named_for() -> None:
    truth = np.full((400, 400, 3), 40, np.uint8)
    truth[:, 205:] = 200
    mask = np.zeros((400, 400), bool)
    mask[120:280, 120:280] = True
    guide, pixel = right(truth, mask)
    assert pixel == 1  # the window is smaller than what LaMa takes
    assert np.array_equal(guide, truth)
    made = dict(wrong(guide, mask))
    assert all(np.array_equal(one[~mask], guide[~mask]) for one in made.values())
    steps = {name: int(np.abs(np.diff(one[200, 190:220, 0].astype(int))).max()) for name, one in made.items()}
    assert steps["shifted by 4 px"] == 160
    assert made["shifted by 4 px"][200, 208, 0] == 40
    assert 160 > steps["blurred by 4 px"] > steps["blurred by 8 px"] > 0
    sharpest = np.abs(np.diff(made["an edge missing"][..., 0].astype(int), axis=1)).max(1)
    assert sharpest[mask.any(1)].min() < 40  # gone at one place of the edge
    assert sharpest[mask.any(1)].max() == 160  # and there elsewhere


def test_the_worst_hole_is_told_beside_the_mean() -> None:
    bare = {
        "layout": NONE,
        "quarter": 0.5,
        "haarpsi": 0.5,
        "texture": 1.0,
        "strength": 0.0,
        "guidance": 0.3,
        "seed": 0,
    }
    found = []
    for photo, gain in (("fullsize/creek", 0.2), ("fullsize/sunset", -0.1)):
        found += [bare | {"photo": photo}, bare | {"photo": photo, "haarpsi": 0.5 + gain, "layout": "right"}]
    last = table(found).splitlines()[-1]
    assert "| +0.050 (-0.100 to +0.200) |" in last
    assert "| -0.100 / +0.000 |" in last
