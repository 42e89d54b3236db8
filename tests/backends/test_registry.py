"""All backends, as data."""

from __future__ import annotations

import dataclasses
import importlib

import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.base import Backend, BackendSpec
from inpaint_app.errors import OptionError
from inpaint_app.settings import Settings
from inpaint_app.types import Options, option

SPECS = pytest.mark.parametrize("spec", registry.BACKENDS, ids=lambda spec: spec.name)


@dataclasses.dataclass(frozen=True, slots=True)
class ToyOptions(Options):
    depth: int = option(3, "how deep", minimum=1, maximum=9)
    mode: str = option("soft", "how", choices=("soft", "hard"))


TOY = BackendSpec("toy", "Toy", "A toy.", "nowhere:Toy", options=ToyOptions)


def test_names_are_unique_and_the_default_is_one_of_them() -> None:
    names = [spec.name for spec in registry.BACKENDS]
    assert len(set(names)) == len(names)
    assert registry.DEFAULT in names


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'telea'"):
        registry.find("tela")
    with pytest.raises(OptionError, match=r"no backend 'xyzzy'\. Known"):
        registry.find("xyzzy")


@SPECS
def test_a_spec_can_be_shown_and_its_defaults_are_in_range(spec: BackendSpec) -> None:
    assert registry.find(spec.name) is spec
    assert spec.title
    assert spec.summary.endswith(".")
    assert spec.family in ("classical", "exemplar", "network", "diffusion")
    for field in dataclasses.fields(spec.options):
        assert field.metadata.get("help"), f"{spec.name}.{field.name} has no help"
    defaults = dataclasses.asdict(spec.options())
    assert spec.make_options(defaults) == spec.options()


@SPECS
def test_a_guide_is_a_backend_that_needs_none(spec: BackendSpec) -> None:
    if spec.guide is not None:
        assert registry.find(spec.guide).guide is None


@SPECS
def test_every_option_shows_in_what_the_backend_is_given(spec: BackendSpec) -> None:
    for field in dataclasses.fields(spec.options):
        high = field.metadata.get("maximum")
        if high is not None:
            with pytest.raises(OptionError, match=field.name):
                spec.make_options({field.name: high + 1})


@SPECS
def test_the_factory_is_there(spec: BackendSpec) -> None:
    module, _, attribute = spec.factory.partition(":")
    assert hasattr(importlib.import_module(module), attribute)


def test_create_gives_a_backend() -> None:
    assert isinstance(registry.find("telea").create(Settings()), Backend)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"deep": 3}, "no option 'deep'"),
        ({"depth": 0}, "expected 1 to 9"),
        ({"depth": float("nan")}, "expected 1 to 9"),
        ({"depth": "3"}, "expected a whole number"),
        ({"depth": True}, "expected a whole number"),
        ({"depth": 2.5}, "expected a whole number"),
        ({"seed": 1.5}, "expected a whole number"),
        ({"depth": [1]}, "expected a whole number"),
        ({"mode": ["soft"]}, "expected a text"),
        ({"mode": "loud"}, "expected one of 'soft', 'hard'"),
        ({"seed": -1}, "expected 0 to"),
        ({"seed": 2**31}, "expected 0 to"),
    ],
)
def test_options_out_of_range_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TOY.make_options(values)


def test_a_slider_gives_whole_numbers_as_floats() -> None:
    options = TOY.make_options({"depth": 4.0})
    assert isinstance(options, ToyOptions)
    assert options.depth == 4
    assert isinstance(options.depth, int)


def test_a_missing_package_is_said_with_its_cure() -> None:
    spec = dataclasses.replace(TOY, packages=("no_such_package",))
    (lack,) = spec.missing(Settings())
    assert lack.what == "the Python package no_such_package"
    assert lack.cure == "pip install no_such_package"
