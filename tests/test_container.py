"""The Dockerfile's steps, carried out in a fresh folder by tests/container.py, and the app that comes of them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image as PillowImage

from tests.conftest import ROOT
from tests.container import Build, Container, Stage, sent, steps_of
from tests.users import ordinary


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[Build, Stage]]:
    """The image, in a folder that every user may enter."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs git: what is sent to the engine is what is tracked")
    work = Path(tempfile.mkdtemp(prefix="container-"))
    work.chmod(0o755)
    build = Build(ROOT, work)
    yield build, build.run()
    shutil.rmtree(work)


@pytest.fixture(scope="module")
def running(built: tuple[Build, Stage]) -> Iterator[tuple[Container, str]]:
    build, stage = built
    for place in (*stage.volumes, "/tmp", stage.folder):
        folder = build.inside(stage, place)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
    container = Container(build, stage)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not container.healthy(), "healthy before anything runs"
    log = build.work / "log"
    container.start(port, log)
    try:
        assert container.wait(400), log.read_text()
        yield container, f"http://127.0.0.1:{port}"
    finally:
        container.stop()


def test_only_what_is_needed_is_sent() -> None:
    tops = {path.parts[0] for path in sent(ROOT)}
    assert tops == {
        "requirements.txt", "packages.txt", "pyproject.toml", "setup.py", "README.md", "LICENSE", "checkpoints",
        "inpaint_app",
    }  # fmt: skip
    assert not [path for path in sent(ROOT) if "__pycache__" in path.parts]


def test_the_package_is_installed_whole(built: tuple[Build, Stage]) -> None:
    _, stage = built
    (installed,) = stage.root.glob("opt/inpaint/lib/python*/site-packages/inpaint_app")
    for path in (ROOT / "inpaint_app").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (installed / path.relative_to(ROOT / "inpaint_app")).is_file(), path
    shipped = {path.name for path in (installed / "weights").iterdir()}
    assert {"manifest.toml", "context-encoder.safetensors"} <= shipped


def test_system_packages_come_from_the_one_list_and_no_compiler_with_them(built: tuple[Build, Stage]) -> None:
    asked = built[0].asked.read_text()
    wanted = " ".join((ROOT / "packages.txt").read_text().split())
    assert f"apt-get install -y --no-install-recommends {wanted}\n" in asked
    assert not re.search(r"gcc|g\+\+|build-essential|-dev\b|cmake", asked)


def test_the_image_runs_as_an_ordinary_user_with_its_models_in_a_volume(built: tuple[Build, Stage]) -> None:
    build, stage = built
    assert stage.user != "root"
    assert stage.volumes == ["/models"]
    assert f"install -d -o {stage.user}" in build.asked.read_text()
    for name in ("INPAINT_CACHE", "HF_HOME", "NUMBA_CACHE_DIR"):
        assert stage.environment[name].startswith("/models")


def test_it_serves_and_is_healthy_and_works(running: tuple[Container, str], tmp_path: Path) -> None:
    gradio_client = pytest.importorskip("gradio_client")
    container, address = running
    assert container.healthy()
    pixels = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    photo, mask = tmp_path / "noise.jpg", tmp_path / "mask.png"
    PillowImage.fromarray(pixels).save(photo, quality=90)
    hole = np.zeros((120, 160), np.uint8)
    hole[40:60, 50:80] = 255
    PillowImage.fromarray(hole).save(mask)
    client = gradio_client.Client(address, verbose=False, ssl_verify=False)
    given = {"photo": gradio_client.handle_file(photo), "mask": gradio_client.handle_file(mask)}
    for backend in ("telea", "exemplar"):
        file, report = client.predict(**given, backend=backend, api_name="/remove_mask")
        assert (report["changed_known"], report["file"]["method"]) == (0, "jpeg-blocks")
        with PillowImage.open(file) as picture:
            assert picture.size == (160, 120)
    models = container.build.inside(container.stage, "/models")
    assert list((models / "numba").rglob("*.nbi")), "compiled kernels are kept in the volume"


def test_its_process_is_an_ordinary_users_and_runs_the_installed_package(
    running: tuple[Container, str],
) -> None:
    container, _ = running
    assert container.process is not None
    process = Path(f"/proc/{container.process.pid}")
    if not process.is_dir():
        pytest.skip("needs /proc")
    if ordinary(container.stage.root):
        assert process.stat().st_uid != 0
    else:
        assert process.stat().st_uid == os.geteuid()
    program = container._words(["python"])[0]
    where = subprocess.run(
        [program, "-c", "import inpaint_app; print(inpaint_app.__file__)"],
        capture_output=True, text=True, check=True, cwd="/", env=container.build.environment(container.stage),
    )  # fmt: skip
    assert where.stdout.startswith(str(container.stage.root))


def test_it_ends_in_time_when_it_is_told_to(running: tuple[Container, str]) -> None:
    """Must be the last: the container is gone afterwards."""
    container, _ = running
    assert container.stop(60) == 0, "it was killed, or fell"
    left = list(container.build.inside(container.stage, "/tmp").glob("gradio/visits-*"))
    assert left == [], "visitors' files are gone with the server"


def test_a_dockerfile_is_read_as_an_engine_reads_it() -> None:
    steps = steps_of(
        '# no\nFROM a AS b\nRUN one \\\n    && two\nHEALTHCHECK --timeout=5s \\\n  CMD ["x", "y"]\n'
    )
    assert [(step.word, step.text) for step in steps[:2]] == [("FROM", "a AS b"), ("RUN", "one && two")]
    assert steps[2].command == ["x", "y"]


def test_compose_matches_the_image() -> None:
    service: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["inpaint"]
    steps = steps_of((ROOT / "Dockerfile").read_text())
    port = next(step.text for step in steps if step.word == "EXPOSE")
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert service["volumes"][0].partition(":")[2] == next(s.text for s in steps if s.word == "VOLUME")
    assert service["read_only"]
    written = [str(mount).partition(":")[0] for mount in service["tmpfs"]]
    assert written == ["/tmp", next(s.text for s in reversed(steps) if s.word == "WORKDIR")]
