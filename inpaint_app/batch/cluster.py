"""The batch on a Dask cluster: photos travel to its workers and results back, so no folder need be shared.

Dask does what is hard about many machines: it finds the workers, gives a photo whose worker died to another one, takes
in workers that come later. A photo over which several workers died fails by itself. Before anything starts, every
worker is asked whether it has what the request needs, in the same version.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any

from inpaint_app.batch.processes import POLL, bound
from inpaint_app.batch.work import Done, Engine, Task, failed, perform
from inpaint_app.errors import InpaintError, MissingError, MissingPackage
from inpaint_app.removal import recipe
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

CONNECT_SECONDS = 10.0
"""How long the scheduler may take to answer, and how long it may have no worker at the start."""

PATIENCE_SECONDS = 120.0
"""How long a cluster may be without any worker in the middle: machines that are started anew come back by then."""

_log = logging.getLogger(__name__)
_making = threading.Lock()


def cluster(address: str, request: Request, session: Session) -> Engine:
    """The engine of the cluster whose scheduler listens at `address` (tcp://host:8786; tls://… with certificates).

    session: this machine's, whose versions the workers are held to.
    Its work raises MissingPackage without Dask here, MissingError where the cluster is not reachable, has no workers,
    or a worker lacks what the request needs.
    """

    def engine(tasks: Iterator[Task], progress: Progress) -> Iterator[Done]:
        with _connected(address) as client:
            _same_everywhere(
                client.run(_what_a_worker_runs, request, on_error="return"), _what_runs(request, session)
            )
            yield from _course(client, address, tasks, progress)

    return engine


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError:
        raise MissingPackage('A cluster needs Dask: pip install "inpaint-app[cluster]"') from None
    import_module("dask").config.set(
        {"distributed.admin.large-graph-warning-threshold": "1 GB"}
    )  # photos are
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, name="inpaint-app")
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise MissingError(
            f"There is no cluster at {address} ({error or type(error).__name__}). Start one: `dask scheduler` on one "
            f"machine, `dask worker {address} --nthreads 1` on each."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise MissingError(
                f"The cluster at {address} has no workers: start some with `dask worker {address} --nthreads 1`."
            ) from None
        yield client


def _course(client: Any, address: str, tasks: Iterator[Task], progress: Progress) -> Iterator[Done]:
    """The photos as they get done; on the way is what the workers can do at once, and one more for each."""
    distributed = import_module("distributed")
    under_way: dict[Any, Task] = {}
    batch, reached, seen = uuid.uuid4().hex[:12], 0.0, time.monotonic()
    try:
        while True:
            workers = client.nthreads()
            seen = time.monotonic() if workers else seen
            while len(under_way) < max(1, sum(workers.values()) + len(workers)):
                task = next(tasks, None)
                if task is None:
                    break
                reached = max(reached, task.index / task.count)
                key = f"inpaint-{batch}-{task.index}"
                under_way[client.submit(_remote, pickle.dumps(task), key=key, pure=False)] = task
            if not under_way:
                return
            progress(reached, "" if workers else "Waiting for workers of the cluster")
            if time.monotonic() - seen > PATIENCE_SECONDS:
                raise OSError("no worker is left")
            for future in _finished(distributed, list(under_way)):
                yield _outcome(distributed, future, under_way.pop(future))
    except (OSError, distributed.client.FutureCancelledError) as error:
        raise MissingError(
            f"The cluster at {address} is gone ({error or type(error).__name__}). What is done is kept."
        ) from error
    finally:
        client.cancel(list(under_way), force=True)


def _finished(distributed: Any, futures: list[Any]) -> list[Any]:
    try:
        return list(distributed.wait(futures, timeout=POLL, return_when="FIRST_COMPLETED").done)
    except TimeoutError:
        return []


def _outcome(distributed: Any, future: Any, task: Task) -> Done:
    """What a worker returned; a worker's death over it is said in our words."""
    try:
        done: Done = future.result()
    except distributed.scheduler.KilledWorker:
        said = f"{task.name}: several workers died over it. If memory ran out, give fewer workers or threads a machine."
        return Done(task.index, failed(task.label, said, task.key))
    return done


def _remote(packed: bytes) -> Done:
    """On a worker: the same function as everywhere."""
    return perform(_session(), pickle.loads(packed), Progress())  # noqa: S301 - Dask's own messages are pickles too


def _session() -> Session:
    with _making:
        return _made()


@lru_cache(maxsize=1)
def _made() -> Session:
    """A worker's session: a machine of the cluster has settings of its own.

    Threads: INPAINT_THREADS, else what Dask gives it (OMP_NUM_THREADS, mostly 1), else all.
    """
    settings = Settings.from_environment()
    given = os.environ.get("OMP_NUM_THREADS", "")
    threads = settings.threads or (int(given) if given.isdecimal() else 0) or settings.cores
    bound(threads)
    return Session(replace(settings, threads=threads))


def _what_a_worker_runs(request: Request) -> dict[str, str]:
    session = _session()
    if request.objects:
        session.resolve_segmenter(request.segmenter)
    return _what_runs(request, session)


def _what_runs(request: Request, session: Session) -> dict[str, str]:
    """Everything whose version can change pixels; raises MissingError where something is not there."""
    spec = session.resolve_backend(request.backend)
    return {"inpaint-app": metadata.version("inpaint-app"), **recipe.versions(spec, session.settings)}


def _same_everywhere(found: dict[str, Any], here: dict[str, str]) -> None:
    """Refuse workers that cannot do the request or are of another version, and say where libraries differ."""
    for worker, there in found.items():
        if isinstance(there, InpaintError):
            raise MissingError(f"The worker {worker} cannot do this: {there}")
        if isinstance(there, BaseException):
            raise MissingError(
                f"The worker {worker} has no inpaint-app that fits ({type(there).__name__}: {there}): install version "
                f"{here['inpaint-app']} there."
            )
        if there["inpaint-app"] != here["inpaint-app"]:
            raise MissingError(
                f"The worker {worker} has inpaint-app {there['inpaint-app']}, here is {here['inpaint-app']}: install "
                "the same version everywhere."
            )
        differing = sorted(name for name in here if name in there and there[name] != here[name])
        if differing:
            said = ", ".join(f"{name} {there[name]} (here {here[name]})" for name in differing)
            _log.warning("The worker %s has %s: pixels may differ from those of this machine.", worker, said)
