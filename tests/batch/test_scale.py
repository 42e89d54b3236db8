"""A batch in several processes and on a cluster: the same files as from one, whoever dies on the way."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app import batch, environment
from inpaint_app.batch import cluster, journal, processes
from inpaint_app.batch.journal import Row
from inpaint_app.batch.work import Task
from inpaint_app.cli import main
from inpaint_app.errors import BackendError, Cancelled, MissingError, OptionError
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

JOB = Request(backend="navier-stokes", options={"radius": 8.0})
COUNT = 12
Masks = dict[Path, Path]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Path, ...], Masks]:
    """Twelve photos of both kinds that travel differently, one of them torn, and a mask for each."""
    folder = tmp_path_factory.mktemp("photos")
    masks: Masks = {}
    for number in range(COUNT):
        random = np.random.default_rng(number)
        image = cv2.GaussianBlur(random.integers(0, 256, (240, 320, 3)).astype(np.uint8), (0, 0), 3)
        path = folder / f"{number:02}{'.jpg' if number % 2 else '.png'}"
        path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
        hole = np.zeros((240, 320), np.uint8)
        hole[100:160, 160:260] = 255
        masks[path] = folder / "masks" / f"{number:02}.png"
        masks[path].parent.mkdir(exist_ok=True)
        masks[path].write_bytes(cv2.imencode(".png", hole)[1].tobytes())
    torn = folder / "05.jpg"
    torn.write_bytes(torn.read_bytes()[:200])  # within its tables: one that breaks off later is opened
    return batch.photos_in(folder), masks


@pytest.fixture(scope="module")
def alone(photos: tuple[tuple[Path, ...], Masks], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process makes of them."""
    out = tmp_path_factory.mktemp("alone")
    summary = batch.run(photos[0], JOB, out, Session(Settings()), masks=photos[1])
    assert [row.status for row in summary.rows].count("removed") == COUNT - 1
    return made(out)


def made(out: Path) -> dict[str, str]:
    """Hashes of all files, and of the table without its times."""
    rows = [replace(row, seconds=0.0) for row in journal.read(out / journal.NAME)]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
    return {**found, journal.NAME: "\n".join(map(str, rows))}


def kill_at_work(patch: pytest.MonkeyPatch, doomed: Callable[[Task], bool]) -> list[int]:
    """Workers given such a photo die while they have it: halted first, so that none can be done before it is killed."""
    killed: list[int] = []
    give = processes._Worker.give

    def giving(worker: Any, task: Task) -> None:
        if not doomed(task):
            return give(worker, task)
        os.kill(worker.process.pid, signal.SIGSTOP)
        give(worker, task)
        worker.process.kill()
        killed.append(worker.process.pid)

    patch.setattr(processes._Worker, "give", giving)
    return killed


def test_two_processes_make_the_same_files_though_one_is_killed(
    photos: tuple[tuple[Path, ...], Masks],
    alone: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    killed = kill_at_work(monkeypatch, lambda task: task.name == "03.jpg" and not killed)
    engine = processes.processes(2, Settings())
    summary = batch.run(photos[0], JOB, tmp_path, Session(Settings()), masks=photos[1], engine=engine)
    assert len(killed) == 1
    assert made(tmp_path) == alone
    assert "another one does it again" in caplog.text
    assert [row.photo for row in summary.rows] == [path.name for path in photos[0]]
    assert not multiprocessing.active_children()


def test_a_photo_that_kills_every_worker_fails_by_itself(
    photos: tuple[tuple[Path, ...], Masks], alone: dict[str, str], tmp_path: Path
) -> None:
    """The one photo is given to killers only; the others are done."""
    with pytest.MonkeyPatch.context() as patch:
        team = kill_at_work(patch, lambda task: task.name == "02.png")
        engine = processes.processes(2, Settings())
        summary = batch.run(photos[0], JOB, tmp_path, Session(Settings()), masks=photos[1], engine=engine)
    assert len(team) == processes.ATTEMPTS
    assert "3 workers died over it" in summary.rows[2].message
    assert summary.count("removed") == COUNT - 2
    again = batch.run(photos[0], JOB, tmp_path, Session(Settings()), masks=photos[1], resume=True)
    assert again.resumed == COUNT - 2
    assert made(tmp_path) == alone


def test_a_cancel_stops_the_workers_and_keeps_what_is_done(
    photos: tuple[tuple[Path, ...], Masks], tmp_path: Path
) -> None:
    done: list[Row] = []
    engine = processes.processes(2, Settings())
    stop = Progress(cancelled=lambda: len(done) >= 2)
    with pytest.raises(Cancelled):
        batch.run(
            photos[0], JOB, tmp_path, Session(Settings()), stop, done.append, masks=photos[1], engine=engine
        )
    assert len(journal.read(tmp_path / journal.NAME)) == len(done)
    assert not multiprocessing.active_children()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_workers_that_cannot_begin_are_one_clear_error(
    photos: tuple[tuple[Path, ...], Masks], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_serve", int)  # spawned anew it is called with what no int can be made of
    with pytest.raises(BackendError, match="before they can begin"):
        batch.run(photos[0], JOB, tmp_path, Session(Settings()), engine=processes.processes(2, Settings()))


def test_cores_are_shared_among_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(environment, "cores", lambda: 8)
    monkeypatch.setattr(
        processes, "_Worker", lambda settings: given.append(settings.threads) or pytest.fail("begun")
    )
    for workers, threads in ((2, 0), (3, 0), (16, 0), (2, 5)):
        with pytest.raises(pytest.fail.Exception):
            next(iter(processes.processes(workers, Settings(threads=threads))(iter(()), Progress())))
    assert given == [4, 2, 1, 5]


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A cluster of two worker processes on this machine; a worker that dies comes back."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", memory_limit=0
    ) as local:
        yield local


def test_a_cluster_makes_the_same_files_though_a_worker_is_killed(
    photos: tuple[tuple[Path, ...], Masks], alone: dict[str, str], tmp_path: Path, dask: Any
) -> None:
    before = {worker.pid for worker in dask.workers.values()}
    killed: list[int] = []

    def kill(row: Row) -> None:
        if not killed and row.status == "removed":
            killed.append(max(before))
            os.kill(killed[0], signal.SIGKILL)

    session = Session(Settings())
    engine = cluster.cluster(dask.scheduler_address, JOB, session)
    batch.run(photos[0], JOB, tmp_path, session, on_done=kill, masks=photos[1], engine=engine)
    assert made(tmp_path) == alone
    until = (
        time.monotonic() + 60
    )  # the other worker may be through with everything before the death is noticed
    while killed[0] in {worker.pid for worker in dask.workers.values()} and time.monotonic() < until:
        time.sleep(0.1)
    assert killed[0] not in {worker.pid for worker in dask.workers.values()}


def test_the_command_line_reaches_cluster_and_workers(
    photos: tuple[tuple[Path, ...], Masks],
    alone: dict[str, str],
    tmp_path: Path,
    dask: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = tmp_path / "list.txt"
    names.write_text("# all of them\n\n" + "\n".join(str(path) for path in photos[0]) + "\n")
    masks = photos[0][0].parent / "masks"
    how = ["--backend", "navier-stokes", "--option", "radius=8", "--masks", str(masks), "--quiet"]
    call = ["batch", str(names), str(tmp_path / "out"), "--cluster", dask.scheduler_address, *how]
    assert main(call) == 1
    assert made(tmp_path / "out") == alone
    assert main([*call[:3], "--workers", "2", "--resume", *how]) == 1
    assert "05.jpg" in capsys.readouterr().err
    assert main([*call[:3], "--workers", "2", "--cluster", "tcp://127.0.0.1:1", *how]) == 2


def test_a_cluster_that_is_not_there_or_has_no_workers_is_said(
    photos: tuple[tuple[Path, ...], Masks], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    session = Session(Settings())
    for address in ("tcp://127.0.0.1:1", "gopher://nowhere:1"):
        with pytest.raises(MissingError, match="There is no cluster at"):
            batch.run(photos[0], JOB, tmp_path, session, engine=cluster.cluster(address, JOB, session))
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", processes=False) as empty:
        engine = cluster.cluster(empty.scheduler_address, JOB, session)
        with pytest.raises(MissingError, match="has no workers"):
            batch.run(photos[0], JOB, tmp_path, session, engine=engine)


def test_workers_of_another_version_or_without_what_is_needed_are_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = cluster._what_runs(JOB, Session(Settings()))
    cluster._same_everywhere({"tcp://a": here}, here)
    assert caplog.text == ""
    cluster._same_everywhere({"tcp://a": {**here, "numpy": "0.1"}}, here)
    assert "numpy 0.1" in caplog.text
    for there, said in (
        ({**here, "inpaint-app": "0.0.1"}, "the same version everywhere"),
        (MissingError("There are no weights."), "cannot do this: There are no weights"),
        (ModuleNotFoundError("No module named 'inpaint_app'"), "has no inpaint-app"),
    ):
        with pytest.raises(MissingError, match=said):
            cluster._same_everywhere({"tcp://a": there}, here)


def test_a_list_names_photos_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tmp_path / "list.txt"
    names.write_text("\ufeff a.png\n\n# no photo\nsub/b b.jpg\na.png\n/else/where.png\n", encoding="utf-8")
    assert batch.listed(names) == (tmp_path / "a.png", tmp_path / "sub" / "b b.jpg", Path("/else/where.png"))
    for content in (b"\xff\xd8\xff\xe0 binary",):
        names.write_bytes(content)
        with pytest.raises(OptionError, match="no list of photos"):
            batch.listed(names)
    with pytest.raises(OptionError, match="is a photo"):
        batch.listed(tmp_path / "a.png")
    with pytest.raises(OptionError, match="no folder and no list"):
        batch.listed(tmp_path / "none.txt")
    with pytest.raises(OptionError, match="cannot be read"):
        batch.listed(tmp_path)
    summary = batch.run([tmp_path / "gone.png"], JOB, tmp_path / "out", Session(Settings()))
    assert "no file" in summary.rows[0].message
