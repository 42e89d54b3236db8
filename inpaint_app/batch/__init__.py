"""Many photos, one job: in this process, in several on this machine, or on a cluster; the same files come out.

`run` reads the photos, hands each as a `Task` to an engine, and alone writes results and journal. Engines differ only
in where `work.perform` is called: `alone` here, `processes` on this machine, `cluster` through Dask.
"""

from inpaint_app.batch.photos import SUFFIXES, Masks, listed, masks_among, masks_in, photos_in
from inpaint_app.batch.runner import Summary, run, zipped
from inpaint_app.batch.work import result_suffix

__all__ = [
    "SUFFIXES", "Masks", "Summary", "listed", "masks_among", "masks_in", "photos_in", "result_suffix", "run", "zipped",
]  # fmt: skip
