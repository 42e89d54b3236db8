"""What a Space reads before any code runs: the README's front matter, the requirements, the system's packages."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from PIL import Image as PillowImage

from tests.conftest import ROOT

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
PROCESSOR_BUILDS = "--extra-index-url https://download.pytorch.org/whl/cpu"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def front() -> dict[str, Any]:
    opening, matter, _ = (ROOT / "README.md").read_text().split("---\n", 2)
    assert opening == "", "the front matter is the README's very beginning"
    return dict(yaml.safe_load(matter))


def lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]


def test_the_sdk_is_the_pinned_gradio(front: dict[str, Any], project: dict[str, Any]) -> None:
    assert front["sdk"] == "gradio"
    assert f"gradio=={front['sdk_version']}" in project["dependencies"]


def test_the_python_is_one_that_the_project_allows(front: dict[str, Any], project: dict[str, Any]) -> None:
    version = front["python_version"]
    assert isinstance(version, str), "3.10 without quotes would be 3.1"
    assert version in SpecifierSet(project["requires-python"])
    stages = re.findall(r"^FROM python:([\d.]+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert stages
    assert set(stages) == {version}, "the container runs the same Python"


def test_the_licence_is_the_projects(front: dict[str, Any], project: dict[str, Any]) -> None:
    assert project["license"].lower().removesuffix("-or-later") == front["license"]


def test_what_is_shown_is_there_and_fits(front: dict[str, Any]) -> None:
    assert (ROOT / front["app_file"]).is_file()
    with PillowImage.open(ROOT / front["thumbnail"]) as picture:
        assert picture.format in ("JPEG", "PNG")
        assert 1.8 <= picture.width / picture.height <= 2.0, "what social networks show"
    assert (ROOT / front["thumbnail"]).stat().st_size < 300_000
    assert 0 < len(front["short_description"]) <= 60
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert len(front["emoji"]) == 1
    assert not front["emoji"].isascii()
    assert front["title"]
    assert len(set(front["tags"])) == len(front["tags"]) > 2


def test_requirements_are_the_dependencies_with_torch_for_processors(project: dict[str, Any]) -> None:
    assert lines("requirements.txt") == [PROCESSOR_BUILDS, *project["dependencies"]]


def test_on_a_gpu_they_are_the_dependencies_and_what_lends_it(project: dict[str, Any]) -> None:
    assert lines("requirements-gpu.txt") == [*project["dependencies"], "spaces>=0.40"]


def test_the_pair_of_torch_is_pinned(project: dict[str, Any]) -> None:
    """A torchvision of another version or build takes its operators away from torch."""
    pinned = [line for line in project["dependencies"] if line.startswith("torch")]
    assert [bool(re.fullmatch(r"torch(vision)?==[\d.]+", line)) for line in pinned] == [True, True]


def test_packages_are_bare_names_for_apt() -> None:
    """Spaces hand the file's words to apt-get as they are: a comment would be a package."""
    words = (ROOT / "packages.txt").read_text().split("\n")
    assert words[-1] == ""
    assert words[:-1] == ["libgl1", "libglib2.0-0"]


def test_the_first_two_shell_blocks_of_the_readme_are_start_and_test() -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert blocks[0].endswith("python app.py\n")
    assert "&& pytest -n 2 " in blocks[1]
