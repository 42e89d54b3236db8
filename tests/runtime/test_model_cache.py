"""Who stays loaded and who leaves, with fakes that say how large they are and a machine that says what is left."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest

from inpaint_app.backends import memory, registry
from inpaint_app.backends.base import BackendSpec, Window
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.runtime.model_cache import ModelCache
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress


class Fake:
    """A backend of a stated size, which takes it with the first fill and gives it back when it is let go."""

    made: ClassVar[dict[str, Fake]] = {}
    raises: ClassVar[dict[str, Callable[[], Exception | None]]] = {}

    def __init__(self, name: str, megabytes: float, settings: Settings) -> None:
        self.name, self.megabytes, self.loaded, self.released = name, megabytes, False, 0
        Fake.made[name] = self

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        error = Fake.raises.get(self.name, lambda: None)()
        if error is not None:
            raise error
        self.loaded = True
        progress(1.0)
        return window.image.copy()

    def held(self) -> int:
        return int(self.megabytes * 1e6) if self.loaded else 0

    def release(self) -> None:
        self.loaded, self.released = False, self.released + 1


def fake(name: str, megabytes: float = 0.0) -> BackendSpec:
    """The spec of a fake; small ones state no size, as real light backends do."""
    factory = f"fake_{name}"
    setattr(sys.modules[__name__], factory, partial(Fake, name, megabytes))
    stated = megabytes if megabytes >= 500 else 0.0
    return BackendSpec(name, name.title(), "", f"{__name__}:{factory}", megabytes=stated)


@pytest.fixture(autouse=True)
def fresh() -> None:
    Fake.made, Fake.raises = {}, {}


def machine(total: float) -> Callable[[], float]:
    """A machine with that many MB, less what the fakes hold."""
    return lambda: total * 1e6 - sum(one.held() for one in Fake.made.values())


def filled(warm: ModelCache, spec: BackendSpec) -> None:
    window = Window(np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), bool))
    warm.get(spec).inpaint(window, Options(), Progress())


def test_one_heavy_backend_is_held_at_a_time_and_light_ones_stay() -> None:
    warm = ModelCache(Settings(), machine(64_000))
    first, second, light = fake("first", 3000), fake("second", 800), fake("light", 90)
    for spec in (light, first, light):
        filled(warm, spec)
    assert (warm.held("first"), Fake.made["first"].released) == (3000e6, 0)
    filled(warm, second)
    assert (Fake.made["first"].released, Fake.made["first"].held()) == (1, 0)
    assert "first" not in warm
    assert "second" in warm
    assert "light" in warm
    filled(warm, second)
    assert Fake.made["second"].released == 0


def test_a_heavy_one_leaves_for_a_light_one_only_where_memory_is_short() -> None:
    heavy, light = fake("heavy", 3000), fake("light")
    roomy = ModelCache(Settings(), machine(8000))
    filled(roomy, heavy)
    filled(roomy, light)
    assert "heavy" in roomy
    tight = ModelCache(Settings(), machine(3300))
    filled(tight, heavy)
    filled(tight, light)
    assert "heavy" not in tight
    assert "light" in tight


def test_what_is_worked_with_is_kept_however_short_memory_is() -> None:
    heavy, guide = fake("heavy", 3000), fake("guide")
    warm = ModelCache(Settings(), machine(3100))
    filled(warm, heavy)
    with warm.used("heavy"):
        warm.get(guide)
        assert warm.held("heavy") == 3000e6
        warm.drop("heavy")
        assert Fake.made["heavy"].released == 0, "it is in somebody's hands"
    assert "heavy" not in warm


@pytest.fixture
def removal(image: Image, mask: Mask) -> Removal:
    return Removal(image, mask)


def session_of(monkeypatch: pytest.MonkeyPatch, *specs: BackendSpec) -> Session:
    monkeypatch.setattr(registry, "BACKENDS", specs)
    return Session()


def test_where_memory_runs_out_what_others_hold_is_given_back_first(
    monkeypatch: pytest.MonkeyPatch, removal: Removal
) -> None:
    session = session_of(monkeypatch, fake("other", 90), fake("wanting", 90))
    session.remove(removal, "other")
    Fake.raises["wanting"] = lambda: MemoryError() if Fake.made["other"].loaded else None
    session.remove(removal, "wanting")
    assert Fake.made["other"].released == 1


def test_a_quick_backend_tells_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = fake("quick")
    session = session_of(monkeypatch, spec, replace(spec, name="slow", expects=f"{__name__}:tells"))
    assert session.expected("quick") is None
    assert session.expected("slow", {"seed": 3}) == 3


def tells(options: Options, settings: Settings) -> Any:
    return options.seed


def test_the_least_of_machine_and_control_group_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    whole = tmp_path / "meminfo"
    whole.write_text("MemTotal: 16000000 kB\nMemAvailable:   4000000 kB\n")
    monkeypatch.setattr(memory, "_WHOLE", whole)
    monkeypatch.setattr(memory, "CONTROL", tmp_path)
    assert memory.available() == 4_000_000 * 1024
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("2500000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 500000000\n")
    assert memory.available() == 1_000_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available() == 4_000_000 * 1024


def test_handing_back_empties_the_cache_of_whatever_device_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []

    def device(name: str) -> Any:
        return types.SimpleNamespace(is_available=lambda: True, empty_cache=lambda: emptied.append(name))

    mps = device("mps")
    torch = types.SimpleNamespace(cuda=device("cuda"), mps=mps, backends=types.SimpleNamespace(mps=mps))
    monkeypatch.setitem(sys.modules, "torch", torch)
    memory.handed_back()
    assert emptied == ["cuda", "mps"]
    monkeypatch.delitem(sys.modules, "torch")
    memory.handed_back()
    assert "torch" not in sys.modules


LET_GO = """
import numpy as np
from inpaint_app.backends import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

before = resident()
held = [np.ones(2000) for _ in range(12_000)]  # 192 MB in pieces of 16 kB
keep = held[-1]
full = resident()
del held
memory.handed_back()
assert keep.sum() == 2000
print(full - before, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system's own count is Linux's")
def test_memory_that_is_let_go_is_the_system_s_again() -> None:
    """Many small arrays, which the C library would keep for itself; in a process that has nothing free to use again."""
    done = subprocess.run([sys.executable, "-c", LET_GO], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    full, left = map(float, done.stdout.split())
    assert full > 150
    assert left < 60
