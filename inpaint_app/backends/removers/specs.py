"""LaMa and MI-GAN as data: fetched when asked for, by themselves and as layouts that the exemplar engine paints."""

from __future__ import annotations

from inpaint_app.backends.base import BackendSpec, SizeRule
from inpaint_app.backends.exemplar.options import TrustedOptions

_FILES, _REMOVER = "inpaint_app.backends.removers.files", "inpaint_app.backends.removers.remover"

_PLAIN = (
    BackendSpec(
        "lama",
        "LaMa",
        "Continues structures far into a hole (Suvorov et al. 2022). 206 MB to fetch, soft in large photos.",
        f"{_REMOVER}:Lama",
        family="network",
        size=SizeRule(maximum=512),
        packages=("torch",),
        megabytes=206.0,
        lacks=f"{_FILES}:lama_missing",
    ),
    BackendSpec(
        "migan",
        "MI-GAN",
        "A small, quick network for objects of any kind (Sargsyan et al. 2023). 28 MB to fetch, soft in large photos.",
        f"{_REMOVER}:Migan",
        family="network",
        size=SizeRule(native=512),
        megabytes=28.0,
        lacks=f"{_FILES}:migan_missing",
    ),
)


def _painted(plain: BackendSpec) -> BackendSpec:
    return BackendSpec(
        f"{plain.name}-guided",
        f"{plain.title}, in the photo's own pixels",
        f"{plain.title} lays it out, the exemplar engine paints it at full size.",
        "inpaint_app.backends.exemplar:Exemplar",
        family="network",
        options=TrustedOptions,
        size=SizeRule(context=1.0, context_minimum=96),
        packages=("numba", *plain.packages),
        guide=plain.name,
        seeded=True,
        lacks=plain.lacks,
    )


CHOOSING = BackendSpec(
    "by-surroundings",
    "By the surroundings",
    "LaMa or MI-GAN, in the photo's own pixels, where lines and edges surround a hole, the context encoder elsewhere.",
    "inpaint_app.backends.exemplar:Exemplar",
    family="network",
    size=SizeRule(context=1.0, context_minimum=96),
    packages=("numba",),
    seeded=True,
    ensemble=True,
    lacks=f"{_FILES}:both_missing",
)
"""The default where one of them is here: removal/surroundings.py."""

REMOVERS: tuple[BackendSpec, ...] = (
    *(spec for plain in _PLAIN for spec in (plain, _painted(plain))),
    CHOOSING,
)
