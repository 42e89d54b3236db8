"""The exemplar engine: fills a hole with the photo's own pixels, sharp at full size, without weights."""

from inpaint_app.backends.exemplar.backend import Exemplar
from inpaint_app.backends.exemplar.options import ExemplarOptions

__all__ = ["Exemplar", "ExemplarOptions"]
