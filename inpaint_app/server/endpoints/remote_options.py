"""Options as they come over the network: what names a file on the command line is a name from a list here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from inpaint_app.backends import registry as backends
from inpaint_app.errors import OptionError


def from_network(given: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """The options that a page or a caller sent for a backend.

    Whether a path exists would be told by the answer, so none is taken. Raises OptionError, the same for every value
    that is not on the list.
    """
    for field in dataclasses.fields(backends.find(backend).options):
        listed = field.metadata.get("listed")
        if listed is not None and field.name in given and given[field.name] not in ("", *listed):
            raise OptionError(
                f"{field.name} is none of those that a server takes ({', '.join(listed)}): leave it empty for the one "
                "that the server's owner has set."
            )
    return dict(given)
