"""Places that belong to processes, locks that end with them, checked files, and records that go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine import shelf
from engine.checkpoint import write_parts_atomically
from engine.errors import UserError
from engine.file_lock import FileLock
from engine.history import History
from engine.row_history import RowHistory
from engine.safetensors_parts import load_checked, parts_of_file
from engine.shelf import Shelf

HOLDS_IT = """
import sys, time
from pathlib import Path
from engine.file_lock import FileLock
lock = FileLock.take(Path(sys.argv[1]))
print(lock is not None, flush=True)
sys.stdin.read()
"""


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path):
    path = tmp_path / "one.lock"
    words = [sys.executable, "-c", HOLDS_IT, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        assert FileLock.take(path) is None
        os.kill(child.pid, signal.SIGKILL)
    lock = FileLock.take(path)
    assert lock is not None
    assert FileLock.take(path) is None
    lock.release()
    lock.release()
    with pytest.raises(FileNotFoundError):
        FileLock.take(tmp_path / "none" / "one.lock")


def test_what_was_left_is_seen_by_one_only_newest_first(tmp_path: Path):
    for number, age in ((1, 30), (3, 10), (4, 20)):
        path = tmp_path / f"run-{number}.safetensors"
        path.write_bytes(b"run")
        os.utime(path, (1e9 - age, 1e9 - age))
    (tmp_path / ".run-2.safetensors.abcd.partial").write_bytes(b"torn")
    (tmp_path / "other.safetensors").write_bytes(b"not ours")
    one = Shelf(tmp_path, "run")
    assert one.own.path.name == "run-2.safetensors"
    assert not list(tmp_path.glob(".*"))
    assert [place.path.name for place in one.left] == [f"run-{n}.safetensors" for n in (3, 4, 1)]
    with pytest.raises(UserError, match="windows use it already"):
        Shelf(tmp_path, "run")
    one.take(one.left[0])
    assert one.own.path.name == "run-3.safetensors"
    one.forget(one.left[0])
    assert one.put_aside(one.left[0]) == "run-1.safetensors.bak"
    two = Shelf(tmp_path, "run")
    assert not two.left
    one.close()
    two.close()
    left = sorted(path.name for path in tmp_path.glob("*.safetensors*"))
    assert left == ["other.safetensors", "run-1.safetensors.bak", "run-3.safetensors"]


def test_where_all_places_are_full_the_oldest_makes_room(tmp_path: Path):
    for number in range(1, shelf.PLACES + 1):
        path = tmp_path / f"run-{number}.safetensors"
        path.write_bytes(b"run")
        os.utime(path, (1e9 - number, 1e9 - number))
    full = Shelf(tmp_path, "run")
    assert full.own.path.name == f"run-{shelf.PLACES}.safetensors"
    assert len(full.left) == shelf.PLACES - 1
    full.close()


TENSORS = {
    "float": torch.randn(3, 4),
    "half": torch.randn(5).half(),
    "brain": torch.randn(5).bfloat16(),
    "double": torch.randn(2, 1, 3).double(),
    "whole": torch.tensor(7),
    "truth": torch.tensor([True, False]),
    "nothing": torch.zeros(0, 4),
    "turned": torch.randn(3, 4).T,
}


def test_a_file_in_parts_is_what_safetensors_reads(tmp_path: Path):
    path = tmp_path / "parts.safetensors"
    write_parts_atomically(path, parts_of_file(TENSORS, {"name": "größe"}))
    for found in (load_file(path), load_checked(path)[0]):
        assert found.keys() == TENSORS.keys()
        assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())
        assert all(found[name].dtype == tensor.dtype for name, tensor in TENSORS.items())
    assert load_checked(path)[1] == {"name": "größe"}


def test_no_changed_byte_goes_unnoticed(tmp_path: Path):
    path = tmp_path / "parts.safetensors"
    write_parts_atomically(path, parts_of_file({"a": torch.ones(2)}, {"step": "12"}))
    whole = path.read_bytes()
    for place in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1
        path.write_bytes(spoiled)
        try:
            tensors, metadata = load_checked(path)
        except UserError:
            continue
        assert spoiled[place : place + 1].isspace() or whole[place : place + 1].isspace()
        assert (tensors["a"].tolist(), metadata) == ([1.0, 1.0], {"step": "12"})


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_a_record_goes_on_from_its_table(count: int):
    whole, rows = History(8), RowHistory(8, 2)
    for step in range(count):
        whole.append(step, step**0.5)
        rows.append(step, (step, np.inf if step % 3 else -step))
    again = History.of_table(whole.table, 8)
    rows_again = RowHistory.of_tables(rows.tables(), 8, 2)
    for step in range(count, count + 40):
        for history in (whole, again):
            history.append(step, step**0.5)
        for row_history in (rows, rows_again):
            row_history.append(step, (step, np.inf if step % 3 else -step))
    for ours, theirs in zip(again.arrays(), whole.arrays(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(rows_again.arrays(), rows.arrays(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_table_of_something_else_is_refused():
    with pytest.raises(ValueError, match="table of"):
        History.of_table(np.zeros((3, 4)), 8)
    with pytest.raises(ValueError, match="tables of"):
        RowHistory.of_tables(RowHistory(8, 3).tables() | {"sums": np.zeros((1, 2))}, 8, 2)
