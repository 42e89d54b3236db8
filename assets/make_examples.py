"""Renders the example photos of the page, with their masks: `python assets/make_examples.py [NAME …]`.

Each scene is made of shapes and procedural textures alone and rendered twice by Blender's Cycles, with the thing that is
to go and without it. The mask is where the two differ: the thing, its shadow and its reflection. Needs
`pip install bpy==4.5.15` (Python 3.11) besides the project.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
from PIL import Image as PillowImage

OUT = Path(__file__).resolve().parents[1] / "inpaint_app" / "ui" / "static" / "examples"
SIZE = (1080, 720)
SAMPLES = 20
GRAIN = 2.2
DIFFERENT = 7
"""Grey levels by which a pixel has to differ to count as touched; below it nothing can be seen."""


def main() -> None:
    """Render the named scenes, or all."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or SCENES:
        fresh()
        gone = SCENES[name]()
        with_it, without = rendered(gone, hide=False), rendered(gone, hide=True)
        save(name, with_it, mask_of(with_it, without))


def fresh() -> None:
    """An empty scene with Cycles, a clear sky and a camera."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces, scene.cycles.glossy_bounces = 3, 2, 2
    scene.cycles.seed = 1
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def sky(elevation: float, turn: float, strength: float, clouds: float = 0.0) -> None:
    """A physical sky with its sun (degrees); clouds 0..1 mixes soft noise into it."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    air = nodes.new("ShaderNodeTexSky")
    air.sky_type = "NISHITA"
    air.sun_elevation, air.sun_rotation = math.radians(elevation), math.radians(turn)
    air.sun_size, air.dust_density = math.radians(0.9), 1.6
    background = nodes["Background"]
    background.inputs["Strength"].default_value = strength
    if not clouds:
        links.new(air.outputs["Color"], background.inputs["Color"])
        return
    coordinates, stretch = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = (1.0, 1.0, 4.5)
    noise, shape, mix = (nodes.new(f"ShaderNode{kind}") for kind in ("TexNoise", "ValToRGB", "MixRGB"))
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 1.9, 9.0
    shape.color_ramp.elements[0].position, shape.color_ramp.elements[1].position = 0.48, 0.78
    shape.color_ramp.elements[1].color = (clouds, clouds, clouds, 1.0)
    mix.inputs["Color2"].default_value = (9.0, 9.2, 9.6, 1.0)
    links.new(coordinates.outputs["Generated"], stretch.inputs["Vector"])
    links.new(stretch.outputs["Vector"], noise.inputs["Vector"])
    links.new(noise.outputs["Fac"], shape.inputs["Fac"])
    links.new(shape.outputs["Color"], mix.inputs["Fac"])
    links.new(air.outputs["Color"], mix.inputs["Color1"])
    links.new(mix.outputs["Color"], background.inputs["Color"])


def camera(place: tuple[float, float, float], look: tuple[float, float, float], lens: float) -> None:
    """A camera of that focal length in millimetres."""
    data = bpy.data.cameras.new("camera")
    data.lens = lens
    data.dof.use_dof = False
    made = bpy.data.objects.new("camera", data)
    made.location = place
    away = np.array(look) - np.array(place)
    made.rotation_euler = (
        math.atan2(math.hypot(away[0], away[1]), -away[2]),
        0.0,
        math.atan2(away[1], away[0]) - math.pi / 2,
    )
    bpy.context.scene.collection.objects.link(made)
    bpy.context.scene.camera = made


class Paint:
    """A material whose nodes are put together by name."""

    def __init__(self, name: str, colour: tuple[float, float, float] = (0.5, 0.5, 0.5), rough: float = 0.6) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.nodes, self.links = self.material.node_tree.nodes, self.material.node_tree.links
        self.surface = self.nodes["Principled BSDF"]
        self.surface.inputs["Base Color"].default_value = (*colour, 1.0)
        self.surface.inputs["Roughness"].default_value = rough
        self.place = self.nodes.new("ShaderNodeTexCoord").outputs["Object"]

    def node(self, kind: str, **inputs: Any) -> Any:
        """A node with those inputs set; a value that is a socket is linked."""
        made = self.nodes.new(f"ShaderNode{kind}")
        for name, value in inputs.items():
            socket = made.inputs[name.replace("_", " ")]
            if isinstance(value, bpy.types.NodeSocket):
                self.links.new(value, socket)
            else:
                socket.default_value = value
        return made

    def noise(self, scale: float, detail: float = 8.0, rough: float = 0.6) -> Any:
        """Fractal noise, 0..1."""
        return self.node("TexNoise", Vector=self.place, Scale=scale, Detail=detail, Roughness=rough).outputs["Fac"]

    def ramp(self, value: Any, *stops: tuple[float, tuple[float, float, float]]) -> Any:
        """Colours along a value."""
        made = self.node("ValToRGB", Fac=value)
        elements = made.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position, element.color = position, (*colour, 1.0)
        return made.outputs["Color"]

    def coloured(self, socket: Any) -> Paint:
        """The base colour."""
        self.links.new(socket, self.surface.inputs["Base Color"])
        return self

    def bumped(self, height: Any, strength: float, distance: float) -> Paint:
        """Relief."""
        bump = self.node("Bump", Height=height, Strength=strength, Distance=distance)
        self.links.new(bump.outputs["Normal"], self.surface.inputs["Normal"])
        return self


def mesh(kind: str, paint: Paint, smooth: bool = False, **given: Any) -> Any:
    """A shape of Blender's, painted."""
    getattr(bpy.ops.mesh, f"primitive_{kind}_add")(**given)
    made = bpy.context.object
    made.data.materials.append(paint.material)
    if smooth:
        bpy.ops.object.shade_smooth()
    return made


def beach() -> list[Any]:
    """A striped ball on the sand before the sea."""
    sky(24, 118, 0.28, clouds=0.75)
    camera((0, -7.2, 1.55), (0.1, 6, 0.55), 34)
    sand = Paint("sand", rough=0.95)
    wet = sand.node("SeparateXYZ", Vector=sand.place).outputs["Y"]
    shore = sand.node("MapRange", Value=wet).outputs["Result"]
    shore.node.inputs["From Min"].default_value, shore.node.inputs["From Max"].default_value = 2.2, 4.4
    dry = sand.ramp(sand.noise(34, 12, 0.75), (0.25, (0.38, 0.27, 0.16)), (0.75, (0.66, 0.51, 0.33)))
    damp = sand.node("MixRGB", Fac=shore, Color1=dry, Color2=(0.17, 0.12, 0.075, 1)).outputs["Color"]
    waves = sand.node("Math", Value=sand.noise(1.6, 9, 0.62)).outputs["Value"]
    waves.node.operation = "MULTIPLY"
    waves.node.inputs[1].default_value = 1.6
    both = sand.node("Math").outputs["Value"]
    sand.links.new(waves, both.node.inputs[0])
    sand.links.new(sand.noise(55, 10, 0.8), both.node.inputs[1])
    sand.coloured(damp).bumped(both, 0.55, 0.09)
    mesh("plane", sand, size=120)
    sea = Paint("sea", (0.012, 0.075, 0.10), 0.06)
    swell = sea.node("TexWave", Vector=sea.place, Scale=0.42, Distortion=7.0, Detail=6.0, Detail_Scale=1.6)
    swell.bands_direction = "Y"
    sea.bumped(swell.outputs["Fac"], 0.55, 0.5)
    foam = sea.ramp(swell.outputs["Fac"], (0.93, (0.012, 0.075, 0.10)), (1.0, (0.55, 0.63, 0.64)))
    sea.coloured(foam)
    mesh("plane", sea, size=400, location=(0, 204.0, 0.012))
    ball = Paint("ball", rough=0.28)
    turn = ball.node("SeparateXYZ", Vector=ball.place).outputs
    angle = ball.node("Math").outputs["Value"]
    angle.node.operation = "ARCTAN2"
    ball.links.new(turn["Y"], angle.node.inputs[0])
    ball.links.new(turn["X"], angle.node.inputs[1])
    share = ball.node("MapRange", Value=angle).outputs["Result"]
    share.node.inputs["From Min"].default_value, share.node.inputs["From Max"].default_value = -math.pi, math.pi
    panels = ball.node("ValToRGB", Fac=share)
    panels.color_ramp.interpolation = "CONSTANT"
    colours = [(0.75, 0.03, 0.03), (0.85, 0.85, 0.82), (0.02, 0.14, 0.6), (0.85, 0.85, 0.82), (0.9, 0.5, 0.02), (0.85, 0.85, 0.82)]
    for index, colour in enumerate(colours):
        element = panels.color_ramp.elements[index] if index < 2 else panels.color_ramp.elements.new(index / 6)
        element.position, element.color = index / 6, (*colour, 1)
    ball.coloured(panels.outputs["Color"])
    return [mesh("uv_sphere", ball, True, radius=0.62, segments=64, ring_count=32, location=(0.95, -1.6, 0.58), rotation=(0.7, 0.5, 0.2))]


def wall() -> list[Any]:
    """A traffic cone on the pavement before a brick wall."""
    sky(38, 205, 0.3)
    camera((-0.5, -6.4, 1.6), (0.25, 0, 1.12), 38)
    bricks = Paint("bricks", rough=0.85)
    upright = bricks.node("Mapping", Vector=bricks.place)
    upright.inputs["Rotation"].default_value = (math.radians(90), 0, 0)
    stones = bricks.node(
        "TexBrick", Vector=upright.outputs["Vector"], Scale=4.2, Mortar_Size=0.018, Mortar_Smooth=0.35, Bias=-0.15,
        Color1=(0.34, 0.085, 0.045, 1), Color2=(0.20, 0.06, 0.04, 1), Mortar=(0.36, 0.33, 0.29, 1),
    )  # fmt: skip
    dirt = bricks.ramp(bricks.noise(5, 12, 0.7), (0.3, (0.55, 0.52, 0.5)), (0.7, (1.1, 1.08, 1.05)))
    aged = bricks.node("MixRGB", Fac=1.0, Color1=stones.outputs["Color"], Color2=dirt)
    aged.blend_type = "MULTIPLY"
    rough = bricks.node("Math", Value=stones.outputs["Fac"]).outputs["Value"]
    rough.node.operation = "SUBTRACT"
    bricks.links.new(bricks.noise(46, 10, 0.7), rough.node.inputs[0])
    bricks.links.new(stones.outputs["Fac"], rough.node.inputs[1])
    bricks.coloured(aged.outputs["Color"]).bumped(rough, 0.8, 0.02)
    mesh("cube", bricks, size=1, location=(0, 0.25, 3), scale=(40, 0.5, 8))
    paving = Paint("paving", rough=0.9)
    slabs = paving.node(
        "TexBrick", Vector=paving.place, Scale=1.35, Mortar_Size=0.009, Mortar_Smooth=0.2,
        Color1=(0.27, 0.26, 0.25, 1), Color2=(0.215, 0.21, 0.205, 1), Mortar=(0.06, 0.058, 0.055, 1),
    )  # fmt: skip
    slabs.offset = 0.5
    stain = paving.ramp(paving.noise(3.1, 14, 0.72), (0.3, (0.6, 0.59, 0.57)), (0.72, (1.15, 1.14, 1.12)))
    worn = paving.node("MixRGB", Fac=1.0, Color1=slabs.outputs["Color"], Color2=stain)
    worn.blend_type = "MULTIPLY"
    height = paving.node("Math").outputs["Value"]
    height.node.operation = "SUBTRACT"
    paving.links.new(paving.noise(70, 8, 0.75), height.node.inputs[0])
    paving.links.new(slabs.outputs["Fac"], height.node.inputs[1])
    paving.coloured(worn.outputs["Color"]).bumped(height, 0.6, 0.012)
    mesh("plane", paving, size=60)
    orange = Paint("orange", (0.85, 0.13, 0.01), 0.45)
    white = Paint("white", (0.8, 0.8, 0.78), 0.5)
    parts = [mesh("cube", orange, size=1, location=(0.75, -1.25, 0.025), scale=(0.56, 0.56, 0.05), rotation=(0, 0, 0.35))]
    edges, bottom, top = (0.05, 0.38, 0.56, 0.7, 0.84, 1.02), 0.215, 0.035
    for index, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
        at = [bottom + (top - bottom) * (z - 0.05) / 0.97 for z in (low, high)]
        parts.append(
            mesh("cone", white if index % 2 else orange, True, vertices=64, radius1=at[0], radius2=at[1],
                 depth=high - low, location=(0.75, -1.25, (low + high) / 2), end_fill_type="NGON" if index == 4 else "NOTHING")
        )  # fmt: skip
    return parts


def meadow() -> list[Any]:
    """A pole with its wires over grass and hills."""
    random.seed(7)
    sky(31, 232, 0.26, clouds=0.9)
    camera((0, -9.5, 1.7), (0.2, 10, 2.55), 30)
    ground = Paint("ground", (0.05, 0.07, 0.02), 1.0)
    ground.coloured(ground.ramp(ground.noise(0.9, 8), (0.3, (0.035, 0.05, 0.012)), (0.7, (0.10, 0.11, 0.03))))
    field = mesh("grid", ground, size=30, x_subdivisions=160, y_subdivisions=160, location=(0, 3.5, 0))
    rolled(field, 0.35, 0.22)
    blade = Paint("blade", rough=0.55)
    who = blade.nodes.new("ShaderNodeHairInfo")
    blade.coloured(blade.ramp(who.outputs["Random"], (0.0, (0.055, 0.105, 0.018)), (0.6, (0.115, 0.17, 0.03)), (1.0, (0.30, 0.27, 0.08))))
    field.data.materials.append(blade.material)
    field.modifiers.new("grass", "PARTICLE_SYSTEM")
    grass = field.particle_systems[0].settings
    grass.type, grass.count, grass.hair_length, grass.material = "HAIR", 110000, 0.30, 2
    grass.child_type, grass.rendered_child_count, grass.child_length = "INTERPOLATED", 3, 0.8
    grass.roughness_1, grass.roughness_2, grass.roughness_endpoint = 0.05, 0.07, 0.08
    grass.brownian_factor, grass.root_radius, grass.tip_radius, grass.radius_scale = 0.02, 0.6, 0.1, 0.012
    for distance, height, colour in (
        (34, 2.6, (0.055, 0.085, 0.028)), (60, 5.6, (0.05, 0.085, 0.045)), (110, 12, (0.075, 0.115, 0.115)),
    ):  # fmt: skip
        paint = Paint("hill", colour, 1.0)
        paint.coloured(paint.ramp(paint.noise(0.35 if distance < 50 else 0.12, 12, 0.7),
                                  (0.3, tuple(c * 0.5 for c in colour)), (0.7, tuple(c * 1.5 for c in colour))))  # fmt: skip
        hill = mesh("grid", paint, size=distance * 3.4, x_subdivisions=220, y_subdivisions=60, location=(0, distance + distance * 0.5, -0.4))
        hill.scale = (1, 0.32, 1)
        rolled(hill, 6.0 / distance, height)
    wood, iron = Paint("wood", (0.11, 0.075, 0.05), 0.9), Paint("iron", (0.02, 0.02, 0.022), 0.5)
    wood.coloured(wood.ramp(wood.noise(14, 10, 0.7), (0.3, (0.06, 0.04, 0.027)), (0.7, (0.16, 0.115, 0.08))))
    china = Paint("china", (0.6, 0.62, 0.6), 0.2)
    parts = [
        mesh("cylinder", wood, True, radius=0.11, depth=6.4, location=(-1.5, 0.5, 3.0)),
        mesh("cube", wood, size=1, location=(-1.5, 0.42, 5.45), scale=(1.9, 0.1, 0.13)),
    ]
    for side in (-0.8, 0.0, 0.8):
        parts.append(mesh("cylinder", china, True, radius=0.05, depth=0.2, location=(-1.5 + side, 0.42, 5.6)))
        for end in ((16.0, 15.0), (-19.0, -5.0)):
            curve = bpy.data.curves.new("wire", "CURVE")
            curve.dimensions, curve.bevel_depth = "3D", 0.012
            line = curve.splines.new("POLY")
            line.points.add(40)
            for index, point in enumerate(line.points):
                t = index / 40
                point.co = (-1.5 + side + (end[0] + 1.5) * t, 0.42 + (end[1] - 0.42) * t, 5.7 - 3.6 * t * (1 - t) + 0.1 * t, 1)
            wire = bpy.data.objects.new("wire", curve)
            wire.data.materials.append(iron.material)
            bpy.context.scene.collection.objects.link(wire)
            parts.append(wire)
    return parts


def rolled(grid: Any, scale: float, height: float) -> None:
    """Give a grid hills of that height."""
    texture = bpy.data.textures.new("hills", "CLOUDS")
    texture.noise_scale, texture.noise_depth = 1.0 / scale, 4
    lift = grid.modifiers.new("hills", "DISPLACE")
    lift.texture, lift.strength, lift.mid_level, lift.texture_coords = texture, height * 2, 0.4, "GLOBAL"
    bpy.context.view_layer.objects.active = grid
    bpy.ops.object.modifier_apply(modifier="hills")


SCENES: dict[str, Callable[[], list[Any]]] = {"beach": beach, "wall": wall, "meadow": meadow}


def rendered(gone: list[Any], hide: bool) -> np.ndarray:
    """The scene with or without what is to go, (H, W, 3) uint8."""
    for thing in gone:
        thing.hide_render = hide
    with tempfile.TemporaryDirectory() as folder:
        bpy.context.scene.render.filepath = str(Path(folder) / "scene.png")
        bpy.ops.render.render(write_still=True)
        return np.asarray(PillowImage.open(Path(folder) / "scene.png").convert("RGB"))


def mask_of(with_it: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Where the two differ, (H, W) bool: speckles dropped, gaps closed, a few pixels more."""
    apart = cv2.GaussianBlur(cv2.absdiff(with_it, without).max(axis=2), (0, 0), 1.2) >= DIFFERENT
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(apart.astype(np.uint8))
    kept = np.isin(labels, [i for i in range(1, count) if sizes[i, cv2.CC_STAT_AREA] >= 150])
    round_ = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    closed = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_CLOSE, round_)
    return cv2.dilate(closed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))).astype(bool)


def save(name: str, picture: np.ndarray, mask: np.ndarray) -> None:
    """Photo with a camera's grain as JPEG, mask as 1-bit PNG."""
    grain = np.random.default_rng(1).normal(0, GRAIN, picture.shape[:2])[..., None]
    noisy = np.clip(picture + cv2.GaussianBlur(grain, (0, 0), 0.6)[..., None] * 1.6, 0, 255).astype(np.uint8)
    PillowImage.fromarray(noisy).save(OUT / f"{name}.jpg", quality=86, optimize=True)
    PillowImage.fromarray(mask).save(OUT / f"{name}.png", optimize=True)
    print(name, f"{mask.mean():.1%} of the photo is masked")


if __name__ == "__main__":
    main()
