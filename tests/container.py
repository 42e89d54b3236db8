"""Runs the steps of the Dockerfile without an engine: in a fresh folder, with a fresh venv, as an ordinary user.

What is real: the files that .dockerignore lets through and COPY takes, the venv, pip's check of requirements.txt, the
build and installation of the package, ENV, USER, VOLUME, HEALTHCHECK and CMD. What stands in: the base image is this
machine's Python; the heavy packages are those of the running environment, put in by a .pth file before pip looks at the
requirements; apt-get, useradd and install -o only write down what was asked of them. What is not seen: the base image's
own system libraries (docs/container.md says how those were tried).
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.users import ordinary, python_for_all

WORD = re.compile(r"^([A-Z]+)\s+(.*)$", re.DOTALL)
PAUSE = 1.0


@dataclass
class Step:
    """One instruction: FROM, RUN, COPY, …, and what follows it."""

    word: str
    text: str

    @property
    def command(self) -> list[str]:
        """The words of CMD and of a HEALTHCHECK's CMD; RUN goes through a shell."""
        text = self.text.partition("CMD ")[2] if self.word == "HEALTHCHECK" else self.text
        return list(json.loads(text)) if text.startswith("[") else ["/bin/sh", "-c", text]


def steps_of(text: str) -> list[Step]:
    """The instructions of a Dockerfile, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [WORD.match(line.strip()) for line in joined.splitlines() if line.strip()]
    if not all(found):
        raise ValueError("a line of the Dockerfile is no instruction")
    return [Step(match[1], match[2]) for match in found if match]


def sent(root: Path) -> list[Path]:
    """The tracked files that .dockerignore lets through: a clean tree, as the engine is handed it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, check=True,
    )  # fmt: skip
    rules = [line for line in (root / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    names = [name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file()]
    return [Path(name) for name in names if _kept(name, rules)]


def _kept(name: str, rules: list[str]) -> bool:
    kept, parts = True, name.split("/")
    heads = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    for rule in rules:
        wanted, pattern = rule.startswith("!"), rule.lstrip("!")
        anywhere = pattern.removeprefix("**/")
        hit = any(
            fnmatch.fnmatchcase(head, pattern) and head.count("/") == pattern.count("/") for head in heads
        )
        if pattern.startswith("**/"):
            hit = any(fnmatch.fnmatchcase(part, anywhere) for part in parts)
        if hit:
            kept = wanted
    return kept


@dataclass
class Stage:
    """A stage of the build: its folder stands for /."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    volumes: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


class Build:
    """Carries a Dockerfile's steps out below a folder. `asked` keeps what apt-get, useradd and install were told."""

    def __init__(self, context: Path, work: Path) -> None:
        self.context, self.work = context, work
        self.files = sent(context)
        self.stages: dict[str, Stage] = {}
        self.asked = work / "asked"
        self.asked.write_text("")
        self._stand_ins()

    def run(self) -> Stage:
        """All steps; returns the last stage. Raises CalledProcessError, FileNotFoundError where a step fails."""
        stage = Stage(self.work)
        for step in steps_of((self.context / "Dockerfile").read_text()):
            if step.word == "FROM":
                image, _, name = step.text.partition(" AS ")
                stage = self._from(image, name or "last")
            else:
                getattr(self, f"_{step.word.lower()}")(stage, step)
        return stage

    def _from(self, image: str, name: str) -> Stage:
        if not re.fullmatch(r"python:\d+\.\d+-slim-[a-z]+", image):
            raise ValueError(f"{image} is no pinned Python")
        stage = self.stages[name] = Stage(self.work / name)
        for folder in ("tmp", "opt", "var/lib/apt/lists"):
            (stage.root / folder).mkdir(parents=True)
        return stage

    def _env(self, stage: Stage, step: Step) -> None:
        for word in shlex.split(step.text):
            name, _, value = word.partition("=")
            stage.environment[name] = value.replace("$PATH", stage.environment.get("PATH", "$PATH"))

    def _workdir(self, stage: Stage, step: Step) -> None:
        stage.folder = step.text
        self.inside(stage, step.text).mkdir(parents=True, exist_ok=True)

    def _user(self, stage: Stage, step: Step) -> None:
        if f"useradd {step.text}" not in self.asked.read_text():
            raise ValueError(f"there is no user {step.text}")
        stage.user = step.text

    def _volume(self, stage: Stage, step: Step) -> None:
        if not self.inside(stage, step.text).is_dir():
            raise FileNotFoundError(f"{step.text} would belong to root")
        stage.volumes.append(step.text)

    def _expose(self, stage: Stage, step: Step) -> None:
        stage.environment.setdefault("INPAINT_PORT", step.text)

    def _healthcheck(self, stage: Stage, step: Step) -> None:
        stage.health = step.command

    def _cmd(self, stage: Stage, step: Step) -> None:
        stage.command = step.command

    def _copy(self, stage: Stage, step: Step) -> None:
        words = step.text.split()
        if words[0].startswith("--from="):
            source = self.stages[words.pop(0).removeprefix("--from=")]
            shutil.copytree(self.inside(source, words[0]), self.inside(stage, words[1]), symlinks=True)
            self._moved(self.inside(source, words[0]), self.inside(stage, words[1]))
            return
        *sources, target = words
        place = self.inside(stage, target if target.startswith("/") else f"{stage.folder}/{target}")
        for source in sources:
            taken = [path for path in self.files if path == Path(source) or Path(source) in path.parents]
            if not taken:
                raise FileNotFoundError(f"COPY {source}: .dockerignore keeps it back, or it is not there")
            for path in taken:
                below = path.relative_to(source) if path != Path(source) else Path()
                goal = place / path.name if target.endswith("/") else place / below
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.context / path, goal)

    def _run(self, stage: Stage, step: Step) -> None:
        done = subprocess.run(
            ["/bin/sh", "-c", self.translated(stage, step.text)],
            cwd=self.inside(stage, stage.folder), env=self.environment(stage), capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"RUN {step.text}\n{done.stdout}\n{done.stderr}")
        if "-m venv" in step.text:
            self._lend_packages(stage)

    def inside(self, stage: Stage, path: str) -> Path:
        """Where a path of the container lies here."""
        return stage.root / path.lstrip("/")

    def translated(self, stage: Stage, text: str) -> str:
        """A text with the container's own folders replaced by those below the stage."""
        return re.sub(r"(?<![\w.$}/-])(?=/(?:opt|build|tmp|models|var|home)\b)", str(stage.root), text)

    def environment(self, stage: Stage) -> dict[str, str]:
        """The container's environment: nothing of ours but the way to the registry."""
        ways = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or k.lower().endswith("_proxy")}
        ways |= {
            name: os.environ[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE") if name in os.environ
        }
        path = f"{self.work / 'stand-ins'}:/usr/local/bin:/usr/bin:/bin"
        own = {name: self.translated(stage, value) for name, value in stage.environment.items()}
        own["PATH"] = own.get("PATH", "$PATH").replace("$PATH", path)
        home = self.inside(stage, f"/home/{stage.user}")
        return {**ways, "LANG": "C.UTF-8", "HOME": str(home), "TMPDIR": str(stage.root / "tmp"), **own}

    def _stand_ins(self) -> None:
        """python is this one; what would change the machine writes down what it was told."""
        folder = self.work / "stand-ins"
        folder.mkdir()
        scripts = {
            "python": f'exec "{python_for_all()}" "$@"',
            "apt-get": f'echo "apt-get $*" >> "{self.asked}"',
            "useradd": f'for last; do :; done; echo "useradd $last" >> "{self.asked}"',
            "install": f'for last; do :; done; echo "install $*" >> "{self.asked}"; mkdir -p "$last"',
        }
        for name, line in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)

    def _lend_packages(self, stage: Stage) -> None:
        """Let the fresh venv find this environment's packages, but not this environment's own copy of the project."""
        for site in stage.root.glob("opt/*/lib/python*/site-packages"):
            (site / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def _moved(self, before: Path, after: Path) -> None:
        """A venv names its own folder in its scripts; in the container both stages have it at the same place."""
        for script in (after / "bin").iterdir():
            if script.is_file() and not script.is_symlink():
                script.write_bytes(script.read_bytes().replace(str(before).encode(), str(after).encode()))


@dataclass
class Container:
    """The last stage at work."""

    build: Build
    stage: Stage
    process: subprocess.Popen[bytes] | None = None

    def start(self, port: int, log: Path) -> None:
        """Run CMD as the ordinary user."""
        self.stage.environment["INPAINT_PORT"] = str(port)
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                self._words(self.stage.command), stdout=out, stderr=out, **self._how()
            )

    def healthy(self) -> bool:
        """What HEALTHCHECK says."""
        done = subprocess.run(
            self._words(self.stage.health), capture_output=True, timeout=30, check=False, **self._how()
        )
        return done.returncode == 0

    def wait(self, seconds: float) -> bool:
        """Until it is healthy, or its process or the time is over."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self.process is not None and self.process.poll() is None:
            if self.healthy():
                return True
            time.sleep(PAUSE)
        return False

    def stop(self, seconds: float = 10.0) -> int:
        """What `docker stop` does: SIGTERM, and ten seconds later SIGKILL. Returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(10)

    def _words(self, words: list[str]) -> list[str]:
        """The program as the container's PATH finds it."""
        found = shutil.which(words[0], path=self.build.environment(self.stage)["PATH"])
        if found is None:
            raise FileNotFoundError(words[0])
        return [found, *words[1:]]

    def _how(self) -> dict[str, object]:
        user = ordinary(self.stage.root)
        return {
            "cwd": self.build.inside(self.stage, self.stage.folder),
            "env": self.build.environment(self.stage),
            **({"user": user, "group": user, "extra_groups": []} if user else {}),
        }
