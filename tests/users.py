"""Who may run what on this machine: a Python that everybody can reach, and a user with no rights."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path


def python_for_all() -> Path:
    """This Python, or the system's own of the same version where this one lies in somebody's closed folder."""
    own = Path(sys.executable)
    system = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if open_to_all(own.resolve()) or not system.is_file():
        return own
    able = subprocess.run([system, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return system if able.returncode == 0 else own


def open_to_all(place: Path) -> bool:
    """Whether every user can get there."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in place.parents)


def ordinary(folder: Path) -> int:
    """A user who may write nowhere but where everybody may, 0 where we are no root or that user cannot get here."""
    places = (folder, Path(sysconfig.get_path("purelib")), python_for_all().resolve())
    if os.geteuid() != 0 or not all(open_to_all(place) for place in places):
        return 0
    return pwd.getpwnam("nobody").pw_uid
