"""A pickle is read as data: what it asks to run never runs."""

from __future__ import annotations

import builtins
import collections
import io
import os
import pickle
import pickletools
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.errors import UserError
from engine.models.pickle_scan import Refused, read_pickle
from engine.models.stored_tensor import Storage, StoredTensor
from engine.models.torch_file import open_torch_file


class Calls:
    """Pickles to a call of `function`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


def touching(sentinel: Path) -> list[Any]:
    """Values whose unpickling would make the file `sentinel`, each in another way."""
    return [
        Calls(os.system, f"echo > '{sentinel}'"),
        Calls(builtins.eval, f"open({str(sentinel)!r}, 'w').close()"),
        Calls(builtins.exec, f"open({str(sentinel)!r}, 'w').close()"),
        Calls(builtins.open, str(sentinel), "w"),
        Calls(Path.touch, sentinel),
        collections.OrderedDict(w=Calls(os.system, f"echo > '{sentinel}'")),
        Calls(collections.OrderedDict, [("w", Calls(os.system, f"echo > '{sentinel}'"))]),
        Calls(torch.load, str(sentinel)),
        Calls(getattr, str, "join"),
    ]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("way", range(9))
def test_code_never_runs(tmp_path: Path, way: int, protocol: int) -> None:
    sentinel = tmp_path / "sentinel"
    data = pickle.dumps(touching(sentinel)[way], protocol)
    with pytest.raises(Refused):
        read_pickle(io.BytesIO(data))
    assert not sentinel.exists()


def test_the_gadgets_are_real(tmp_path: Path) -> None:
    sentinel = tmp_path / "sentinel"
    made = []
    for value in touching(sentinel)[:7]:
        result = pickle.loads(pickle.dumps(value))
        if isinstance(result, io.IOBase):
            result.close()
        made.append(sentinel.exists())
        sentinel.unlink(missing_ok=True)
    assert made == [True] * 7


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("ending", [".pt", ".pth", ".bin"])
def test_torch_files_with_code_are_refused(tmp_path: Path, ending: str, zipped: bool) -> None:
    sentinel = tmp_path / "sentinel"
    for value in touching(sentinel):
        file = tmp_path / f"model{ending}"
        torch.save({"w": torch.ones(2), "x": value}, file, _use_new_zipfile_serialization=zipped)
        with pytest.raises(UserError) as caught, open_torch_file(file):
            pass
        assert caught.value.sentence == (
            f"model{ending} is a pickle, which can run code when it is opened. "
            "Save it as .safetensors or with torch.export.save as .pt2 and drop that instead."
        )
    assert not sentinel.exists()


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "m.pth")
    with pytest.raises(UserError, match="is a pickle") as caught, open_torch_file(tmp_path / "m.pth"):
        pass
    assert "torch.nn.modules.linear.Linear" in caught.value.details


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_read_as_torch_reads_them(tmp_path: Path, zipped: bool) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(5, 6).half())
    state = model.state_dict()
    state["view"] = torch.arange(24.0).reshape(4, 6)[1:, ::2]
    state["parameter"] = nn.Parameter(torch.ones(2).double())
    state["empty"] = torch.empty(0, 3)
    file = tmp_path / "m.pth"
    torch.save({"epoch": 3, "state_dict": state}, file, _use_new_zipfile_serialization=zipped)
    expected = torch.load(file, weights_only=True)["state_dict"]
    with open_torch_file(file) as opened:
        assert list(opened.shapes) == list(expected)
        for name, tensor in expected.items():
            assert opened.shapes[name] == tuple(tensor.shape)
            assert opened.read(name).dtype == tensor.dtype
            assert torch.equal(opened.read(name), tensor)


def _archive_with(tmp_path: Path, change: Any) -> Path:
    """A saved state dict whose data.pkl was changed."""
    torch.save({"w": torch.ones(4)}, tmp_path / "good.pth")
    with zipfile.ZipFile(tmp_path / "good.pth") as good, zipfile.ZipFile(tmp_path / "bad.pth", "w") as bad:
        for entry in good.namelist():
            data = good.read(entry)
            bad.writestr(entry, change(data) if entry.endswith("data.pkl") else data)
    return tmp_path / "bad.pth"


def test_more_numbers_than_stored_are_refused(tmp_path: Path) -> None:
    def larger(data: bytes) -> bytes:
        changed = data.replace(b"K\x04tq", b"J\x00\x00\x00\x7ftq").replace(
            b"K\x04\x85", b"J\x00\x00\x00\x7f\x85"
        )
        assert changed != data
        return changed

    with open_torch_file(_archive_with(tmp_path, larger)) as opened:
        assert opened.shapes["w"] == (0x7F000000,)
        with pytest.raises(UserError, match="damaged"):
            opened.read("w")


def test_a_tensor_out_of_thin_air_is_refused() -> None:
    storage = Storage("0", "float32", 4)
    StoredTensor(storage, (2, 2), (2, 1), 0).check()
    for shape, stride, offset in (
        ((10**11,), (0,), 0),
        ((2, 2), (2, 1), 1),
        ((4,), (-1,), 3),
        ((4,), (1,), -1),
        ((2,), (1, 1), 0),
    ):
        with pytest.raises(ValueError, match=r"views|shape"):
            StoredTensor(storage, shape, stride, offset).check()


def test_damage_anywhere_is_refused_or_harmless(tmp_path: Path) -> None:
    torch.save(nn.Conv2d(1, 2, 3).state_dict(), tmp_path / "m.pth", _use_new_zipfile_serialization=False)
    good = (tmp_path / "m.pth").read_bytes()
    generator = torch.Generator().manual_seed(0)
    refused = 0
    for place in torch.randint(len(good), (300,), generator=generator).tolist():
        changed = bytearray(good)
        changed[place] ^= 1 << (place % 8)
        (tmp_path / "b.pth").write_bytes(changed)
        try:
            with open_torch_file(tmp_path / "b.pth") as opened:
                assert all(opened.read(name).numel() <= 18 for name in opened.shapes)
        except UserError:
            refused += 1
    assert refused > 50
    for length in range(0, len(good) - 1, 7):
        (tmp_path / "b.pth").write_bytes(good[:length])
        with pytest.raises(UserError), open_torch_file(tmp_path / "b.pth") as opened:
            [opened.read(name) for name in opened.shapes]


def test_every_opcode_is_known_or_refused() -> None:
    for opcode in pickletools.opcodes:
        data = opcode.code.encode("latin-1") + b"\0" * 16 + b"."
        with pytest.raises((Refused, ValueError)):
            read_pickle(io.BytesIO(data))
