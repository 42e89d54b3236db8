"""`python -m inpaint_app` is `inpaint-app`."""

from __future__ import annotations

import sys

from inpaint_app.cli import main

if __name__ == "__main__":
    sys.exit(main())
