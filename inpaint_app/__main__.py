"""`python -m inpaint_app` is `inpaint-app`."""

from __future__ import annotations

from inpaint_app.cli import script

if __name__ == "__main__":
    script()
