"""A person's own folder of pictures: found, parted, made one size, and nothing in it does any harm."""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as transforms

from engine.data.images import decode_image
from engine.data.pictures import PictureData, files, load_pictures, squares
from engine.data.pictures.layout import arrange
from engine.data.pictures.squares import affordable_side, square
from engine.errors import UserError


def noise(width: int, height: int, seed: int = 0, grey: bool = False) -> Image.Image:
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (height, width) if grey else (height, width, 3), np.uint8))


def save(image: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def written(folder: Path, counts: dict[str, int], side: int = 12) -> Path:
    """A folder of PNG files, class by class."""
    for seed, (name, count) in enumerate(counts.items()):
        for number in range(count):
            save(noise(side, side, 100 * seed + number), folder / name / f"{number}.png")
    return folder


def zipped(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, prefix + path.relative_to(folder).as_posix())
    return target


def by_name(data: PictureData) -> dict[str, tuple[np.ndarray, str]]:
    return {
        name: (picture.numpy(), data.classes[label])
        for some in (data.train, data.test)
        for name, picture, label in zip(some.names, some.pictures, some.labels.tolist(), strict=True)
    }


def oracle(image: Image.Image, side: int) -> np.ndarray:
    """(C, side, side) as torchvision makes it."""
    resized = transforms.resize(image, side, InterpolationMode.BICUBIC)
    array = np.asarray(transforms.center_crop(resized, side))
    return array.transpose(2, 0, 1) if array.ndim == 3 else array[None]


SIZES = [(40, 40), (97, 41), (33, 180), (32, 32), (20, 15), (8, 30), (191, 100), (50, 33)]


def test_pictures_of_any_size_become_the_squares_that_torchvision_makes(tmp_path: Path) -> None:
    for at, size in enumerate(SIZES):
        save(noise(*size, seed=at), tmp_path / "ab"[at % 2] / f"{at}.png")
    found = by_name(load_pictures("folder", tmp_path, side=32))
    assert len(found) == len(SIZES)
    for at, size in enumerate(SIZES):
        picture, label = found[f"{'ab'[at % 2]}/{at}.png"]
        assert label == "ab"[at % 2]
        assert np.abs(picture.astype(int) - oracle(noise(*size, seed=at), 32)).max() <= 1


def test_a_large_photograph_is_averaged_without_a_visible_difference() -> None:
    ramp = np.linspace(0, 255, 900, dtype=np.float32)
    waves = 60 * np.sin(np.arange(900) / 9)[:, None] * np.cos(np.arange(900) / 7)[None]
    image = Image.fromarray(
        np.clip(ramp[:, None] * 0.5 + ramp[None] * 0.3 + waves, 0, 255).astype(np.uint8)
    ).convert("RGB")
    file = io.BytesIO()
    image.save(file, "PNG")
    reduced = square(decode_image(file.getvalue(), "x.png", short_side=squares.GAP * 64).rgb, 64)
    assert np.abs(reduced.astype(int) - oracle(image, 64).transpose(1, 2, 0)).max() <= 6


@pytest.mark.parametrize("shape", [(10, 30_000), (30_000, 10), (1, 1), (1, 4000)])
def test_extreme_shapes_have_a_middle(shape: tuple[int, int]) -> None:
    rgb = np.zeros((*shape, 3), np.uint8)
    rgb[:, shape[1] // 2 :] = 200
    made = square(rgb, 16)
    assert made.shape == (16, 16, 3)
    left, right = int(made[:, 0].max()), int(made[:, -1].min())
    assert (left, right) == pytest.approx((0 if shape[1] > 1 else 200, 200), abs=4)  # the filter's ringing


def test_grey_only_where_all_are_grey(tmp_path: Path) -> None:
    for name in "ab":
        save(noise(20, 20, 1, grey=True), tmp_path / name / "1.png")
        save(noise(20, 20, 2, grey=True).convert("RGB"), tmp_path / name / "2.jpg")
    data = load_pictures("folder", tmp_path, side=16)
    assert data.shape == (1, 16, 16)
    assert (
        np.abs(by_name(data)["a/1.png"][0].astype(int) - oracle(noise(20, 20, 1, grey=True), 16)).max() <= 1
    )
    save(noise(20, 20, 3), tmp_path / "b" / "3.png")
    coloured = load_pictures("folder", tmp_path, side=16)
    assert coloured.shape == (3, 16, 16)
    assert (by_name(coloured)["a/1.png"][0] == by_name(data)["a/1.png"][0]).all()


@pytest.mark.parametrize(("short", "side"), [(5, 32), (32, 32), (33, 64), (70, 96), (128, 128), (300, 224)])
def test_the_side_suits_the_median_short_side(tmp_path: Path, short: int, side: int) -> None:
    for at, size in enumerate([(short, short + 3), (short + 9, short), (short, short), (1, 1), (400, 500)]):
        save(noise(*size), tmp_path / "ab"[at % 2] / f"{at}.png")
    assert load_pictures("folder", tmp_path).side == side


def test_too_many_for_the_memory_become_smaller_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [affordable_side(224, count) for count in (1000, 10_000, 30_000, 200_000, 10**6)] == [
        224,
        128,
        96,
        32,
        32,
    ]
    assert affordable_side(500, 2000) == 224
    monkeypatch.setattr(squares, "MOST_BYTES", 100_000)
    data = load_pictures("folder", written(tmp_path, {"a": 3, "b": 3}), side=128)
    assert data.side == 64
    assert data.notes == ("6 pictures of 128 × 128 pixels would take 0.0 GB, so they are made 64 × 64.",)


def test_classes_are_in_a_persons_order_and_a_tenth_is_held_out(tmp_path: Path) -> None:
    data = load_pictures("folder", written(tmp_path / "pets", {"class10": 20, "Class2": 12, "class1": 2}))
    assert data.classes == ("class1", "Class2", "class10")
    assert data.split == "A tenth of each class, drawn with seed 0, is held out: 4 of 34 pictures."
    assert data.test.labels.bincount().tolist() == [1, 1, 2]
    assert (data.name, data.title, data.source) == ("folder", "pets", "The pictures in pets")
    again = load_pictures("folder", zipped(tmp_path / "pets", tmp_path / "other.zip", "x/y/"))
    assert list(again.test.names) == list(data.test.names)
    assert (again.test.pictures == data.test.pictures).all()


@pytest.mark.parametrize("test", ["test", "Val", "valid", "validation", "testing"])
@pytest.mark.parametrize("wrapped", ["", "birds/"])
def test_given_test_pictures_are_used(tmp_path: Path, test: str, wrapped: str) -> None:
    top = tmp_path / "set" / wrapped
    written(top / "Train", {"cat": 5, "dog": 4, "eel": 2})
    written(top / test, {"cat": 2, "dog": 1, "fox": 1})
    data = load_pictures("folder", tmp_path / "set")
    assert (len(data.train), len(data.test)) == (11, 4)
    assert data.classes == ("cat", "dog", "eel", "fox")
    assert data.split == (
        f"The test pictures are the 4 in “{test}”. Of fox there is nothing to train on. "
        "Of eel there is nothing to test on."
    )
    assert set(data.test.names) == {
        f"{test}/{name}" for name in ("cat/0.png", "cat/1.png", "dog/0.png", "fox/0.png")
    }


def test_of_two_folders_to_test_on_the_first_is_taken(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        written(tmp_path / part, {"a": 2, "b": 2})
    data = load_pictures("folder", tmp_path)
    assert data.split == "The test pictures are the 4 in “test”."
    assert data.notes == ("What lies in val is left out.",)


def test_what_is_no_picture_or_hidden_or_outside_is_left_out(tmp_path: Path) -> None:
    written(tmp_path, {"a": 2, "b": 2, ".hidden": 2, "__MACOSX": 2})
    save(noise(9, 9), tmp_path / "a" / "deep" / "er" / "x.PNG")
    save(noise(9, 9), tmp_path / "loose.png")
    (tmp_path / "a" / "notes.txt").write_text("words")
    (tmp_path / "a" / "._0.png").write_bytes(b"macOS")
    (tmp_path / "b" / "again").symlink_to(tmp_path / "b")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path, zipped(tmp_path, tmp_path.parent / "all.zip")):
        data = load_pictures("folder", path)
        expected = {"a/0.png", "a/1.png", "a/deep/er/x.PNG", "b/0.png", "b/1.png"}
        assert set(by_name(data)) - {"b/again/0.png", "b/again/1.png"} == expected
        assert data.classes == ("a", "b")
        assert data.notes == ("Outside the folders of the classes lies one picture, which is left out.",)
        assert not data.skipped


def test_pictures_that_cannot_be_read_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    written(tmp_path, {"cats": 12, "dogs": 12, "gone": 1})
    whole = (tmp_path / "cats" / "3.png").read_bytes()
    (tmp_path / "cats" / "3.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "dogs" / "7.png").write_text("just words")
    (tmp_path / "dogs" / "8.png").write_bytes(b"")
    (tmp_path / "gone" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    data = load_pictures("folder", tmp_path)
    assert [error.sentence for error in data.skipped] == [
        "cats/3.png is left out: part of the picture is missing or unreadable.",
        "dogs/7.png is left out: its content is text.",
        "dogs/8.png is left out: the file holds no data.",
        "gone/0.png is left out: part of the picture is missing or unreadable.",
    ]
    assert len(data.train) + len(data.test) == 21
    assert data.classes == ("cats", "dogs")
    assert data.notes == ("No picture of gone can be read: it is left out.",)
    assert all(error.__traceback__ is None and error.__context__ is None for error in data.skipped)
    for name, (picture, _) in by_name(data).items():
        kind, number = name.removesuffix(".png").split("/")
        seed = 100 * ("cats", "dogs").index(kind) + int(number)
        assert np.abs(picture.astype(int) - oracle(noise(12, 12, seed), 32)).max() <= 1


def test_pictures_deleted_while_they_are_read_are_skipped(tmp_path: Path) -> None:
    folder = written(tmp_path, {"a": 40, "b": 40})

    def delete(what: str, done: int, total: int) -> None:
        if what.startswith("Looking"):
            for number in range(30, 40):
                (folder / "b" / f"{number}.png").unlink(missing_ok=True)

    data = load_pictures("folder", folder, pulse=delete)
    assert len(data.skipped) == 10
    assert data.skipped[0].sentence == "b/30.png is left out: there is no such file any more."
    assert len(data.train) + len(data.test) == 70


def test_a_class_with_one_picture_is_trained_on(tmp_path: Path) -> None:
    data = load_pictures("folder", written(tmp_path, {"cat": 10, "dog": 1}))
    assert data.split.endswith("Of dog there is only one picture: trained on and not tested.")
    assert data.train.labels.tolist().count(1) == 1
    assert data.test.labels.tolist() == [0]


def test_given_test_pictures_that_cannot_be_read_are_replaced(tmp_path: Path) -> None:
    written(tmp_path / "train", {"a": 10, "b": 10})
    save(noise(5, 5), tmp_path / "test" / "a" / "0.png").write_bytes(b"x")
    data = load_pictures("folder", tmp_path)
    assert data.split == "A tenth of each class, drawn with seed 0, is held out: 2 of 20 pictures."


def refused(path: Path, said: str, **options: int) -> None:
    with pytest.raises(UserError, match=said) as caught:
        load_pictures("folder", path, **options)  # ty: ignore[invalid-argument-type]
    assert caught.value.sentence.endswith(".")


def test_what_is_no_set_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "There is no picture in empty: none of its files is one by its name")
    refused(written(tmp_path / "flat", {".": 3}), "There is no class in flat: its pictures lie side by side")
    refused(
        written(tmp_path / "one", {"cats": 3}),
        "There is only one class in one: all its pictures are in “cats”",
    )
    written(tmp_path / "bad", {"a": 2, "b": 2})
    for file in (tmp_path / "bad").rglob("*.png"):
        file.write_text("words")
    refused(
        tmp_path / "bad",
        r"None of the 4 pictures in bad can be read: with a/0\.png, for one, its content is text",
    )
    save(noise(5, 5), tmp_path / "bad" / "a" / "9.png")
    refused(tmp_path / "bad", "There is only one class in bad: of the others than “a” no picture can be read")
    refused(
        written(tmp_path / "good", {"a": 2, "b": 2}), "Pictures of 4 × 4 pixels can't be trained on", side=4
    )


def test_only_test_pictures_are_not_enough(tmp_path: Path) -> None:
    written(tmp_path / "test", {"a": 2, "b": 2})
    for name in "ab":
        save(noise(5, 5), tmp_path / "train" / name / "0.png").write_bytes(b"x")
    refused(tmp_path, "There is no picture to train on")


def test_progress_is_told_and_stopping_leaves_no_thread(tmp_path: Path) -> None:
    folder = written(tmp_path, {"a": 50, "b": 50})
    seen: list[tuple[str, int, int]] = []
    load_pictures("folder", folder, pulse=lambda *said: seen.append(said))
    assert seen[0] == ("Looking at the sizes of the pictures", 0, 100)
    assert seen[-1] == ("Reading pictures", 100, 100)
    reading = [done for what, done, _ in seen if what == "Reading pictures"]
    assert reading == sorted(reading)

    def stop(what: str, done: int, total: int) -> None:
        if what == "Reading pictures" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_pictures("folder", folder, pulse=stop)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pictures")]


def test_reading_in_threads_leaves_the_warnings_as_they_were(tmp_path: Path) -> None:
    before = list(warnings.filters)
    load_pictures("folder", written(tmp_path, {"a": 50, "b": 50}))
    assert warnings.filters == before


def test_a_photograph_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    half = Image.new("RGB", (60, 40), "black")
    half.paste("white", (0, 0, 30, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    written(tmp_path, {"a": 2, "b": 2})
    half.save(tmp_path / "a" / "turned.jpg", exif=exif, quality=95)
    picture, _ = by_name(load_pictures("folder", tmp_path, side=32))["a/turned.jpg"]
    assert picture[:, :14].min() > 240
    assert picture[:, -14:].max() < 15


def test_every_format_is_read(tmp_path: Path) -> None:
    for at, ending in enumerate(("png", "jpg", "webp", "bmp", "gif", "tif", "ppm", "avif")):
        save(Image.new("RGB", (40, 40), (200, 30, 60)), tmp_path / "ab"[at % 2] / f"x.{ending}")
    data = load_pictures("folder", tmp_path)
    assert not data.skipped
    for picture, _ in by_name(data).values():
        assert np.abs(picture.reshape(3, -1).mean(1) - (200, 30, 60)).max() < 4


class Archive:
    """A zip archive written entry by entry."""

    def __init__(self, path: Path) -> None:
        self.path = path
        png = io.BytesIO()
        noise(9, 9).save(png, "PNG")
        self.picture = png.getvalue()

    def write(self, *names: str | zipfile.ZipInfo, data: bytes | None = None) -> Path:
        with zipfile.ZipFile(self.path, "a", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, self.picture if data is None else data)
        return self.path


def test_names_that_lead_out_of_an_archive_are_refused(tmp_path: Path) -> None:
    for at, name in enumerate(
        ("../b/x.png", "/etc/x.png", "a/../../x.png", "..\\b\\x.png", "C:/x.png", "C:\\x.png")
    ):
        archive = Archive(tmp_path / f"{at}.zip")
        archive.write("a/1.png", "b/1.png", name)
        before = sorted(os.listdir(tmp_path))
        refused(archive.path, "as only a forged archive's does")
        assert sorted(os.listdir(tmp_path)) == before


def test_backslashes_and_names_in_unmarked_utf_8_are_understood(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "w.zip")
    archive.write("a\\1.png", "a\\2.png", "caf__/1.png", "caf__/2.png")
    archive.path.write_bytes(archive.path.read_bytes().replace(b"caf__", "café".encode()))
    with zipfile.ZipFile(archive.path) as read:
        assert "café/1.png" not in read.namelist()
    assert load_pictures("folder", archive.path).classes == ("a", "café")


def test_bombs_are_refused_before_they_unfold(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "b.zip")
    archive.write("a/1.png", "b/1.png")
    archive.write("b/2.png", data=bytes(40 * 2**20))
    refused(archive.path, "b.zip was not opened: its entry b/2.png unpacks to 41943040 bytes, as bombs do")


def test_a_picture_bomb_costs_itself_only(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    archive = Archive(tmp_path / "b.zip")
    archive.write("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    archive.write("b/3.png", data=bomb + chunk(b"IEND", b""))
    data = load_pictures("folder", archive.path)
    assert [error.what for error in data.skipped] == ["b/3.png is left out"]
    assert len(data.train) + len(data.test) == 4


def test_a_damaged_entry_is_skipped_and_a_damaged_archive_refused(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "d.zip")
    archive.write("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    data = bytearray(archive.path.read_bytes())
    data[data.index(b"b/1.png") + 60] ^= 255
    archive.path.write_bytes(data)
    loaded = load_pictures("folder", archive.path)
    assert [error.sentence for error in loaded.skipped] == [
        "b/1.png is left out: it is damaged, cut off, or not what its name says."
    ]
    archive.path.write_bytes(data[:-30])
    refused(archive.path, r"d\.zip could not be read: it is damaged, cut off")


def test_more_pictures_than_can_be_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "x", {"a": 4, "b": 4})
    monkeypatch.setattr(files, "MOST_FILES", 7)
    refused(folder, "x holds too many pictures: at most 7 are read")
    refused(zipped(folder, tmp_path / "x.zip"), r"x\.zip holds too many pictures")
    monkeypatch.setattr(files, "MOST_LOOKED_AT", 5)
    refused(folder, "x holds too much to look through")


def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "x", {"a": 2, "b": 2})
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(files.os, "scandir", refuse)
    refused(folder, "The folder b can't be read: reading it is not allowed")


def test_names_that_cannot_be_printed_are_shown_all_the_same(tmp_path: Path) -> None:
    written(tmp_path, {"a\nb": 2, "c\u202ed": 2})
    data = load_pictures("folder", tmp_path)
    assert data.classes == ("a\ufffdb", "c\ufffdd")
    assert all(name.isprintable() for some in (data.train, data.test) for name in some.names)


def test_single_folders_around_the_classes_are_looked_through() -> None:
    layout = arrange(["x/y/cat/1.png", "x/y/dog/1.png", "x/readme.png"], "x.zip")
    assert layout.classes == ("cat", "dog")
    assert arrange(["train/cat/1.png", "train/dog/1.png"], "t").classes == ("cat", "dog")
    with pytest.raises(UserError, match="There is no class in t"):
        arrange(["train/1.png", "test/1.png"], "t")


@pytest.mark.parametrize("dataset", ["cifar10", "mnist", "fashion-mnist"])
def test_a_published_set_may_be_given_as_pictures_by_class(dataset: str, tmp_path: Path):
    folder = written(tmp_path / "pictures", {"cat": 6, "dog": 6})
    packed = zipped(folder, tmp_path / "pictures.zip")
    as_folder = by_name(load_pictures("folder", folder))
    for path in (folder, packed):
        found = by_name(load_pictures(dataset, path))
        assert found.keys() == as_folder.keys()
        assert all(np.array_equal(found[name][0], as_folder[name][0]) for name in found)


@pytest.mark.parametrize("dataset", ["cifar10", "mnist"])
def test_a_place_with_neither_is_told_of_its_own_files(dataset: str, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(UserError, match="does not hold"):
        load_pictures(dataset, tmp_path)
