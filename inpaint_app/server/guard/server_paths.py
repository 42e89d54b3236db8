"""Messages without the server's paths: where things lie on its disk is nobody's business but its owner's."""

from __future__ import annotations

import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from gradio.utils import get_upload_folder

import inpaint_app
from inpaint_app.settings import Settings


def without_paths(text: str, settings: Settings) -> str:
    """A message in which a path of this machine is only its last part, the name."""
    if "/" not in text and "\\" not in text:
        return text
    return _paths(_roots(settings)).sub(lambda found: re.split(r"[\\/]", found[0].rstrip("\\/"))[-1], text)


def _roots(settings: Settings) -> tuple[str, ...]:
    """The folders under which this server's own files lie."""
    named = [settings.cache, settings.checkpoints, settings.yolo_weights, Path(settings.sd_model)]
    known = [*named, Path(get_upload_folder()), Path(tempfile.gettempdir()), Path.home(), Path.cwd()]
    known += [Path(inpaint_app.__file__).parents[1], Path(sys.prefix), Path(sys.base_prefix)]
    places = {
        str(place)
        for path in known
        if path is not None and path.is_absolute()
        for place in (path, path.resolve())
    }
    return tuple(sorted((place for place in places if len(place) > 1), key=len, reverse=True))


@lru_cache(maxsize=8)
def _paths(roots: tuple[str, ...]) -> re.Pattern[str]:
    inner = r"(?:[\\/]+[^\s'\"`,;:()<>|\\/]+)*[\\/]*"
    return re.compile(rf"(?<![\w/\\])(?:{'|'.join(map(re.escape, roots))})(?![\w.-]){inner}")
