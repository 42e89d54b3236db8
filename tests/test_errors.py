"""The one tree of errors."""

from __future__ import annotations

from inpaint_app import errors
from inpaint_app.photofile.jpeg.file import JpegError
from inpaint_app.types import STOPPED
from tests.conftest import ROOT


def test_nothing_found_and_what_is_wrong_with_a_jpeg_stand_in_the_tree() -> None:
    assert issubclass(errors.NothingFound, errors.MaskError)
    assert issubclass(JpegError, errors.PhotoError)
    assert issubclass(errors.MaskDoubt, errors.MaskError)
    assert errors.MaskDoubt("Which?", "invert", "as_is").ways == ("invert", "as_is")
    tree = errors.__doc__ or ""
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.InpaintError):
            assert name in tree, f"{name} is not drawn in the tree"


def test_only_the_page_speaks_of_what_it_holds() -> None:
    said = "The photo and the mask are as they were"
    for path in (ROOT / "inpaint_app").rglob("*.py"):
        page = path.is_relative_to(ROOT / "inpaint_app" / "ui") or path.name == "work.py"
        assert page or said not in path.read_text(), path
    assert STOPPED == "Stopped."
