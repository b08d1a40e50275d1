"""Files are whole or absent, and a damaged one is a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from safetensors.torch import save as safetensors_save

from engine import checkpoint
from engine.checkpoint import load_json, load_tensors, save_json, save_tensors, write_bytes_atomically
from engine.errors import UserError


def test_importing_it_imports_no_torch() -> None:
    code = "import sys, engine.checkpoint; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_json_comes_back(tmp_path: Path) -> None:
    value = {"name": "Größe ∑", "list": [1, 2.5, None, True], "nested": {"a": []}}
    save_json(tmp_path / "settings.json", value)
    assert load_json(tmp_path / "settings.json") == value
    assert [file.name for file in tmp_path.iterdir()] == ["settings.json"]


def test_not_a_number_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"{'a': 1}"])
def test_damaged_json_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.json").write_bytes(content)
    with pytest.raises(UserError, match=r"^s\.json could not be read: it is damaged, or not JSON\.$"):
        load_json(tmp_path / "s.json")


def test_missing_and_huge_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_json(tmp_path / "none.json")
    monkeypatch.setattr(checkpoint, "LARGEST_JSON", 10)
    save_json(tmp_path / "long.json", list(range(100)))
    with pytest.raises(UserError, match=r"long\.json could not be read"):
        load_json(tmp_path / "long.json")


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    file = tmp_path / "run.json"
    save_json(file, "old")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, stage, full)
    with pytest.raises(UserError, match=r"run\.json could not be saved: No space left on device"):
        save_json(file, "new")
    monkeypatch.undo()
    assert load_json(file) == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    left, fresh = tmp_path / ".a.json.0123.partial", tmp_path / ".a.json.4567.partial"
    for file in (left, fresh):
        file.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    save_json(tmp_path / "a.json", 1)
    assert not left.exists()
    assert fresh.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_while_saving_the_file_stays_readable(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    code = f"""
from engine.checkpoint import save_json
print("ready", flush=True)
n = 0
while True:
    n += 1
    save_json({str(file)!r}, [n] * 20_000)
"""
    for kill in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while not file.exists():
            assert process.poll() is None
        for _ in range(5 + 7 * kill):
            assert len(set(load_json(file))) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert len(load_json(file)) == 20_000


def test_tensors_come_back(tmp_path: Path) -> None:
    shared = torch.arange(12.0).reshape(3, 4)
    tensors = {
        "w": shared,
        "same": shared,
        "column": shared[:, 1],
        "n": torch.tensor(3),
        "none": torch.empty(0, 2),
    }
    save_tensors(tmp_path / "w.safetensors", tensors, {"epoch": "3"})
    loaded, metadata = load_tensors(tmp_path / "w.safetensors")
    assert metadata == {"epoch": "3"}
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)
    assert all(
        torch.equal(value, loaded[name]) for name, value in load_file(tmp_path / "w.safetensors").items()
    )


def _safetensors(header: object, data: bytes = b"\0" * 16) -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return len(text).to_bytes(8, "little") + text + data


GOOD = safetensors_save({"a": torch.zeros(2, 2)})
DAMAGED = {
    "empty": b"",
    "truncated": GOOD[:-1],
    "longer": GOOD + b"\0",
    "no header": b"\xff" * 64,
    "huge header": (2**60).to_bytes(8, "little") + b"{}",
    "not an object": _safetensors([1, 2]),
    "not JSON": _safetensors(b"{'a': 1}"),
    "deep": _safetensors(b"[" * 100_000),
    "huge shape": _safetensors({"a": {"dtype": "F32", "shape": [0, 10**18], "data_offsets": [0, 0]}}, b""),
    "negative": _safetensors({"a": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}),
    "too many numbers": _safetensors({"a": {"dtype": "F32", "shape": [10**6], "data_offsets": [0, 16]}}),
    "overlap": _safetensors(
        {key: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for key in ("a", "b")}
    ),
    "gap": _safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}),
    "twice": _safetensors(b'{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "a": 1}'),
    "unknown type": _safetensors({"a": {"dtype": "X9", "shape": [4], "data_offsets": [0, 16]}}),
    "metadata": _safetensors({"__metadata__": {"a": 1}}, b""),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_tensors_are_one_sentence(tmp_path: Path, case: str) -> None:
    (tmp_path / "w.safetensors").write_bytes(DAMAGED[case])
    with pytest.raises(UserError, match=r"^w\.safetensors could not be read: it is damaged") as caught:
        load_tensors(tmp_path / "w.safetensors")
    assert caught.value.sentence.count(".") == 2
    assert caught.value.details


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(UserError, match="could not be saved"):
        write_bytes_atomically(tmp_path / "a.json", b"x")
    with pytest.raises(UserError, match="could not be read"):
        load_json(tmp_path / "a.json")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
