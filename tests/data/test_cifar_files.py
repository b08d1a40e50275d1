"""CIFAR-10's own files: both versions as torchvision reads them, packed or not, and never run."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import pickletools
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from engine.data.pictures import PictureData, load_pictures, tar
from engine.data.pictures.cifar_pickle import read_batch
from engine.errors import UserError

BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
COUNT = 20


def batch(number: int, count: int = COUNT) -> tuple[np.ndarray, list[int]]:
    """(count, 3072) uint8 and their labels."""
    random = np.random.default_rng(number)
    return random.integers(0, 256, (count, 3072), np.uint8), (np.arange(count) % 10).tolist()


def binary(pictures: np.ndarray, labels: list[int]) -> bytes:
    return np.concatenate([np.array(labels, np.uint8)[:, None], pictures], axis=1).tobytes()


def python_2(pictures: np.ndarray, labels: list[int]) -> bytes:
    """A batch as Python 2 and NumPy 1 wrote the published ones: text as bytes, arrays by a state."""

    def text(value: bytes) -> bytes:
        return (
            b"U" + bytes([len(value)]) + value
            if len(value) < 256
            else b"T" + struct.pack("<i", len(value)) + value
        )

    def number(value: int) -> bytes:
        return b"K" + bytes([value]) if 0 <= value < 256 else b"J" + struct.pack("<i", value)

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06" + number(0) + b"\x85"
        + text(b"b") + b"\x87Rq\x07(" + number(1) + number(len(pictures)) + number(3072) + b"\x86"
        + b"cnumpy\ndtype\nq\x08" + text(b"u1") + number(0) + number(1) + b"\x87Rq\x09("
        + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb\x89"
        + text(pictures.tobytes()) + b"tb"
    )  # fmt: skip
    names = b"".join(text(b"picture_%d.png" % index) for index in range(len(labels)))
    return (
        b"\x80\x02}q\x01(" + text(b"batch_label") + text(b"training batch 1 of 5")
        + text(b"labels") + b"]q\x02(" + b"".join(number(label) for label in labels)
        + b"e" + text(b"data") + array + text(b"filenames")
        + b"]q\x0a(" + names + b"eu."
    )  # fmt: skip


def write_binary(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(BATCHES):
        (folder / f"{name}.bin").write_bytes(binary(*batch(number)))
    (folder / "batches.meta.txt").write_text("\n".join(CLASSES) + "\n\n")
    return folder


def write_python(folder: Path, dump: Callable[[np.ndarray, list[int]], bytes] = python_2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(BATCHES):
        (folder / name).write_bytes(dump(*batch(number)))
    (folder / "batches.meta").write_bytes(
        pickle.dumps({"label_names": CLASSES, "num_cases_per_batch": COUNT}, 2)
    )
    return folder


def packed(folder: Path, target: Path, mode: str = "w:gz") -> Path:
    with tarfile.open(target, mode, format=tarfile.USTAR_FORMAT) as archive:
        archive.add(folder, "cifar-10-batches")
    return target


def torchvisions(root: Path, train: bool) -> CIFAR10:
    """The Python version in root/batches as torchvision reads it."""
    md5 = {name: hashlib.md5((root / "batches" / name).read_bytes()).hexdigest() for name in BATCHES}

    class Written(CIFAR10):
        base_folder = "batches"
        train_list = [[name, md5[name]] for name in BATCHES[:5]]  # noqa: RUF012
        test_list = [["test_batch", md5["test_batch"]]]  # noqa: RUF012
        meta = {  # noqa: RUF012
            "filename": "batches.meta",
            "key": "label_names",
            "md5": hashlib.md5((root / "batches" / "batches.meta").read_bytes()).hexdigest(),
        }

    return Written(root, train)


def assert_is_the_set(data: PictureData) -> None:
    expected = np.concatenate([batch(number)[0] for number in range(5)]).reshape(-1, 3, 32, 32)
    assert (data.train.pictures.numpy() == expected).all()
    assert (data.test.pictures.numpy() == batch(5)[0].reshape(-1, 3, 32, 32)).all()
    assert data.train.labels.tolist() == batch(0)[1] * 5
    assert (data.shape, data.classes, data.notes) == ((3, 32, 32), tuple(CLASSES), ())
    assert data.split == f"The test pictures are CIFAR-10's own {COUNT}."
    assert (data.train.names[17], data.test.names[3]) == ("train 17", "test 3")


@pytest.mark.parametrize("dump", ["python 2", 2, 3, 4, 5])
def test_the_python_version_is_what_torchvision_reads(tmp_path: Path, dump: str | int) -> None:
    def dumped(pictures: np.ndarray, labels: list[int]) -> bytes:
        return pickle.dumps({"data": pictures, "labels": labels, "filenames": ["a.png"] * len(labels)}, dump)

    write_python(tmp_path / "batches", python_2 if dump == "python 2" else dumped)
    data = load_pictures("cifar10", tmp_path)
    for some, train in ((data.train, True), (data.test, False)):
        oracle = torchvisions(tmp_path, train)
        assert (some.pictures.permute(0, 2, 3, 1).numpy() == oracle.data).all()
        assert some.labels.tolist() == oracle.targets
        assert list(data.classes) == oracle.classes
    assert_is_the_set(data)


def test_the_binary_version_and_every_packing(tmp_path: Path) -> None:
    folder = write_binary(tmp_path / "b" / "cifar-10-batches-bin")
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"x/{file.name}")
    (tmp_path / "fetched").mkdir()
    places = (
        folder,
        folder.parent,
        folder / "test_batch.bin",
        tmp_path / "c.zip",
        packed(folder, tmp_path / "c.tar", "w"),
        packed(folder, tmp_path / "fetched" / "cifar-10-binary.tar.gz"),
        tmp_path / "fetched",
        packed(write_python(tmp_path / "p"), tmp_path / "p.tgz"),
    )
    for place in places:
        assert_is_the_set(load_pictures("cifar10", place))


def test_a_part_of_the_set_is_used_and_said_to_be(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"data_batch_{number}.bin").write_bytes(binary(*batch(number, 100)))
    data = load_pictures("cifar10", tmp_path)
    assert data.split == "A tenth of each class, drawn with seed 0, is held out: 20 of 200 pictures."
    assert data.notes == ("3 of its 5 training files are missing.",)
    assert data.classes == tuple(CLASSES)


class Runs:
    """Pickles to a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_batch_never_runs(tmp_path: Path, protocol: int) -> None:
    sentinel = tmp_path / "sentinel"
    pictures, labels = batch(0)
    for gadget in (
        Runs(os.system, f"echo > '{sentinel}'"),
        Runs(Path.touch, sentinel),
        Runs(getattr, str, "join"),
    ):
        data = pickle.dumps({"data": pictures, "labels": labels, "x": gadget}, protocol)
        (tmp_path / "data_batch_1").write_bytes(data)
        with pytest.raises(UserError, match="data_batch_1 is a pickle, which can run code") as caught:
            load_pictures("cifar10", tmp_path)
        assert "binary version" in caught.value.next
        assert not sentinel.exists()


def test_the_gadget_is_real(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps({"x": Runs(Path.touch, tmp_path / "sentinel")}))
    assert (tmp_path / "sentinel").exists()


def test_every_opcode_is_known_or_refused() -> None:
    for opcode in pickletools.opcodes:
        with pytest.raises(UserError):
            read_batch(opcode.code.encode("latin-1") + b"\0" * 16 + b".", "data_batch_1")


def test_a_key_that_would_take_for_ever_to_hash_is_refused() -> None:
    doubled = b"\x80\x02}q\x01)q\x00" + b"h\x00h\x00\x86q\x00" * 200 + b"h\x01h\x00K\x01s."
    with pytest.raises(UserError, match="damaged"):
        read_batch(doubled, "data_batch_1")


def test_damage_anywhere_is_refused_or_harmless() -> None:
    good = python_2(*batch(0, 3))
    random = np.random.default_rng(0)
    head = [*range(160), *range(len(good) - 80, len(good))]
    for place in (*head, *random.integers(0, len(good), 100).tolist()):
        changed = bytearray(good)
        changed[place] ^= 1 << int(random.integers(8))
        try:
            pictures, _ = read_batch(bytes(changed), "b")
        except UserError:
            continue
        assert pictures.size == 3 * 3072
    for length in [*range(0, len(good) - 1, 97), len(good) - 1]:
        with pytest.raises(UserError):
            read_batch(good[:length], "b")


@pytest.mark.parametrize(
    "content",
    [
        {"data": np.zeros((3, 3072), np.float32), "labels": [0, 1, 2]},
        {"data": np.zeros((3, 3072), np.uint8), "fine_labels": [0, 1, 2]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1, 10]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1, -1]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1, 1 << 80]},
        {"data": np.asfortranarray(np.zeros((3, 3072), np.uint8)), "labels": [0, 1, 2]},
        {"data": np.zeros((3, 3071), np.uint8), "labels": [0, 1, 2]},
        {"data": np.zeros((0, 3072), np.uint8), "labels": []},
        {"data": b"abc", "labels": [0]},
        [1, 2],
    ],
)
def test_another_content_is_one_sentence(tmp_path: Path, content: Any) -> None:
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(content, 4))
    with pytest.raises(UserError, match="data_batch_1"):
        load_pictures("cifar10", tmp_path)


def test_damaged_binary_files_are_one_sentence(tmp_path: Path) -> None:
    good = binary(*batch(0))
    for data, said in (
        (good[:-1], "no whole number of pictures"),
        (b"\x0a" + good[1:], "none of the ten classes"),
        (b"", "is empty"),
    ):
        (tmp_path / "data_batch_1.bin").write_bytes(data)
        with pytest.raises(UserError, match=said):
            load_pictures("cifar10", tmp_path)
    (tmp_path / "data_batch_1.bin").unlink()
    with pytest.raises(UserError, match=r"does not hold CIFAR-10: neither data_batch_1\.bin"):
        load_pictures("cifar10", tmp_path)


def test_class_names_of_another_count_are_refused(tmp_path: Path) -> None:
    (write_binary(tmp_path) / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(UserError, match="it names 2 classes"):
        load_pictures("cifar10", tmp_path)


def test_a_damaged_tar_is_one_sentence(tmp_path: Path) -> None:
    good = packed(write_binary(tmp_path / "b"), tmp_path / "good.tar.gz").read_bytes()
    for data in (good[: len(good) // 2], good[:600], good[:2000] + bytes(50) + good[2050:]):
        (tmp_path / "bad.tar.gz").write_bytes(data)
        with pytest.raises(UserError, match=r"bad\.tar\.gz could not be read: it is damaged, cut short"):
            load_pictures("cifar10", tmp_path / "bad.tar.gz")


def test_a_tar_bomb_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def archived(name: str, size: int) -> Path:
        with tarfile.open(tmp_path / "t.tar.gz", "w:gz", format=tarfile.USTAR_FORMAT) as archive:
            entry = tarfile.TarInfo(name)
            entry.size = size
            archive.addfile(entry, io.BytesIO(bytes(size)))
        return tmp_path / "t.tar.gz"

    monkeypatch.setattr(tar, "LARGEST_FILE", 10_000)
    with pytest.raises(UserError, match=r"data_batch_1\.bin in it has 10,001 bytes"):
        load_pictures("cifar10", archived("../../data_batch_1.bin", 10_001))
    monkeypatch.setattr(tar, "LARGEST_WHOLE", 2**20)
    with pytest.raises(UserError, match="would unpack to more than"):
        load_pictures("cifar10", archived("other", 2**20 + 1))


def test_links_and_devices_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "t.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("data_batch_1.bin")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    with pytest.raises(UserError, match="does not hold CIFAR-10"):
        load_pictures("cifar10", tmp_path / "t.tar")
