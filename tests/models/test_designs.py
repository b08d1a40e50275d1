"""Designs as text, and a sentence for any text that is none; presets and which of them is chosen."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields

import pytest
from design_oracles import designs
from hypothesis import given, settings

from engine.errors import UserError
from engine.models.designs import KINDS, PRESETS, Design, examine, fitted, preset_for
from engine.models.designs.block import Convolution, Dropout, Pooling, Pretrained, block_from_dict


@settings(max_examples=60, deadline=None)
@given(designs)
def test_json_round_trip(design: Design) -> None:
    text = design.to_json()
    assert Design.from_json(text) == design
    assert Design.from_json(text).to_json() == text


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_short_texts(name: str) -> None:
    text = PRESETS[name].to_json()
    assert PRESETS[name].name == name
    assert Design.from_json(text) == PRESETS[name]
    assert len(text) < 500


def test_the_format() -> None:
    design = Design("a", (Convolution(8, padding=1), Pooling(), Pretrained("stage2", "stem")))
    assert design.to_json() == (
        '{"name":"a","blocks":[{"kind":"convolution","channels":8,"padding":1},{"kind":"pooling"},'
        '{"kind":"pretrained","until":"stage2","thawed_from":"stem"}]}'
    )


def test_a_whole_number_does_for_a_share() -> None:
    assert block_from_dict({"kind": "dropout", "share": 0}) == Dropout(0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged, or not JSON"),
        ("[" * 5000, "damaged, or not JSON"),
        (" " * 300_000, "longer than"),
        ("[]", "not an object"),
        ('{"name":"a"}', "not an object"),
        ('{"name":"a","blocks":[],"code":"x"}', "not an object"),
        ('{"name":"a\\n","blocks":[]}', "its name"),
        ('{"name":"","blocks":[]}', "its name"),
        ('{"name":7,"blocks":[]}', "its name"),
        ('{"name":"a","blocks":{}}', "its blocks"),
        (json.dumps({"name": "a", "blocks": [{"kind": "flatten"}] * 201}), "its blocks"),
    ],
)
def test_texts_that_are_no_design(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        Design.from_json(text)
    assert error.value.next


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (5, "There is no block 5"),
        ({"kind": "eval"}, "There is no block 'eval'"),
        ({"kind": ["flatten"]}, "There is no block"),
        ({"kind": "flatten", "start": 1}, "no field 'start'"),
        ({"kind": "convolution", "channels": 0}, "a number from 1 to 4096"),
        ({"kind": "convolution", "channels": True}, "channels cannot be True"),
        ({"kind": "convolution", "channels": 8.0}, "channels cannot be 8.0"),
        ({"kind": "convolution", "channels": None}, "channels cannot be None"),
        ({"kind": "convolution", "padding": "valid"}, "“same” or a number from 0 to 64"),
        ({"kind": "convolution", "depthwise": 1}, "yes or no"),
        ({"kind": "convolution", "activation": "swish"}, "“relu” or "),
        ({"kind": "convolution", "activation": 3}, "activation cannot be 3"),
        ({"kind": "pooling", "stride": "2"}, "stride cannot be '2'"),
        ({"kind": "dropout", "share": 1.0}, "from 0 to 0.95"),
        ({"kind": "pretrained", "until": "pool"}, "until cannot be 'pool'"),
    ],
)
def test_blocks_that_are_none_say_which(block: object, words: str) -> None:
    text = json.dumps({"name": "a", "blocks": [{"kind": "flatten"}, block]})
    with pytest.raises(UserError, match=words) as error:
        Design.from_json(text)
    assert error.value.what.startswith("Block 2 of the design")


def test_a_share_that_is_no_number() -> None:
    with pytest.raises(UserError, match="dropout cannot be nan"):
        Dropout(float("nan")).check()


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described_and_its_default_fits(kind: str) -> None:
    block = KINDS[kind]()
    block.check()
    assert block.kind == kind
    assert block.title
    assert list(block.settings()) == [field.name for field in fields(block)]
    assert all(about.label and about.help for about in block.settings().values())


class TestPresetFor:
    """A small folder of photographs gets pretrained layers, anything else a small network of its own."""

    @pytest.mark.parametrize(
        ("shape", "pictures", "classes", "preset"),
        [
            ((3, 32, 32), 560, 8, "transfer"),
            ((3, 96, 64), 60, 2, "transfer"),
            ((3, 32, 32), 50_000, 10, "plain"),
            ((1, 28, 28), 60_000, 10, "plain"),
            ((1, 8, 8), 500, 10, "plain"),
        ],
    )
    def test_choice(self, shape: tuple[int, int, int], pictures: int, classes: int, preset: str) -> None:
        assert preset_for(shape, pictures, classes) == preset


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 5, 7)])
def test_every_preset_fits_every_picture(name: str, shape: tuple[int, int, int]) -> None:
    design = fitted(PRESETS[name], shape, 10)
    assert examine(design, shape, 10).problem is None
    if examine(PRESETS[name], shape, 10).problem is None:
        assert design == PRESETS[name]


def test_fitting_leaves_other_problems() -> None:
    design = Design("a", (Convolution(8, groups=7), Pooling()))
    assert fitted(design, (3, 8, 8), 10) == design


def test_a_design_is_examined_without_torch_or_numpy() -> None:
    code = (
        "import sys; from engine.models.designs import PRESETS, Design, examine\n"
        "assert examine(PRESETS['small-resnet'], (3, 32, 32), 10).problem is None\n"
        "print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
