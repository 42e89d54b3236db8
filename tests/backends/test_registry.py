"""All backends, as data."""

from __future__ import annotations

import dataclasses
import importlib

import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.base import COMPARE, MAIN, Backend, BackendSpec
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
def test_what_guides_a_guide_needs_none(spec: BackendSpec) -> None:
    guide = registry.find(spec.guide) if spec.guide else None
    if guide is not None and guide.guide is not None:
        assert registry.find(guide.guide).guide is None


def test_the_three_that_were_asked_for_come_first_and_the_rest_is_grouped() -> None:
    listed = [spec.name for spec in registry.BACKENDS if spec.group == MAIN]
    assert tuple(listed[:3]) == registry.SIDE_BY_SIDE
    assert listed[0] == registry.DEFAULT
    removers = {"lama", "migan", "lama-guided", "migan-guided"}
    assert set(listed[3:]) <= {*removers, "by-surroundings", "exemplar", "telea", "auto"}
    below = {"seven-layer-small", "gan-small", "context-encoder-channelwise-small"}
    assert {registry.find(name).group for name in below} == {COMPARE}
    assert all(registry.find(name).options().raw is False for name in registry.SIDE_BY_SIDE)


@pytest.mark.parametrize("name", registry.SIDE_BY_SIDE)
def test_own_output_is_an_option_of_the_finished_one_and_a_backend_of_its_own(name: str) -> None:
    spec, values = registry.meant(name, {"raw": True, "seed": 3, "guidance": 0.5 if name[0] == "c" else 5.0})
    assert (spec.name, values["seed"]) == (f"{name}-raw", 3)
    assert spec.make_options(values).seed == 3
    assert registry.meant(name, {"raw": False})[0].name == name
    with pytest.raises(OptionError, match="no option 'colour'"):
        registry.meant(name, {"raw": True, "colour": 1})
    with pytest.raises(OptionError, match="yes or no"):
        registry.meant(name, {"raw": "yes"})
    with pytest.raises(OptionError, match="no option 'raw'"):
        registry.meant("exemplar", {"raw": True})


def test_former_names_go_on_working_with_a_word() -> None:
    for former, name in registry.RENAMED.items():
        assert registry.find(former) is registry.find(name)
        assert registry.word(former) == f"{former} is called {name} now."
    for name, raw in registry.FINISHED.items():
        assert registry.find(name).guide == raw
        assert raw in registry.word(name)
    assert registry.word("telea") == ""


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
