"""A hostile or damaged `.pt2` file is one sentence, and nothing in it runs.

Each is the small network's archive with one thing changed.
"""

from __future__ import annotations

import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from small_network import Net, pictures, save, trained

from engine.errors import UserError
from engine.models.model_file import read_model_file

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(trained(Net()), tmp_path_factory.mktemp("exported") / "small.pt2")


def changed(
    source: Path, target: Path, changes: Mapping[str, Change], added: Mapping[str, bytes] = {}
) -> Path:
    """A copy of an archive with some entries, named without the root folder, changed or added."""
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bad:
        root = good.namelist()[0].partition("/")[0]
        for full in good.namelist():
            entry = full.partition("/")[2]
            bad.writestr(full, changes.get(entry, lambda data: data)(good.read(full)))
        for entry, data in added.items():
            bad.writestr(f"{root}/{entry}", data)
    return target


def in_program(old: str, new: str) -> dict[str, Change]:
    """A change of the program's text, everywhere."""

    def change(data: bytes) -> bytes:
        assert old in data.decode()
        return data.decode().replace(old, new).encode()

    return {"models/model.json": change}


class Runs:
    """Unpickles to a command that makes the file `sentinel`."""

    def __init__(self, sentinel: Path) -> None:
        self.command = f"echo > '{sentinel}'"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


def pickled(value: Any, zipped: bool = True) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_sample_inputs_is_refused(tmp_path: Path, exported: Path, zipped: bool) -> None:
    sentinel = tmp_path / "sentinel"
    hostile = pickled(((torch.rand(1, 3, 16, 16), Runs(sentinel)), {}), zipped)
    file = changed(exported, tmp_path / "h.pt2", {"data/sample_inputs/model.pt": lambda _: hostile})
    with pytest.raises(UserError, match=r"^h\.pt2 holds a pickle that can run code when it is opened\."):
        read_model_file(file)
    assert not sentinel.exists()


def test_the_sample_inputs_would_run(tmp_path: Path, exported: Path) -> None:
    sentinel = tmp_path / "sentinel"
    hostile = pickled(((torch.rand(2, 3, 16, 16), Runs(sentinel)), {}))
    file = changed(exported, tmp_path / "h.pt2", {"data/sample_inputs/model.pt": lambda _: hostile})
    torch.export.load(file)
    assert sentinel.exists()


def test_code_in_constants_is_refused(tmp_path: Path, exported: Path) -> None:
    sentinel = tmp_path / "sentinel"
    for name in ("custom_obj_0", "opaque_obj_0", "model.pt"):
        added = {f"data/constants/{name}": pickled(Runs(sentinel))}
        with pytest.raises(UserError, match="a pickle that can run code"):
            read_model_file(changed(exported, tmp_path / "h.pt2", {}, added))
    assert not sentinel.exists()


def test_pickled_weights_are_refused(tmp_path: Path, exported: Path) -> None:
    sentinel = tmp_path / "sentinel"
    changes: dict[str, Change] = {
        "data/weights/weight_0": lambda _: pickled(Runs(sentinel)),
        "data/weights/model_weights_config.json": lambda data: data.replace(
            b'"use_pickle": false', b'"use_pickle": true', 1
        ),
    }
    with pytest.raises(UserError, match="pickled objects"):
        read_model_file(changed(exported, tmp_path / "h.pt2", changes))
    assert not sentinel.exists()


@pytest.mark.parametrize(
    "target",
    ["torch.hub.os.system", "_operator.methodcaller", "math.gcd", "torch.ops.aten.from_file.default",
     "torch.ops.aten.relu.default.__class__", "torch.ops.aten.zeros.default", "builtins.eval", "#x", ""],
)  # fmt: skip
def test_only_listed_operators_are_looked_up(tmp_path: Path, exported: Path, target: str) -> None:
    file = changed(exported, tmp_path / "h.pt2", in_program("torch.ops.aten.gelu.default", target))
    with pytest.raises(UserError, match=r"^h\.pt2 was not opened: it uses"):
        read_model_file(file)


def test_operators_that_write_over_each_other_in_a_circle_are_refused(tmp_path: Path, exported: Path) -> None:
    def circle(data: bytes) -> bytes:
        program = json.loads(data)
        nodes = program["graph_module"]["graph"]["nodes"]
        first = next(node for node in nodes if node["target"].endswith("relu_.default"))
        (before,), (after,) = ([i["arg"]["as_tensor"]["name"] for i in first["inputs"]], [first["name"]])
        back = json.loads(
            json.dumps(first).replace(f'"{before}"', '"x y"').replace(f'"{after}"', f'"{before}"')
        )
        back = json.loads(json.dumps(back).replace('"x y"', f'"{after}"'))
        nodes.insert(nodes.index(first) + 1, back)
        return json.dumps(program).encode()

    with pytest.raises(UserError, match="damaged") as caught:
        read_model_file(changed(exported, tmp_path / "h.pt2", {"models/model.json": circle}))
    assert "computed twice" in caught.value.details


def test_expressions_are_never_evaluated(tmp_path: Path, exported: Path) -> None:
    sentinel = tmp_path / "sentinel"
    with zipfile.ZipFile(exported) as archive:
        program = json.loads(
            archive.read(next(n for n in archive.namelist() if n.endswith("models/model.json")))
        )
    sizes = program["graph_module"]["graph"]["tensor_values"]["x"]["sizes"]
    expression = sizes[0]["as_expr"]["expr_str"]
    change = in_program(json.dumps(expression), json.dumps(f"open({str(sentinel)!r}, 'w')"))
    assert len(read_model_file(changed(exported, tmp_path / "h.pt2", change)).classes) == 10
    assert not sentinel.exists()


@pytest.mark.parametrize("name", ["forward", "_modules", "half", "stem", "a.b.c", "9"])
def test_a_layer_takes_no_methods_place(tmp_path: Path, exported: Path, name: str) -> None:
    change = in_program(",depthwise,torch", f",{name},torch")
    model = read_model_file(changed(exported, tmp_path / "h.pt2", change)).model
    with torch.no_grad():
        assert torch.equal(model(pictures(2)), read_model_file(exported).model(pictures(2)))


@pytest.mark.parametrize(
    "entry", ["data/aotinductor/model/model.so", "../../evil", "data/weights/../../evil", "code/x.py"]
)
def test_foreign_entries_are_refused(tmp_path: Path, exported: Path, entry: str) -> None:
    with pytest.raises(UserError, match=r"^h\.pt2 "):
        read_model_file(changed(exported, tmp_path / "h.pt2", {}, {entry: b"x"}))
    assert not (tmp_path / "evil").exists()


def test_a_bomb_is_refused_from_its_directory(tmp_path: Path, exported: Path) -> None:
    bomb = changed(exported, tmp_path / "b.pt2", {}, {"data/weights/weight_99": bytes(2**26)})
    assert bomb.stat().st_size < 2**18
    tracemalloc.start()
    with pytest.raises(UserError, match="as bombs do"):
        read_model_file(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"as_ints": [0, 2, 1, 1]', '"as_ints": [0, 1000000000, 1, 1000000000]'),
        ('"output_size", "arg": {"as_ints": [1, 1]}', '"output_size", "arg": {"as_ints": [99999, 99999]}'),
    ],
)
def test_results_that_fill_the_memory_are_refused(tmp_path: Path, exported: Path, old: str, new: str) -> None:
    with pytest.raises(UserError, match="more numbers than fit in the memory"):
        read_model_file(changed(exported, tmp_path / "h.pt2", in_program(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"sizes": [{"as_int": 8}', '"sizes": [{"as_int": 1000000000}'),
        ('"as_int": 27', '"as_int": 99999'),
        ('"path_name": "weight_0"', '"path_name": "weight_77"'),
        ('"path_name": "weight_0"', '"path_name": "../../models/model.json"'),
        ('"dtype": 7', '"dtype": 5'),
        ('"storage_offset": {"as_int": 0}', '"storage_offset": {"as_int": -8}'),
    ],
)
def test_weights_that_do_not_add_up_are_refused(tmp_path: Path, exported: Path, old: str, new: str) -> None:
    def change(data: bytes) -> bytes:
        assert old in data.decode()
        return data.decode().replace(old, new, 1).encode()

    config = {"data/weights/model_weights_config.json": change}
    with pytest.raises(UserError, match=r"^h\.pt2 could not be read: it is damaged") as caught:
        read_model_file(changed(exported, tmp_path / "h.pt2", config))
    assert caught.value.details


def test_damage_anywhere_is_one_sentence(tmp_path: Path, exported: Path) -> None:
    good = exported.read_bytes()
    for length in [*range(0, len(good) - 1, len(good) // 20), len(good) - 1]:
        (tmp_path / "t.pt2").write_bytes(good[:length])
        with pytest.raises(UserError, match=r"^t\.pt2 (is empty|could not be read)"):
            read_model_file(tmp_path / "t.pt2")
    refused = 0
    generator = torch.Generator().manual_seed(0)
    for place in torch.randint(len(good), (60,), generator=generator).tolist():
        flipped = bytearray(good)
        flipped[place] ^= 0x10
        (tmp_path / "t.pt2").write_bytes(flipped)
        try:
            read_model_file(tmp_path / "t.pt2")
        except UserError:
            refused += 1
    assert refused > 30
