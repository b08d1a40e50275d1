"""What is said of a design before it is built agrees with torch, FlopCounterMode, torchinfo and NaNs."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import pytest
import torch
import torchinfo
from design_oracles import built, designs, pictures, shapes, torch_shapes
from hypothesis import given, settings
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from engine.models.anatomy import measure
from engine.models.designs import PRESETS, Design, examine
from engine.models.designs.block import (
    Activation,
    Block,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Normalisation,
    Pooling,
    Pretrained,
    Residual,
)
from engine.models.designs.examination import state_shapes
from engine.models.designs.layout import laid_out
from engine.models.layer import ReceptiveField

SMALL = (3, 32, 32)


def design(*blocks: Block) -> Design:
    return Design("a test", blocks)


def problem(*blocks: Block, shape: tuple[int, int, int] = SMALL, classes: int = 5, **limits: int):
    found = examine(design(*blocks), shape, classes, **limits).problem
    assert found is not None
    return found


def agrees_with_the_built_network(given: Design, shape: tuple[int, int, int]) -> None:
    """Layer by layer with `measure`, and in all with FlopCounterMode and torchinfo."""
    network, examined = built(given, shape), examine(given, shape, 5)
    measured = {layer.name: layer for layer in measure(network, pictures(1, shape))}
    parts = [part for _, own in laid_out(given, shape, 5) for part in own]
    assert list(measured) == ["normalise", *(part.name for part in parts)]
    assert [name for fact in examined.facts for name in fact.layers] == list(measured)[1:]
    for part in parts:
        layer = measured[part.name]
        said = (part.shape, part.parameters, part.multiply_adds, part.sight.field(), part.layer)
        assert said == (layer.shape, layer.parameters, layer.multiply_adds, layer.field, layer.type)
    for fact in examined.facts:
        assert (fact.shape_out, fact.field) == (
            measured[fact.layers[-1]].shape,
            measured[fact.layers[-1]].field,
        )
    assert state_shapes(given, shape, 5) == {n: tuple(t.shape) for n, t in network.state_dict().items()}
    assert examined.parameters == sum(p.numel() for p in network.parameters())
    assert examined.trainable == sum(p.numel() for p in network.parameters() if p.requires_grad)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network(pictures(1, shape))
    assert 2 * examined.multiply_adds == counter.get_total_flops()


@settings(max_examples=25, deadline=None)
@given(designs, shapes)
def test_random_designs(given: Design, shape: tuple[int, int, int]) -> None:
    """No problem exactly where torch finds none, at the same block; and all that is said is so."""
    examined = examine(given, shape, 5)
    expected, refused = torch_shapes(given, shape)
    assert (examined.problem[0] if examined.problem else None) == refused
    assert [fact.shape_out for fact in examined.facts][: len(expected)] == expected
    if refused is None:
        agrees_with_the_built_network(given, shape)


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name: str) -> None:
    agrees_with_the_built_network(PRESETS[name], SMALL)


@pytest.mark.parametrize(
    ("block", "shape"),
    [
        (Pretrained("stage4", "stage2"), (3, 64, 48)),
        (Pretrained("stem"), (1, 20, 20)),
        (Pretrained("stage3", "stem"), (3, 224, 224)),
        (Pretrained("stage2"), (1, 224, 224)),
        (Pretrained("head", "head"), (3, 40, 40)),
    ],
)
def test_pretrained_layers(block: Pretrained, shape: tuple[int, int, int]) -> None:
    agrees_with_the_built_network(design(block, GlobalPooling("max"), Dense(8)), shape)


def test_layers_are_torchinfos() -> None:
    network = built(PRESETS["small-resnet"], SMALL)
    summary = torchinfo.summary(network, (1, *SMALL), depth=9, verbose=0)
    theirs = [
        (tuple(info.output_size[1:]), info.num_params) for info in summary.summary_list if info.is_leaf_layer
    ]
    ours = [
        (p.shape, p.parameters) for _, parts in laid_out(PRESETS["small-resnet"], SMALL, 5) for p in parts
    ]
    assert theirs[1:] == ours


def test_lenet_has_its_published_size() -> None:
    assert examine(PRESETS["lenet-5"], (1, 28, 28), 10).parameters == 61_706


SEEING = [
    design(Convolution(2, 3, activation="none"), Pooling(), Convolution(2, 3, stride=2, padding=1)),
    design(Convolution(2, 2, stride=2), Convolution(2, 3, padding=0, dilation=2)),
    design(Residual(2, 3, stride=2), Pooling("average", 3, 1)),
    design(Convolution(2, 4), Convolution(2, 1, stride=2), Convolution(2, 2)),
    design(Convolution(2, 5, padding=0), GlobalPooling()),
    design(Convolution(4, 3), Normalisation("group")),
    design(Convolution(2, 3, padding=0), Dense(3, activation="none")),
]


@pytest.mark.parametrize("given", SEEING)
def test_a_value_sees_what_its_field_says(given: Design) -> None:
    """One pixel a picture is NaN, and a value is NaN exactly where it saw that pixel."""
    shape = (1, 13, 11)
    network, fact = built(given, shape), examine(given, shape, 5).facts[-2]
    assert fact.field is not None
    x = pictures(1, shape).repeat(13 * 11, 1, 1, 1)
    x.view(13 * 11, -1).fill_diagonal_(float("nan"))
    caught: list[Tensor] = []
    hook = network.get_submodule(fact.layers[-1]).register_forward_hook(lambda m, a, out: caught.append(out))
    with torch.no_grad():
        network(x)
    hook.remove()
    seen = caught[0].isnan().any(1).reshape(13, 11, *caught[0].shape[2:])
    seen = seen.reshape(13, 11, *(fact.shape_out[1:] or (1, 1)))
    for row in range(seen.shape[2]):
        for column in range(seen.shape[3]):
            _check_box(fact.field, row, column, seen[:, :, row, column])


def _check_box(field: ReceptiveField, row: int, column: int, seen: Tensor) -> None:
    top, left = field.start_y + row * field.jump_y, field.start_x + column * field.jump_x
    bottom, right = top + field.size_y, left + field.size_x
    rows, columns = (torch.nonzero(seen.any(dim)).ravel().tolist() for dim in (1, 0))
    assert top <= rows[0] <= rows[-1] < bottom
    assert left <= columns[0] <= columns[-1] < right
    if top >= 0 and left >= 0 and bottom <= seen.shape[0] and right <= seen.shape[1]:
        assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (top, bottom, left, right)


class TestProblems:
    """An impossible network is refused at the block that is at fault, with the reason."""

    @pytest.mark.parametrize(
        ("blocks", "index", "words"),
        [
            ((Convolution(8, 31, padding=0), Convolution(8, 5, padding=0)), 1, "larger than the maps"),
            ((Convolution(8), Convolution(9, groups=2)), 1, "9 maps are to come out"),
            ((Convolution(9, groups=3),), None, ""),
            ((Convolution(8, groups=4),), 0, "3 maps come in"),
            ((Convolution(8, depthwise=True),), 0, "3 groups cannot share"),
            ((*[Pooling(kernel=4)] * 3,), 2, "larger than the maps"),
            ((Dense(8), Convolution(8)), 1, "8 features without rows and columns"),
            ((Flatten(), Pooling()), 1, "features"),
            ((Flatten(), GlobalPooling()), 1, "features"),
            ((Dense(8), Residual(8)), 1, "features"),
            ((Convolution(8), Pretrained()), 1, "trained on pictures"),
            ((Pretrained("stage2", "stage3"),), 0, "is to thaw from stage3"),
            ((Convolution(1), GlobalPooling(), Normalisation("group")), 2, "its own mean"),
            ((Flatten(), Dense(4096), Dense(4096), Dense(4096), Dense(4096)), 4, "63 million"),
            ((Dropout(0.0), Activation("tanh"), Normalisation("batch")), None, ""),
            ((), None, ""),
        ],
    )
    def test_index_and_reason(self, blocks: tuple[Block, ...], index: int | None, words: str) -> None:
        found = examine(design(*blocks), SMALL, 5).problem
        assert (found[0] if found else None) == index
        if found:
            assert words in found[1].why
            assert found[1].next
            with pytest.raises(type(found[1]), match=found[1].what):
                built(design(*blocks), SMALL)

    def test_what_stands_before_it_is_still_told(self) -> None:
        examined = examine(design(Convolution(8), Dense(4), Convolution(8), Dense(4)), SMALL, 5)
        assert [fact.name for fact in examined.facts] == ["convolution1", "dense1"]
        assert examined.parameters == 8 * 28 + 4 * (8 * 32 * 32 + 1)

    def test_a_setting_out_of_range(self) -> None:
        index, error = problem(Convolution(8), replace(Convolution(8), kernel=0))
        assert (index, error.what) == (1, "Convolution: kernel cannot be 0")

    def test_a_head_that_is_too_large(self) -> None:
        index, error = problem(Convolution(4), shape=(1, 512, 512), classes=1000)
        assert (index, error.what) == (1, "The network has too many parameters")

    def test_more_than_the_memory(self) -> None:
        index, error = problem(Convolution(8), Convolution(64), batch=100, memory=40_000_000)
        assert (index, error.what) == (1, "The network needs too much memory")
        assert "100 pictures" in error.why

    def test_pretrained_layers_read_grey_or_colour(self) -> None:
        assert problem(Pretrained(), shape=(2, 32, 32))[0] == 0


@pytest.mark.parametrize("name", ["plain", "small-vgg", "small-resnet", "mlp"])
def test_memory_is_what_autograd_keeps(name: str) -> None:
    """Beside the weights: at least what a forward pass saves for the way back, at most three times that."""
    network = built(PRESETS[name], SMALL).train()
    saved: dict[int, int] = {}
    own = {tensor.untyped_storage().data_ptr() for tensor in network.state_dict().values()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = network(pictures(8, SMALL))
    kept = sum(size for place, size in saved.items() if place not in own)
    assert logits.requires_grad
    estimate = (
        examine(PRESETS[name], SMALL, 5, batch=8).memory - examine(PRESETS[name], SMALL, 5, batch=0).memory
    )
    assert kept <= estimate <= 3 * kept


def test_it_is_quick_enough_for_every_edit() -> None:
    times = []
    for _ in range(15):
        start = time.thread_time()
        examine(PRESETS["small-vgg"], SMALL, 10)
        times.append(time.thread_time() - start)
    assert statistics.median(times) < 3e-3  # a third of that on a quiet machine
