"""The shape of the house: who imports whom, what loads when, and that files stay readable."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT

PACKAGE = ROOT / "inpaint_app"
SOURCES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 300
MOST_MODULES = 16
MOST_CALLED = 298
HEAVY = {
    "torch",
    "torchvision",
    "ultralytics",
    "diffusers",
    "transformers",
    "numba",
    "piq",
    "skimage",
    "matplotlib",
}


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def loaded_after(statement: str) -> set[str]:
    """The top-level modules that are in sys.modules after a statement, in a Python of its own."""
    code = f"{statement}\nimport sys; print('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


LIGHT = (
    "cli", "removal.session", "removal.pipeline", "batch", "removal.recipe", "removal.api", "photofile.files",
    "backends.registry", "segmenters.registry",
)  # fmt: skip


def test_nothing_heavy_loads_with_what_everything_imports() -> None:
    loaded = loaded_after("import " + ", ".join(f"inpaint_app.{module}" for module in LIGHT))
    assert not loaded & (HEAVY | {"gradio"})


def test_building_the_page_loads_gradio_and_nothing_else_that_is_heavy() -> None:
    loaded = loaded_after(
        "from inpaint_app.ui.page import build\nfrom inpaint_app import Session; build(Session())"
    )
    assert "gradio" in loaded
    assert not loaded & HEAVY


def test_listing_backends_and_models_loads_nothing_heavy() -> None:
    loaded = loaded_after(
        "import os; from inpaint_app.cli import main\nfor call in ['backends'], ['models'], ['--help']: main(call)\n"
        "print()"
    )
    assert not loaded & (HEAVY - {"torch"} | {"gradio"})
    assert "torch" not in loaded


@pytest.mark.parametrize(
    ("module", "homes"),
    [
        ("gradio", ["inpaint_app/ui/", "inpaint_app/server/"]),
        ("ultralytics", ["inpaint_app/segmenters/yolo.py"]),
        ("diffusers", ["inpaint_app/backends/"]),
    ],
)
def test_libraries_stay_where_they_belong(module: str, homes: list[str]) -> None:
    pattern = re.compile(rf"^\s*(?:import|from)\s+{module}\b", re.MULTILINE)
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        if pattern.search(path.read_text()):
            assert any(name.startswith(home) for home in homes), f"{name} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST
    assert text.lstrip().startswith(('"""', 'r"""')), "a file begins with what it is for"
    assert not re.fullmatch(r".*(utils?|helpers?|manager|misc|common)", path.stem)


def test_nothing_exits_or_prints_from_inside() -> None:
    for path in SOURCES:
        text, _, _ = path.read_text().partition("if __name__ ==")
        name = path.relative_to(PACKAGE).as_posix()
        if "__main__" not in name and name != "runtime/ending.py":
            assert not re.search(r"^\s*(sys\.exit|exit|quit|os\._exit)\(", text, re.MULTILINE), name


def test_every_package_says_what_it_is_and_can_be_looked_over() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 6, "the root holds what stands under everything"
    for folder in {path.parent for path in SOURCES}:
        assert len((folder / "__init__.py").read_text().split()) > 6, folder
        assert len(list(folder.glob("*.py"))) <= MOST_MODULES, folder


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_arrow_is_hidden_in_a_string(path: Path) -> None:
    rank = {
        name.rpartition(".")[2]: number
        for number, layer in enumerate(project()["tool"]["importlinter"]["contracts"][0]["layers"])  # type: ignore[index]
        for name in layer.split(" | ")
    }
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for named in re.findall(r"[\"']inpaint_app\.(\w+)[\w.]*(?::\w+)?[\"']", path.read_text()):
        if own in rank:
            assert named == own or rank[named] > rank[own], f"{path.name} names inpaint_app.{named}"


FACES = ("cli/", "ui/page.py", "removal/session.py", "lab/training/__main__.py", "lab/training/validate.py")
"""Where settings are made: the command line, the page, a session that is given none, and programs of their own."""

ALLOWED = {
    "settings.py": "reads INPAINT_* where a face asks it to",
    "environment.py": "says where the app runs, by what Spaces and containers set, and tells OpenMP how to wait",
    "batch/cluster.py": "a worker of a cluster is a face: it has the environment of its machine and of Dask",
    "batch/processes.py": "writes what OpenMP, BLAS and numba read in a worker process",
    "segmenters/yolo.py": "writes what ultralytics and OpenMP read when they are imported",
    "backends/diffusion/source.py": "HF_HOME, HF_HUB_CACHE: where the hub's own library keeps models",
    "metrics/deep.py": "TORCH_HOME, XDG_CACHE_HOME: where torch's own hub keeps weights",
    "photofile/decoding/started.py": "hands the environment on to a child process, with a PYTHONPATH",
    "server/files/folders.py": "USERNAME: the user's name on Windows",
    "server/guard/hosts.py": "GRADIO_SERVER_NAME, GRADIO_ROOT_PATH, SPACE_HOST: how Gradio and Spaces name a server",
    "ui/desktop.py": "DISPLAY and Qt's: whether there is a screen",
}
"""Who else may touch the environment, and what for."""


def reads_environment(path: Path) -> bool:
    """Whether a module makes settings, or touches the process's environment."""
    names = {"environ", "environb", "getenv", "from_environment"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in names:
            return True
        if isinstance(node, ast.ImportFrom) and names & {name.name for name in node.names}:
            return True
    return False


def test_below_the_faces_nothing_reads_the_environment() -> None:
    found = {
        name
        for path in SOURCES
        if not (name := path.relative_to(PACKAGE).as_posix()).startswith(FACES) and reads_environment(path)
    }
    assert found - set(ALLOWED) == set(), "settings are made once by a face and handed down"
    assert set(ALLOWED) - found == set(), "what is allowed and not needed any more"


def test_the_version_is_said_once() -> None:
    version = project()["project"]["version"]  # type: ignore[index]
    assert not [path for path in SOURCES if f'"{version}"' in path.read_text()]


@pytest.fixture
def removal(tmp_path: Path) -> list[str]:
    """The words of one removal with a mask by Telea, of a JPEG."""
    photo, mask = np.full((48, 64, 3), 90, np.uint8), np.zeros((48, 64), np.uint8)
    mask[10:20, 20:30] = 255
    Image.fromarray(photo).save(tmp_path / "in.jpg")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    call = ["remove", str(tmp_path / "in.jpg"), "--mask", str(tmp_path / "mask.png"), "--backend", "telea"]
    return [*call, "-o", str(tmp_path / "out.jpg")]


def test_a_removal_is_a_short_walk(removal: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the command line to a backend, with one fill: main, run, records, Session, its turn, pipeline, backend."""
    from inpaint_app.backends.opencv import Telea
    from inpaint_app.cli import main

    walk: list[str] = []
    inpaint = Telea.inpaint

    def walked(self: Telea, *arguments: Any) -> Any:
        frame = sys._getframe(1)
        while frame.f_back is not None:
            if frame.f_code.co_filename.startswith(str(PACKAGE)):
                walk.append(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")
            frame = frame.f_back
        return inpaint(self, *arguments)

    monkeypatch.setattr(Telea, "inpaint", walked)
    assert main(removal) == 0
    assert len(walk) + 1 <= 8, walk


def test_a_removal_calls_few_functions(removal: list[str]) -> None:
    """Distinct functions of the package, with everything imported; the JPEG's reader and writer are half of them."""
    from inpaint_app.cli import main

    main([*removal[:-1], f"{removal[-1]}.jpg"])
    called: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(PACKAGE)):
            called.add((frame.f_code.co_filename, frame.f_code.co_qualname))

    sys.setprofile(note)
    try:
        assert main(removal) == 0
    finally:
        sys.setprofile(None)
    named = [one for one in called if not one[1].rpartition(".")[2].startswith("<")]
    assert len(named) <= MOST_CALLED, len(named)
