"""A network leaves as source text, as safetensors and as a `.pt2` file, and computes the same afterwards."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from design_oracles import built, designs, pictures, shapes
from hypothesis import assume, given, settings
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.designs import (
    PRESETS,
    Design,
    DesignedNetwork,
    examine,
    export_program,
    open_network,
    save_network,
    source_text,
)
from engine.models.designs.block import Convolution, Dense, GlobalPooling, Pretrained, Residual
from engine.models.model_file import read_model_file
from engine.safetensors_header import read_header

COLOUR = (3, 32, 32)
NAMES = ("cat", "dog", "Übergröße", "bird", "other")


def text_of(network: DesignedNetwork) -> str:
    means = network.normalise.mean.ravel().tolist(), network.normalise.std.ravel().tolist()
    return source_text(network.design, network.shape, network.classes, mean=means[0], std=means[1])


def written_out(text: str) -> nn.Module:
    space: dict[str, Any] = {"__name__": "network"}
    exec(compile(text, "network.py", "exec"), space)
    return space["Network"]()


def agrees(twin: nn.Module, network: DesignedNetwork) -> None:
    """The same names, and with the weights put in the same logits."""
    assert list(twin.state_dict()) == list(network.state_dict())
    twin.load_state_dict(network.state_dict())
    x = pictures(2, network.shape)
    with torch.no_grad():
        assert torch.equal(twin.eval()(x), network(x))


class TestSourceText:
    """Plain PyTorch that builds the same network."""

    @settings(max_examples=15, deadline=None)
    @given(designs, shapes)
    def test_random_designs(self, design: Design, shape: tuple[int, int, int]) -> None:
        assume(examine(design, shape, 5).problem is None)
        network = built(design, shape)
        agrees(written_out(text_of(network)), network)

    @pytest.mark.parametrize("name", PRESETS)
    def test_presets(self, name: str) -> None:
        network = built(PRESETS[name], COLOUR)
        text = text_of(network)
        agrees(written_out(text), network)
        imported = {
            node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.Import, ast.ImportFrom))
        }
        standard = {"__future__", "collections", "collections.abc", "typing"}
        assert imported - standard <= {"torch", "torch.nn.functional"}
        assert max(map(len, text.splitlines())) <= 110

    def test_part_of_the_pretrained_layers(self) -> None:
        design = Design("a", (Pretrained("stage2", "stage1"), Residual(8, 2, 2), GlobalPooling("max")))
        network = built(design, (1, 30, 20))
        agrees(written_out(text_of(network)), network)

    def test_it_reads_as_one_would_write_it(self) -> None:
        text = text_of(built(PRESETS["lenet-5"], (1, 28, 28)))
        assert '"""lenet-5: from pictures of 1 × 28 × 28 to 5 classes.' in text
        assert "conv=nn.Conv2d(6, 16, 5)," in text
        assert "x = self.convolution2(x)  # 16 × 10 × 10" in text

    def test_a_name_cannot_end_the_text_that_it_stands_in(self) -> None:
        design = Design('x"""; import os; os.abort()  # \\', (Dense(2),))
        network = built(Design.from_json(design.to_json()), (1, 5, 5))
        agrees(written_out(text_of(network)), network)

    def test_an_impossible_design(self) -> None:
        with pytest.raises(UserError, match="larger than the maps"):
            source_text(PRESETS["lenet-5"], (1, 8, 8), 10, mean=[0.0], std=[1.0])


def saved(path: Path, network: DesignedNetwork, **notes: Any) -> Path:
    save_network(path, network, network.design, NAMES, shape=network.shape, notes=notes)
    return path


class TestSafetensors:
    """Saved and opened again; other files are refused."""

    @pytest.mark.parametrize("name", ["plain", "transfer"])
    def test_round_trip(self, name: str, tmp_path: Path) -> None:
        network = built(PRESETS[name], COLOUR)
        file = saved(tmp_path / "a.safetensors", network, accuracy=0.5, seen=["x"])
        opened, design, classes, shape, notes = open_network(file)
        assert (design, classes, shape) == (PRESETS[name], NAMES, COLOUR)
        assert notes == {"accuracy": 0.5, "seen": ["x"]}
        x = pictures(2, COLOUR)
        with torch.no_grad():
            assert torch.equal(opened(x), network(x))
        assert not opened.training
        trained = [p.requires_grad for p in network.parameters()]
        assert [p.requires_grad for p in opened.parameters()] == trained

    def test_the_source_text_reads_the_file(self, tmp_path: Path) -> None:
        network = built(PRESETS["plain"], COLOUR)
        twin = written_out(text_of(network))
        twin.load_state_dict(load_file(saved(tmp_path / "a.safetensors", network)))
        agrees(twin, network)

    @pytest.mark.parametrize(
        ("key", "value", "words"),
        [
            ("format", "another", "no network that was built here"),
            ("design", "{", "no network design"),
            ("design", '{"name":"a","blocks":[{"kind":"dense","features":4096}]}', "do not fit its design"),
            ("design", '{"name":"a","blocks":[{"kind":"pooling","kernel":31}]}', "cannot be built"),
            ("design", None, "no network design"),
            ("classes", '["a"]', "damaged"),
            ("classes", '["a", 5]', "damaged"),
            ("classes", '["a", "b\\n"]', "damaged"),
            ("classes", '{"a": 1}', "damaged"),
            ("classes", "[" * 5000, "damaged"),
            ("classes", '["a", "b"]', "do not fit its design"),
            ("classes", None, "damaged"),
            ("shape", "[1, 8]", "damaged"),
            ("shape", "[1, 8, 1e9]", "damaged"),
            ("shape", "[1, 8, 99999999]", "damaged"),
            ("shape", "[65, 8, 8]", "damaged"),
            ("shape", "[1, 4096, 4096]", "cannot be built"),
            ("shape", "[true, 8, 8]", "damaged"),
            ("notes", "[]", "damaged"),
            ("notes", "{", "damaged"),
        ],
    )
    def test_hostile_metadata(self, key: str, value: str | None, words: str, tmp_path: Path) -> None:
        network = built(Design("a", (Dense(4),)), (1, 8, 8))
        file = saved(tmp_path / "a.safetensors", network)
        metadata = {
            "format": "gridloop designed network 1",
            "design": network.design.to_json(),
            "classes": json.dumps(NAMES),
            "shape": "[1, 8, 8]",
            "notes": "{}",
        }
        tensors = load_file(file)
        save_file(tensors, file, metadata)
        open_network(file)
        save_file(tensors, file, {k: v for k, v in (metadata | {key: value}).items() if v is not None})
        with pytest.raises(UserError, match=words):
            open_network(file)

    @pytest.mark.parametrize("change", ["missing", "another", "shape", "dtype"])
    def test_tensors_that_do_not_fit(self, change: str, tmp_path: Path) -> None:
        network = built(Design("a", (Convolution(4, normalise="batch"),)), (1, 8, 8))
        file = saved(tmp_path / "a.safetensors", network)
        metadata, tensors = dict(read_header(file).metadata), load_file(file)
        name = "convolution1.conv.weight"
        changed: dict[str, Tensor | None] = {
            "missing": None,
            "another": tensors[name].clone(),
            "shape": torch.zeros(4, 1, 3, 4),
            "dtype": tensors[name].half(),
        }
        tensor = changed[change]
        tensors |= {"other" if change == "another" else name: tensor} if tensor is not None else {}
        if tensor is None:
            del tensors[name]
        save_file(tensors, file, metadata)
        with pytest.raises(UserError, match="its weights do not fit its design") as error:
            open_network(file)
        assert ("other" if change == "another" else name) in error.value.details

    def test_a_file_cut_short(self, tmp_path: Path) -> None:
        file = saved(tmp_path / "a.safetensors", built(PRESETS["mlp"], (1, 8, 8)))
        file.write_bytes(file.read_bytes()[:-8])
        with pytest.raises(UserError, match="damaged"):
            open_network(file)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="could not be saved"):
            saved(tmp_path / "no" / "a.safetensors", built(PRESETS["mlp"], (1, 8, 8)))


def same_logits(file: Path, network: DesignedNetwork, x: Tensor, own: Tensor) -> nn.Module:
    """The image-classification lab's reading of the file gives for `x` what the network gives for `own`."""
    classifier = read_model_file(file)
    assert classifier.classes == NAMES
    assert (classifier.preprocessing.mean, classifier.preprocessing.std) == ((0.0,) * 3, (1.0,) * 3)
    with torch.no_grad():
        theirs, ours = classifier.model(x), network(own)
    assert torch.allclose(theirs, ours, rtol=1e-4, atol=1e-5)
    return classifier.model


class TestProgram:
    """`.pt2` files open in the image-classification lab."""

    def test_round_trip(self, tmp_path: Path) -> None:
        """Everything that an exported file may not hold as it is: grey, enlarging, a global maximum."""
        blocks = (Pretrained("stem"), Residual(6, 2, 2, "group"), GlobalPooling("max"), Dense(6, "batch"))
        network = built(Design("a", blocks), (1, 16, 16))
        export_program(tmp_path / "grey.pt2", network, NAMES)
        grey = pictures(3, (1, 16, 16))
        model = same_logits(tmp_path / "grey.pt2", network, grey.expand(-1, 3, -1, -1), grey)
        leaves = {name for name, module in model.named_modules() if name and not any(module.children())}
        assert {"grey", "pretrained1.stem.conv", "residual1.second.norm", "residual1.sum", "head"} <= leaves
        assert isinstance(network.global_pooling1, nn.AdaptiveMaxPool2d)  # the network itself stays

    def test_what_went_wrong_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.executable", str(tmp_path / "nothing"))
        with pytest.raises(UserError, match="did not finish"):
            export_program(tmp_path / "a.pt2", built(PRESETS["mlp"], (1, 8, 8)), NAMES)
        assert not (tmp_path / "a.pt2").exists()
