"""Paints the example photos of the page, with their masks: `python assets/make_examples.py`.

Everything is made of noise, light and geometry, so that the project may ship it. Each scene is painted without the
thing that is to go and with it; the mask is where the two differ: the thing and its shadow.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from example_paint import COLUMNS, HEIGHT, ROWS, WIDTH, Field, colour, inside, mixed, noise, receding, sky
from numpy.typing import NDArray
from PIL import Image as PillowImage

OUT = Path(__file__).resolve().parents[1] / "inpaint_app" / "ui" / "static" / "examples"
GRAIN = 0.010
VISIBLE = 3 / 255
"""A pixel that differs by less is not counted as touched."""


def main() -> None:
    """Paint all scenes."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name, (paint, put) in SCENES.items():
        without = paint()
        with_it = put(without.copy())
        touched = (np.abs(with_it - without).max(axis=2) > VISIBLE).astype(np.uint8)
        mask = cv2.dilate(touched, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))).astype(bool)
        save(name, with_it, mask)


def beach() -> Field:
    """Sky, sea and sand."""
    horizon, shore = 300, 452 + 14 * noise(5, 700, 4000, 3)[0] + 10 * np.sin(np.arange(WIDTH) / 170)
    shore = cv2.GaussianBlur(shore[None].astype(np.float32), (0, 0), 12)[0]
    picture = sky(horizon, 21, 0.35)
    swell = receding(31, horizon, 130, 5, 0.35)
    near = np.clip((ROWS - horizon) / 150, 0, 1)
    lifted = (1 + 0.10 * swell * (0.3 + near))[..., None]
    water = mixed(colour(0.30, 0.50, 0.60), colour(0.12, 0.42, 0.46), near) * lifted
    picture = np.where((horizon <= ROWS)[..., None], water, picture)
    distance = ROWS - shore[None]
    ripple = receding(41, 120, 160, 6, 0.8)
    fine = receding(43, 60, 26, 4)
    dry = colour(0.83, 0.72, 0.55) * (1 + 0.045 * ripple + 0.040 * fine)[..., None]
    damp = dry * np.array([0.66, 0.64, 0.64], np.float32)
    sand = mixed(damp, dry, (distance - 46 - 9 * ripple) / 60)
    picture = mixed(picture, sand, distance / 3)
    for offset, width, strength in ((0, 7, 0.9), (-26, 5, 0.55), (-62, 3.5, 0.35), (-96, 2, 0.3)):
        line = np.exp(-(((distance - offset - 5 * noise(61 - offset, 60, 5000, 4)[0][None]) / width) ** 2))
        foam = np.clip(0.75 + 0.5 * noise(67, 12, 8, 3), 0, 1)
        picture = mixed(picture, colour(0.95, 0.96, 0.95), strength * line * foam)
    return picture


def with_ball(picture: Field) -> Field:
    """A striped ball with its shadow."""
    x, y, radius = 452.0, 588.0, 82.0
    shadow = np.exp(-((((COLUMNS - x - 62) / 112) ** 2 + ((ROWS - y - 74) / 21) ** 2) ** 2))
    shadow += 0.8 * np.exp(-((((COLUMNS - x) / 62) ** 2 + ((ROWS - y - 80) / 10) ** 2) ** 2))
    picture = picture * (1 - 0.52 * np.clip(shadow, 0, 1))[..., None] ** np.array(
        [1.0, 0.95, 0.88], np.float32
    )
    across, down = (COLUMNS - x) / radius, (ROWS - y) / radius
    far = across**2 + down**2
    front = np.sqrt(np.clip(1 - far, 0, 1))
    tilt = np.array([[0.86, -0.42, 0.28], [0.50, 0.76, -0.42], [-0.04, 0.50, 0.86]], np.float32)
    turned = np.stack([across, down, front], axis=-1) @ tilt.T
    panel = np.floor((np.arctan2(turned[..., 2], turned[..., 0]) / (2 * np.pi) + 0.5) * 6).astype(int) % 6
    white = (0.93, 0.92, 0.88)
    colours = np.array(
        [(0.82, 0.12, 0.11), white, (0.08, 0.28, 0.66), white, (0.95, 0.69, 0.10), white], np.float32
    )
    paint = colours[panel]
    paint[np.abs(turned[..., 1]) > 0.955] = white
    paint = cv2.GaussianBlur(paint, (0, 0), 0.8)
    light = np.clip(-0.52 * across - 0.66 * down + 0.54 * front, 0, 1)
    bounced = np.clip(down, 0, 1)[..., None] * np.array([0.16, 0.13, 0.09], np.float32)
    shaded = paint * (0.34 + 0.72 * light)[..., None] + paint * bounced
    shine = np.clip(-0.36 * across - 0.52 * down + 0.775 * front, 0, 1) ** 60
    return mixed(
        picture, shaded + 0.5 * shine[..., None], cv2.GaussianBlur((far < 1).astype(np.float32), (0, 0), 0.9)
    )


def bricks(
    width: int, height: int, size: tuple[int, int], mortar: int, seed: int
) -> tuple[Field, Field, Field]:
    """A bond of bricks: (shade of each, 1 inside a brick and 0 in the mortar, relief), each (height, width)."""
    random = np.random.default_rng(seed)
    rows, columns = (grid.astype(np.float32) for grid in np.mgrid[0:height, 0:width])
    wobble = cv2.GaussianBlur(random.standard_normal((height, width)).astype(np.float32), (0, 0), 5) * 9
    course = np.floor((rows + wobble) / size[1]).astype(int)
    shifted = columns + wobble + np.where(course % 2 == 0, 0, size[0] / 2)
    number = np.floor(shifted / size[0]).astype(int)
    shades = random.standard_normal((course.max() + 2, number.max() + 2)).astype(np.float32)
    in_x, in_y = shifted % size[0], (rows + wobble) % size[1]
    edge = np.minimum(np.minimum(in_x, size[0] - in_x), np.minimum(in_y, size[1] - in_y))
    body = np.clip((edge - mortar / 2) / 1.6, 0, 1)
    return shades[course, number], body, cv2.GaussianBlur(body, (0, 0), 1.1)


def wall() -> Field:
    """A brick wall behind a pavement."""
    foot = 560
    shade, body, relief = bricks(WIDTH, foot, (82, 29), 6, 3)
    grain, stain = noise(71, 5, 5, 3, 0.8)[:foot], noise(73, 260, 200, 6)[:foot]
    tone = 1 + 0.11 * shade + 0.075 * grain + 0.07 * stain
    brick = np.array([0.60, 0.30, 0.23], np.float32) * tone[..., None]
    tint = (0.035 * noise(79, 40, 20, 4)[:foot] * np.sign(shade))[..., None]
    brick = brick + tint * np.array([0.4, 1, 1], np.float32)
    joint = np.array([0.66, 0.62, 0.56], np.float32) * (1 + 0.07 * grain + 0.05 * stain)[..., None]
    face = brick * body[..., None] + joint * (1 - body[..., None])
    light = np.clip(1 + 0.32 * (relief - np.roll(relief, (2, 1), (0, 1))), 0.5, 1.5)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    picture[:foot] = face * light[..., None] * np.linspace(1.04, 0.90, foot, dtype=np.float32)[:, None, None]
    side = 1400
    shade, body, relief = bricks(side, side, (200, 140), 7, 9)
    slab = 0.60 * (1 + 0.045 * shade) * body + 0.30 * (1 - body)
    slab *= 1 + 0.25 * (relief - np.roll(relief, (3, 1), (0, 1)))
    view = cv2.getPerspectiveTransform(
        np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32),
        np.array(
            [[-60, foot], [WIDTH + 60, foot], [WIDTH + 620, HEIGHT + 60], [-620, HEIGHT + 60]], np.float32
        ),
    )
    ground = cv2.warpPerspective(slab.astype(np.float32), view, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    speck, worn = receding(83, 330, 34, 4), noise(89, 240, 60, 6)
    floor = (
        ground[..., None]
        * np.array([1.0, 0.985, 0.955], np.float32)
        * (1 + 0.05 * speck + 0.06 * worn)[..., None]
    )
    picture[foot:] = floor[foot:]
    dark = np.exp(-np.abs(ROWS - foot) / np.where(foot > ROWS, 26, 16))
    return picture * (1 - 0.42 * dark)[..., None]


def with_cone(picture: Field) -> Field:
    """A traffic cone with its shadow on the pavement and a little up the wall."""
    x, base, top = 402.0, 668.0, 352.0
    lying = [(x - 70, base + 12), (x + 70, base + 16), (x + 232, 562), (x + 206, 560)]
    standing = [(x + 204, 563), (x + 234, 563), (x + 262, 470), (x + 254, 470)]
    for shape, soft in ((lying, 7), (standing, 6)):
        picture = picture * (1 - 0.46 * inside(shape, soft))[..., None]
    under = [(x - 112, base + 26), (x + 112, base + 30), (x + 120, base + 44), (x - 104, base + 44)]
    picture = picture * (1 - 0.5 * inside(under, 6))[..., None]
    plate = [(x - 84, base - 4), (x + 92, base - 4), (x + 116, base + 30), (x - 112, base + 30)]
    orange = np.array([0.93, 0.36, 0.08], np.float32)
    picture = mixed(picture, orange * (0.80 + 0.001 * (x - COLUMNS))[..., None], inside(plate))
    front = [(x - 112, base + 30), (x + 116, base + 30), (x + 116, base + 41), (x - 112, base + 41)]
    picture = mixed(picture, colour(0.55, 0.20, 0.05), inside(front))
    share = np.clip((ROWS - top) / (base + 12 - top), 0, 1)
    half = 9 + 63 * share
    across = (COLUMNS - x) / half
    bulge = 9 * share * np.sqrt(np.clip(1 - across**2, 0, 1))
    along = (ROWS - bulge - top) / (base - top)
    body = np.clip((1 - np.abs(across)) * half / 1.3, 0, 1) * (top < ROWS) * (ROWS - bulge < base + 6)
    stripe = ((along > 0.30) & (along < 0.47)) | ((along > 0.62) & (along < 0.80))
    paint = np.where(stripe[..., None], np.array([0.93, 0.93, 0.90], np.float32), orange)
    light = 0.46 + 0.60 * np.clip(np.cos(np.arcsin(np.clip(across, -1, 1)) + 0.62), 0, 1)
    rubbed = 1 + 0.025 * noise(97, 14, 30, 4)
    cone = cv2.GaussianBlur(paint.astype(np.float32), (0, 0), 0.7) * (light * rubbed)[..., None]
    return mixed(picture, cone, cv2.GaussianBlur(body.astype(np.float32), (0, 0), 0.7))


def hills() -> Field:
    """Meadow, woods and mountains under a sky."""
    picture = sky(430, 121, 0.25)
    air = np.array([0.72, 0.81, 0.88], np.float32)
    ridges = (
        (330, 74, 520, (0.36, 0.43, 0.50), 0.62, 131), (384, 52, 380, (0.25, 0.36, 0.36), 0.40, 137),
        (442, 34, 300, (0.16, 0.27, 0.17), 0.18, 139),
    )  # fmt: skip
    for level, lift, cell, tone, haze, seed in ridges:
        edge = level - lift * noise(seed, cell, 5000, 6, 0.48)[0]
        leaves = noise(seed + 1, 26 - haze * 20, 15 - haze * 12, 5, 0.75)
        slopes = noise(seed + 2, 220, 120, 5)
        lit = np.array(tone, np.float32) * (1 + 0.17 * leaves + 0.13 * slopes)[..., None]
        down = np.clip((ROWS - edge[None]) / 160, 0, 1)[..., None]
        veil = haze * (0.75 + 0.25 * down)
        picture = mixed(picture, lit * (1 - veil) + air * veil, (ROWS - edge[None]) / 1.5)
    rise = 500 + 16 * noise(149, 900, 5000, 2)[0]
    grass = np.zeros((HEIGHT, WIDTH), np.float32)
    for seed, start, size in ((151, 490, 3), (157, 540, 6), (163, 610, 11), (167, 690, 18)):
        blades = noise(seed, size * 0.55, size * 5.0, 4, 0.7)
        grass += blades * np.clip((ROWS - start) / 70, 0, 1) * np.clip(1.15 - (ROWS - start) / 330, 0.25, 1)
    patches, straw = receding(173, 440, 420, 4, 0.6), receding(179, 440, 90, 4)
    near = np.clip((ROWS - 500) / 300, 0, 1)
    green = mixed(colour(0.47, 0.56, 0.25), colour(0.29, 0.42, 0.13), near)
    field = (
        mixed(green, colour(0.66, 0.62, 0.34), 0.22 + 0.16 * patches)
        * (1 + 0.11 * grass + 0.05 * straw)[..., None]
    )
    return mixed(picture, field, (ROWS - rise[None]) / 3 + 0.25 * noise(181, 5, 9, 3))


def with_pole(picture: Field) -> Field:
    """A wooden pole with three wires."""
    x = 432.0
    shadow = [(x - 4, 676), (x + 14, 678), (x + 330, 726), (x + 330, 721)]
    picture = picture * (1 - 0.42 * inside(shadow, 2.2))[..., None]
    wood = (0.34 * (1 + 0.13 * noise(191, 4, 130, 4)))[..., None] * np.array([1.0, 0.83, 0.66], np.float32)
    half = 8 + 4 * np.clip((ROWS - 120) / 560, 0, 1)
    across = (COLUMNS - x) / half
    light = np.clip(1.28 - 0.62 * (across + 0.35) ** 2 - 0.22 * across, 0.3, 1.4)
    pole = inside([(x - 8, 118), (x + 8, 118), (x + 12, 678), (x + 4, 684), (x - 6, 683), (x - 12, 677)])
    picture = mixed(picture, wood * light[..., None], pole)
    beam = [(x - 92, 158), (x + 92, 152), (x + 92, 165), (x - 92, 171)]
    picture = mixed(picture, wood * np.where(ROWS < 161, 1.2, 0.75)[..., None], inside(beam))
    for offset in (-82.0, 0.0, 82.0):
        head = 138.0 if offset else 104.0
        cup = [
            (x + offset - 5, head),
            (x + offset + 5, head),
            (x + offset + 7, head + 20),
            (x + offset - 7, head + 20),
        ]
        picture = mixed(picture, colour(0.86, 0.87, 0.85), inside(cup))
        for end, sag, height in ((WIDTH + 60.0, 46.0, head - 40), (-60.0, 34.0, head + 30)):
            t = np.linspace(0, 1, 400)
            fall = head + 4 + (height - head) * t + 4 * sag * t * (1 - t)
            path = np.stack([x + offset + (end - x - offset) * t, fall], axis=1)
            line = np.zeros((HEIGHT, WIDTH), np.uint8)
            cv2.polylines(line, [np.round(path * 16).astype(np.int32)], False, 255, 2, cv2.LINE_AA, shift=4)
            picture = mixed(picture, colour(0.13, 0.13, 0.15), 0.85 * line.astype(np.float32) / 255)
    return picture


SCENES: dict[str, tuple[Callable[[], Field], Callable[[Field], Field]]] = {
    "beach": (beach, with_ball), "wall": (wall, with_cone), "hills": (hills, with_pole),
}  # fmt: skip


def save(name: str, picture: Field, mask: NDArray[np.bool_]) -> None:
    """The photo as a camera would have it, with vignette and grain, as JPEG; the mask as 1-bit PNG."""
    away = ((COLUMNS / WIDTH - 0.5) ** 2 + (ROWS / HEIGHT - 0.5) ** 2)[..., None]
    grain = np.random.default_rng(1).normal(0, GRAIN, (HEIGHT, WIDTH, 1)).astype(np.float32)
    seen = np.clip(picture * (1 - 0.22 * away) + cv2.GaussianBlur(grain, (0, 0), 0.6)[..., None] * 1.6, 0, 1)
    PillowImage.fromarray(np.rint(seen * 255).astype(np.uint8)).save(
        OUT / f"{name}.jpg", quality=86, optimize=True
    )
    PillowImage.fromarray(mask).save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
