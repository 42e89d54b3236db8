"""Builds the page and launches it: `python app.py`, with the flags of `inpaint-app app` where there are any."""

import os
import sys

from inpaint_app.errors import InpaintError
from inpaint_app.runtime.ending import leave
from inpaint_app.settings import Settings

if __name__ == "__main__" and sys.argv[1:]:
    from inpaint_app.cli import main

    leave(main(["app", *sys.argv[1:]]))

try:
    settings = Settings.from_environment()
except InpaintError as error:
    raise SystemExit(str(error)) from None
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("OMP_NUM_THREADS", str(settings.cores))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads are ten times slower on busy cores

from inpaint_app.removal.session import Session
from inpaint_app.ui.page import build, launch_options
from inpaint_app.ui.serving import serve

demo = build(Session(settings))

if __name__ == "__main__":
    try:
        serve(demo, launch_options(settings))
    except InpaintError as error:
        raise SystemExit(str(error)) from None
    leave(0)
