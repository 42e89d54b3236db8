"""Photos of a burst serve one another in a batch; others are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image as PillowImage

from inpaint_app import batch
from inpaint_app.batch.bursts import bursts
from inpaint_app.photofile.metadata.moment import moment
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Progress
from tests.shots.scenes import hand_held, hole, place, with_thing


def exif(second: int, part: str = "", camera: str = "X100") -> PillowImage.Exif:
    said = PillowImage.Exif()
    said[0x0110] = camera
    said.get_ifd(0x8769).update({0x9003: f"2024:02:29 23:59:{second:02}", 0x9291: part})
    return said


def photo(path: Path, said: PillowImage.Exif | None, image: Image | None = None) -> Path:
    picture = PillowImage.fromarray(place() if image is None else image)
    picture.save(path, quality=95, **({} if said is None else {"exif": said}))
    return path


def test_a_moment_is_read_with_its_parts_and_nothing_broken_is() -> None:
    block = exif(30, "25").tobytes()
    found = moment(block)
    assert found is not None
    assert (found.camera[1], found.seconds % 60) == ("X100", 30.25)
    assert moment(None) is None
    assert moment(b"Exif\0\0II*\0\xff\xff\xff\xff") is None
    assert moment(block.replace(b"2024:02:29", b"0000:00:00")) is None
    for end in range(0, len(block), 3):
        moment(block[:end])  # raises nothing


@pytest.mark.parametrize("apart", [False, True])
def test_a_burst_is_one_camera_in_one_folder_within_seconds(tmp_path: Path, apart: bool) -> None:
    a, b = photo(tmp_path / "a.jpg", exif(10, "1")), photo(tmp_path / "b.jpg", exif(12, "9"))
    c, late = photo(tmp_path / "c.jpg", exif(15)), photo(tmp_path / "late.jpg", exif(40))
    (tmp_path / "elsewhere").mkdir()
    others = [
        late,
        photo(tmp_path / "other.jpg", exif(11, camera="Z9")),
        photo(tmp_path / "elsewhere" / "d.jpg", exif(11)),
        photo(tmp_path / "small.jpg", exif(11), place()[:90]),
        photo(tmp_path / "undated.jpg", None),
    ]
    (tmp_path / "none.jpg").write_text("no photo")
    given = [c, *others, tmp_path / "none.jpg", b, a]
    labels = [path.relative_to(tmp_path).as_posix() for path in given]
    found = bursts(given, labels, Session(Settings(decode_apart=apart)), Progress())
    assert found == {a: (b, c), b: (c, a), c: (b, a)}


@pytest.mark.parametrize("wanted", [True, False])
def test_each_photo_of_a_burst_is_cleaned_with_the_others(tmp_path: Path, wanted: bool) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pictures = [with_thing(place()), with_thing(hand_held(place(), 2), left=20, top=20), place()]
    photos = [photo(folder / f"{n}.jpg", exif(10 + n), image) for n, image in enumerate(pictures)]
    request = Request(mask=hole(), backend="telea")
    session, out = Session(Settings()), tmp_path / "out"
    rows = batch.run(photos, request, out, session, bursts=wanted).rows
    assert [row.status for row in rows] == ["removed"] * 3
    assert all(("true pixels" in row.message) == wanted for row in rows)
    if wanted:
        assert batch.run(photos, request, out, session, bursts=True, resume=True).resumed == 3
        photo(photos[2], exif(12), place(1))
        assert batch.run(photos, request, out, session, bursts=True, resume=True).resumed == 0
