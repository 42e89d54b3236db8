"""Folders, tar files and the reports' data sets, on made photos."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError, PhotoTooLarge, UnreadablePhoto
from inpaint_app.lab.evaluation import photosets
from inpaint_app.lab.evaluation.holes import parse
from inpaint_app.lab.evaluation.photosets import PRESETS, fitted, gathered, photos, preset
from inpaint_app.photofile.photo import Limits
from tests.lab.evaluation.conftest import picture


def test_a_folder_with_its_subfolders(folder: Path) -> None:
    found = photos(folder)
    assert [photo.name for photo in found] == ["p0.png", "p1.png", "p2.png", "sub/p3.png"]
    np.testing.assert_array_equal(found[3].read(Limits()), picture(3))


def test_a_tar_file(archive: Path) -> None:
    found = photos(archive)
    assert [photo.name for photo in found] == ["0.png", "1.png", "2.png"]
    np.testing.assert_array_equal(found[2].read(Limits()), picture(2))
    np.testing.assert_array_equal(found[0].read(Limits()), picture(0))


def test_a_limit_draws_by_the_seed(folder: Path) -> None:
    first = photos(folder, limit=2, seed=1)
    assert len(first) == 2
    assert first == photos(folder, limit=2, seed=1)
    assert len({photos(folder, limit=2, seed=seed) for seed in range(12)}) > 1
    assert photos(folder, limit=99) == photos(folder)


def test_only_names_that_fit(folder: Path) -> None:
    assert [photo.name for photo in photos(folder, only="p[12].*")] == ["p1.png", "p2.png"]
    with pytest.raises(OptionError, match="named q"):
        photos(folder, only="q*")


def test_what_holds_no_photo(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no photo"):
        photos(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(OptionError, match="neither"):
        photos(tmp_path / "a.txt")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UnreadablePhoto):
        photos(tmp_path)[0].read(Limits())


def packed(method: int = zipfile.ZIP_STORED, changed: dict[int, bytes] | None = None) -> bytes:
    """A zip of one photo; changed: what else stands in its entry's header, and so in the list at its end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.png", bytes(500))
    data = bytearray(buffer.getvalue())
    listed = data.index(b"PK\x01\x02")
    for at, value in (changed or {}).items():
        data[at : at + len(value)] = value
        place = listed + (46 if at == 30 else at + 2)
        data[place : place + len(value)] = value
    return bytes(data)


ARCHIVES = {
    "lzma": packed(zipfile.ZIP_LZMA),
    "an unknown way of packing": packed(changed={8: b"\x63\0"}),
    "an unknown version": packed(changed={4: b"\x63\0"}),
    "a password": packed(changed={6: b"\x01\0"}),
    "a name that is no UTF-8": packed(changed={6: b"\0\x08", 30: b"\xff"}),
    "deflated, and damaged": packed(changed={8: b"\x08\0"}),
    "nothing at its end": packed()[:-30],
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_archives_of_any_content_are_one_sentence(tmp_path: Path, what: str) -> None:
    (tmp_path / "a.zip").write_bytes(ARCHIVES[what])
    with pytest.raises((OptionError, UnreadablePhoto)) as caught:
        photos(tmp_path / "a.zip")[0].read(Limits())
    assert str(caught.value).endswith((".", "photos."))


def test_what_is_sent_as_a_zip_is_one_and_lists_no_more_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(tmp_path / "a.zip", "w:xz") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    with pytest.raises(OptionError, match="is no zip file"):
        gathered([tmp_path / "a.zip"])
    (tmp_path / "a.zip").write_bytes(packed())
    assert len(gathered([tmp_path / "a.zip"])) == 1
    monkeypatch.setattr(photosets, "NAMES_BYTES", 40)
    with pytest.raises(OptionError, match="lists too many files"):
        gathered([tmp_path / "a.zip"])


def test_what_an_archive_unpacks_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("big.png")
        member.size = 20_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    with pytest.raises(PhotoTooLarge, match="more than 1 MB unpacked"):
        photos(tmp_path / "a.tar.gz")[0].read(Limits(megabytes=1))


def test_square_stretch_and_fit() -> None:
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    image[:, 10:50, 0] = 200  # the central square
    assert fitted(image, None) is image
    square = fitted(image, 20)
    assert square.shape == (20, 20, 3)
    assert (square[..., 0] == 200).all()
    assert fitted(image, 20, "stretch").shape == (20, 20, 3)
    assert fitted(image, 20, "stretch")[:, :3, 0].max() < 100
    assert fitted(image, 30, "fit").shape == (20, 30, 3)
    assert fitted(image, 120, "fit").shape == (80, 120, 3)
    with pytest.raises(OptionError):
        fitted(image, 20, "round")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_reads_a_made_folder_as_its_report_did(name: str, tmp_path: Path) -> None:
    like = preset(name)
    inside = tmp_path / (like.inside[-1] if like.inside else "")
    (inside / "deeper").mkdir(parents=True)
    PillowImage.fromarray(picture(1, 90, 150)).save(inside / "deeper" / "a.jpg")
    if like.inside:
        PillowImage.fromarray(picture(2)).save(tmp_path / "train.jpg")  # lies outside, is not measured on
    found = photos(tmp_path, like=like)
    assert [photo.name for photo in found] == ["deeper/a.jpg"]
    image = fitted(found[0].read(Limits()), like.size, like.crop)
    assert image.shape == (like.size, like.size, 3)
    for text in like.holes:
        assert parse(text).draw(image.shape, name="a").any()


def test_the_reports_holes_come_out_to_the_pixel() -> None:
    def area(name: str) -> list[int]:
        like = preset(name)
        return [int(parse(text).draw((like.size, like.size)).sum()) for text in like.holes]

    assert area("places365") == area("miniplaces") == area("paris-streetview") == [64 * 64]
    assert area("places-256") == [64 * 64]
    assert area("celeba")[:3] == [20 * 20, 10 * 10, 30 * 30]
    assert area("celeba")[5] == 20 * 20
    with pytest.raises(OptionError, match="no-such"):
        preset("no-such")


def test_photos_out_of_zips_and_files_have_names_of_their_own(tmp_path: Path) -> None:
    import io
    import zipfile

    from inpaint_app.errors import PhotoError
    from inpaint_app.lab.evaluation.photosets import gathered

    buffer = io.BytesIO()
    PillowImage.new("RGB", (8, 6), (1, 2, 3)).save(buffer, "PNG")
    single = tmp_path / "a.png"
    single.write_bytes(buffer.getvalue())
    for name in ("one.zip", "two.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("a.png", buffer.getvalue())
            archive.writestr("broken.jpg", b"nothing")
            archive.writestr("notes.txt", b"nothing")
            archive.writestr(".hidden.png", b"nothing")
    found = gathered([single, tmp_path / "one.zip", tmp_path / "two.zip"])
    assert [photo.name for photo in found] == [
        "a.png", "a.png (2)", "broken.jpg", "a.png (3)", "broken.jpg (2)",
    ]  # fmt: skip
    assert found[3].read(Limits()).shape == (6, 8, 3)
    with pytest.raises(PhotoError):
        found[2].read(Limits())
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(OptionError, match=r"damaged\.zip"):
        gathered([damaged])


def test_a_member_that_unpacks_to_more_than_a_photo_may_have_is_refused(tmp_path: Path) -> None:
    import zipfile

    from inpaint_app.errors import PhotoTooLarge

    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(3_000_000))
    (photo,) = photos(tmp_path / "bomb.zip")
    with pytest.raises(PhotoTooLarge, match="more than 1 MB"):
        photo.read(Limits(megabytes=1))
