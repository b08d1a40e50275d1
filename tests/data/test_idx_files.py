"""MNIST and Fashion-MNIST: their idx files as torchvision reads them, wherever they lie, and damaged ones."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets.mnist import read_image_file, read_label_file

from engine.data.pictures import load_pictures
from engine.data.pictures.idx import read_idx
from engine.errors import UserError

NAMES = (
    *("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    *("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def written(folder: Path, *, packed: bool = True, seed: int = 0, train: int = 60, side: int = 6) -> Path:
    """The four files with random pictures."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for at, count in ((0, train), (2, 20)):
        pictures = random.integers(0, 256, (count, side, side), np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for name, array in zip(NAMES[at : at + 2], (pictures, labels), strict=True):
            data = idx(array)
            (folder / f"{name}.gz" if packed else folder / name).write_bytes(
                gzip.compress(data) if packed else data
            )
    return folder


def test_pictures_and_labels_are_those_that_torchvision_reads(tmp_path: Path) -> None:
    folder = written(tmp_path / "plain", packed=False)
    data = load_pictures("mnist", folder)
    for some, at in ((data.train, 0), (data.test, 2)):
        assert torch.equal(some.pictures[:, 0], read_image_file(str(folder / NAMES[at])))
        assert torch.equal(some.labels, read_label_file(str(folder / NAMES[at + 1])))
        assert some.labels.dtype == torch.int64
    packed = load_pictures("mnist", written(tmp_path / "packed"))
    assert torch.equal(packed.train.pictures, data.train.pictures)
    assert torch.equal(packed.test.labels, data.test.labels)
    assert (data.name, data.title, data.shape, data.classes[3]) == ("mnist", "MNIST", (1, 6, 6), "3")
    assert data.split == "The test pictures are MNIST's own 20."
    assert (data.train.names[17], data.test.names[-1]) == ("train 17", "test 19")


def test_they_are_found_below_and_in_a_zip_and_beside_themselves(tmp_path: Path) -> None:
    folder = written(tmp_path / "data" / "MNIST" / "raw")
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"MNIST/{file.name}")
    expected = load_pictures("mnist", folder).train.pictures
    for path in (tmp_path, tmp_path / "set.zip", folder / f"{NAMES[2]}.gz"):
        assert torch.equal(load_pictures("mnist", path).train.pictures, expected)


def test_names_with_a_dot_and_in_capitals_count(tmp_path: Path) -> None:
    folder = written(tmp_path, packed=False)
    for name in NAMES:
        (folder / name).rename(folder / name.replace("-idx", ".idx").upper())
    assert len(load_pictures("mnist", folder).train) == 60


def test_mnist_and_fashion_mnist_side_by_side_are_told_apart(tmp_path: Path) -> None:
    written(tmp_path / "MNIST" / "raw", seed=1)
    fashion = load_pictures("fashion-mnist", written(tmp_path / "FashionMNIST" / "raw", seed=2))
    assert fashion.classes[9] == "Ankle boot"
    for dataset, seed in (("mnist", 1), ("fashion-mnist", 2)):
        expected = np.random.default_rng(seed).integers(0, 256, (60, 6, 6), np.uint8)
        assert (load_pictures(dataset, tmp_path).train.pictures[:, 0].numpy() == expected).all()
    with pytest.raises(UserError, match="does not hold MNIST"):
        load_pictures("mnist", written(tmp_path / "x" / "fashion").parent)


def test_without_test_files_a_tenth_is_held_out(tmp_path: Path) -> None:
    folder = written(tmp_path, train=200)
    for name in NAMES[2:]:
        (folder / f"{name}.gz").unlink()
    data = load_pictures("mnist", folder, seed=3)
    assert data.split == "A tenth of each class, drawn with seed 3, is held out: 20 of 200 pictures."
    assert data.test.labels.bincount().tolist() == [2] * 10
    oracle = np.random.default_rng(0).integers(0, 256, (200, 6, 6), np.uint8)
    for picture, name in zip(data.test.pictures, data.test.names, strict=True):
        assert (picture[0].numpy() == oracle[int(name.removeprefix("train "))]).all()


def test_progress_is_told_and_may_stop_it(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    load_pictures("mnist", written(tmp_path), pulse=lambda *said: seen.append(said))
    assert seen[0] == ("Reading MNIST's training pictures", 0, 2)
    assert seen[-1] == ("Reading MNIST's test pictures", 2, 2)

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_pictures("mnist", tmp_path, pulse=stop)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[: len(data) // 2], "damaged or cut short"),
        (lambda data: data[:3], "damaged or cut short"),
        (lambda data: data[:-6] + b"\0" + data[-5:], "damaged or cut short"),
        (lambda data: gzip.compress(gzip.decompress(data)[:-1]), "2,160 bytes and it holds only 2,159"),
        (lambda data: gzip.compress(gzip.decompress(data) + b"x"), "2,160 bytes and it holds more"),
        (lambda data: gzip.decompress(data)[:-1], "holds only 2,159"),
        (lambda data: b"\x89PNG" + data, "is not an idx file"),
        (lambda data: idx(np.zeros((3, 4), np.uint8)), "holds 2 dimensions of type 0x08, not 3"),
        (lambda data: b"\0\0\x0d\3" + gzip.decompress(data)[4:], "dimensions of type 0x0d"),
        (lambda data: idx(np.zeros((60, 4, 5), np.uint8)), "60 pictures of 4 × 5 pixels"),
        (lambda data: idx(np.zeros((0, 4, 4), np.uint8)), "0 pictures of 4 × 4 pixels"),
        (lambda data: idx(np.zeros((59, 4, 4), np.uint8)), "59 pictures and 60 labels"),
        (lambda data: idx(np.zeros((60, 4, 4), np.uint8)), "do not belong together"),
    ],
)  # fmt: skip
def test_damaged_pictures_are_one_sentence(tmp_path: Path, change, said: str) -> None:
    file = written(tmp_path) / f"{NAMES[0]}.gz"
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(UserError, match=said) as caught:
        load_pictures("mnist", tmp_path)
    assert "Traceback" not in caught.value.sentence


def test_a_label_that_is_no_class_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / f"{NAMES[1]}.gz").write_bytes(idx(np.full(60, 10, np.uint8)))
    with pytest.raises(UserError, match="one of its labels is 10, and there are ten classes"):
        load_pictures("mnist", tmp_path)


def test_a_header_of_a_hundred_thousand_million_allocates_nothing() -> None:
    header = struct.pack(">BBBB3I", 0, 0, 8, 3, 10**9, 10, 10)
    bomb = gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 2**22, 12, 12) + bytes(2**20))
    tracemalloc.start()
    for data in (header, gzip.compress(header), bomb):
        with pytest.raises(UserError, match="too large to open"):
            read_idx(data, "train-images", 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_missing_file_says_what_is_there(tmp_path: Path) -> None:
    (written(tmp_path) / f"{NAMES[1]}.gz").unlink()
    with pytest.raises(UserError, match=r"only t10k.*, train-images-idx3-ubyte\.gz is there") as caught:
        load_pictures("mnist", tmp_path)
    assert "have them fetched" in caught.value.next
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="its files are not there"):
        load_pictures("mnist", tmp_path / "empty")


def test_training_and_test_pictures_of_two_sizes_are_refused(tmp_path: Path) -> None:
    written(tmp_path, side=6)
    (tmp_path / f"{NAMES[2]}.gz").write_bytes(idx(np.zeros((20, 7, 7), np.uint8)))
    with pytest.raises(
        UserError, match="do not belong together: the first have 6 pixels a side and the others 7"
    ):
        load_pictures("mnist", tmp_path)
