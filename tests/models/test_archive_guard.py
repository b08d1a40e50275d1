"""A zip archive that would unpack to too much, or lies about itself, is refused from its directory."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import torch

from engine.errors import UserError
from engine.models import archive_guard
from engine.models.archive_guard import open_archive, read_entry


def archive(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, data in entries:
            file.writestr(name, data)
    return stream.getvalue()


def opened(data: bytes) -> None:
    with open_archive(io.BytesIO(data), "a.pt2") as file:
        for entry in file.namelist():
            read_entry(file, entry, 1000, "a.pt2")


def test_what_torch_writes_opens(tmp_path: Path) -> None:
    torch.save({"w": torch.rand(5)}, tmp_path / "w.pth")
    with open_archive(tmp_path / "w.pth", "w.pth") as file:
        assert len(read_entry(file, "w/data/0", 20, "w.pth")) == 20
        with pytest.raises(UserError, match="could not be read"):
            read_entry(file, "w/data/0", 19, "w.pth")
        with pytest.raises(UserError, match="could not be read"):
            read_entry(file, "w/data/1", 19, "w.pth")


@pytest.mark.parametrize("data", [b"", b"PK", b"\x89PNG\r\n" * 50, archive(("a", b"b"))[:-1]])
def test_not_an_archive(data: bytes) -> None:
    with pytest.raises(UserError, match=r"^a\.pt2 could not be read: it is damaged, cut off, or not what"):
        opened(data)


def test_a_bomb(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(archive(("a/0", bytes(2**26)), compression=zipfile.ZIP_DEFLATED))
    tracemalloc.start()
    with pytest.raises(UserError, match="as bombs do"), open_archive(tmp_path / "b", "b"):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**18


def test_too_much_altogether(monkeypatch: pytest.MonkeyPatch) -> None:
    data = archive(("a", bytes(600)), ("b", bytes(600)))
    monkeypatch.setattr(archive_guard, "LARGEST_ARCHIVE", 1000)
    with pytest.raises(UserError, match="was not opened"):
        opened(data)


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    data = archive(*((f"{n}", b"") for n in range(30)))
    opened(data)
    monkeypatch.setattr(archive_guard, "MOST_ENTRIES", 20)
    with pytest.raises(UserError, match="lists 30 entries, and at most 20"):
        opened(data)


def test_a_directory_that_hides_its_length_in_the_large_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({f"{n}": torch.rand(1) for n in range(30)}, tmp_path / "w.pth")
    data = (tmp_path / "w.pth").read_bytes()
    assert b"PK\x06\x07" in data  # torch writes the 64-bit directory
    monkeypatch.setattr(archive_guard, "MOST_ENTRIES", 20)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was listed"))
    with pytest.raises(UserError, match="at most 20 are read"):
        opened(data)


def test_two_entries_of_one_name() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = archive(("a", b"1"), ("a", b"2"))
    with pytest.raises(UserError, match="could not be read"):
        opened(data)


def test_overlapping_entries() -> None:
    data = bytearray(archive(*((f"{n}", bytes(500)) for n in range(4))))
    first = data.index(b"PK\x01\x02")
    (offset,) = struct.unpack_from("<I", data, first + 42)
    for entry in range(1, 4):
        place = data.index(b"PK\x01\x02", first + 46 * entry)
        struct.pack_into("<I", data, place + 42, offset)
        struct.pack_into("<II", data, place + 20, 2000, 2000)
    with pytest.raises(UserError, match="could not be read"):
        opened(bytes(data))


@pytest.mark.parametrize(("place", "value"), [(8, 1), (10, 12), (10, 14)])
def test_encrypted_or_oddly_packed(place: int, value: int) -> None:
    data = bytearray(archive(("a", b"text")))
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + place, value)
    with pytest.raises(UserError, match="could not be read"):
        opened(bytes(data))


def test_a_wrong_checksum() -> None:
    data = archive(("a", b"some text")).replace(b"some text", b"same text")
    with pytest.raises(UserError, match="could not be read"):
        opened(data)
