"""How many examples hypothesis makes: few and the same in every run, more and others with INPAINT_FUZZ_EXAMPLES."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("INPAINT_FUZZ_EXAMPLES", "0"))
"""0: so many that the tests take seconds, always the same; else that many, and each time others."""


def bounded(examples: int) -> Callable[..., Any]:
    return settings(
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
