"""The compared networks: against cells in a loop, `FlopCounterMode`, gradients, and their own layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from recurrent_loop import loop
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from engine.models.sequence_networks import (
    NAMES,
    SEQUENCE_NETWORKS,
    SequenceNetwork,
    SequenceShape,
    anatomy,
    blank,
    make_network,
    readings,
    sights,
)

SERIES = SequenceShape(40, 1, 10)
PICTURE = SequenceShape(8, 8, 10, is_picture=True)
TEXT = SequenceShape(30, 1, 5, vocabulary=50)
STREAM = SequenceShape(24, 4, 4, reads="end")
SHAPES = {"series": SERIES, "picture": PICTURE, "text": TEXT, "stream": STREAM}
every_network = pytest.mark.parametrize("name", SEQUENCE_NETWORKS)
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def drawn(shape: SequenceShape, batch: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if shape.vocabulary is not None:
        return torch.randint(shape.vocabulary, (batch, shape.length), generator=generator)
    return torch.randn(batch, shape.length, shape.channels, generator=generator)


def test_all_seven_and_the_dilated_one_are_there():
    assert {*NAMES, "dilated-cnn"} == {*SEQUENCE_NETWORKS}
    assert all(kind.sentence.endswith(".") for kind in SEQUENCE_NETWORKS.values())


@every_shape
@every_network
def test_every_network_reads_every_shape_and_learns_from_it(name: str, shape: SequenceShape):
    network = make_network(name, shape, 6, 0)
    logits = network(drawn(shape))
    assert logits.shape == (3, shape.classes)
    functional.cross_entropy(logits, torch.tensor([0, 1, 2])).backward()
    assert all(bool((p.grad != 0).any()) for p in network.parameters() if p.grad is not None)
    assert all(p.grad is not None for p in network.parameters())


@every_network
def test_a_seed_is_all_that_a_start_depends_on(name: str):
    before = torch.random.get_rng_state()
    one, same, other = (make_network(name, SERIES, 6, seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *((name, SERIES) for name in SEQUENCE_NETWORKS),
        ("cnn", PICTURE),
        ("cnn", TEXT),
        ("dilated-cnn", STREAM),
    ],
)
def test_multiply_adds_are_those_that_pytorch_counts_on_the_meta_device(name: str, shape: SequenceShape):
    network = make_network(name, shape, 6, 0).eval()
    with FlopCounterMode(display=False) as counter:
        network.to("meta")(blank(shape, "meta"))
    assert anatomy(make_network(name, shape, 6, 0), shape).multiply_adds == counter.get_total_flops() / 2


def test_on_a_cpu_pytorch_counts_nothing_for_a_fused_lstm():
    """Which is why the copy on the meta device is the oracle: what is counted here is the head alone."""
    network = make_network("lstm", SERIES, 6, 0).eval()
    with FlopCounterMode(display=False) as counter:
        network(blank(SERIES))
    assert counter.get_total_flops() / 2 in (60, anatomy(network, SERIES).multiply_adds)


@every_shape
@every_network
def test_layers_add_up_and_are_what_runs(name: str, shape: SequenceShape):
    network = make_network(name, shape, 6, 0)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    found = anatomy(network, shape)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert network.training
    assert found.parameters == sum(p.numel() for p in network.parameters())
    assert found.parameters == sum(layer.parameters for layer in found.layers)
    seen = readings(network, drawn(shape)[0])
    assert [layer.name for layer in found.layers] == list(seen)
    assert [layer.shape_out for layer in found.layers] == [tuple(value.shape) for value in seen.values()]
    assert {layer.name for layer in found.layers} == {name for name, _ in network.named_children()}


CHAINS = {"logistic": 1, "mlp": 3, "cnn": 4, "rnn": 41, "gru": 41, "lstm": 41, "cnn+gru": 3 + 5 + 1}


@pytest.mark.parametrize("name", CHAINS)
def test_a_loop_has_as_many_steps_as_positions_and_a_grid_as_layers(name: str):
    assert anatomy(make_network(name, SERIES, 6, 0), SERIES).sequential_steps == CHAINS[name]


def seen_by(network: SequenceNetwork, layer: str, place: int, shape: SequenceShape) -> tuple[int, int]:
    """First and last position on which the value of `layer` at `place` depends, by the exact gradient."""
    touched = torch.zeros(shape.length, dtype=torch.bool)
    for seed in range(4):
        x = drawn(shape, 1, seed).requires_grad_()
        value = dict(network.stages(x))[layer]
        value = value.transpose(1, 2) if isinstance(network.get_submodule(layer), nn.RNNBase) else value
        value[:, :, place].sum().backward()
        touched |= (x.grad != 0).any(-1)[0]
    places = touched.nonzero().flatten()
    return int(places[0]), int(places[-1])


@pytest.mark.parametrize(
    ("name", "shape"), [("cnn", SERIES), ("cnn", STREAM), ("cnn", PICTURE), ("dilated-cnn", STREAM)]
)
def test_receptive_fields_are_those_of_the_gradient(name: str, shape: SequenceShape):
    network = make_network(name, shape, 8, 0).eval()
    for layer, axis in sights(network).items():
        outputs = readings(network, drawn(shape)[0])[layer].shape[1]
        for place in (0, outputs // 2, outputs - 1):
            start = axis.start + place * axis.jump
            wanted = max(start, 0), min(start + axis.size, shape.length) - 1
            assert seen_by(network, layer, place, shape) == wanted
    assert anatomy(network, shape).receptive_field == min(axis.size, shape.length)


def test_receptive_fields_are_as_published_or_all():
    fields = {name: anatomy(make_network(name, SERIES, 6, 0), SERIES).receptive_field for name in NAMES}
    loops = dict.fromkeys(("rnn", "gru", "lstm", "cnn+gru"), 40)
    assert fields == {"logistic": None, "mlp": None, "cnn": 17} | loops


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_a_state_remembers_all_before_and_nothing_after(name: str):
    network = make_network(name, STREAM, 8, 0).eval()
    assert seen_by(network, "recurrent", 9, STREAM) == (0, 9)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_the_fused_layer_is_a_loop_of_cells(name: str):
    network = make_network(name, STREAM, 8, 0).double().eval()
    x = drawn(STREAM)[0].double()
    assert torch.allclose(readings(network, x)["recurrent"], loop(network.recurrent, x).output, atol=1e-12)


def test_a_hybrid_is_its_parts_one_after_the_other():
    network: Any = make_network("cnn+gru", SERIES, 8, 0).eval()
    x, seen = drawn(SERIES)[0], readings(make_network("cnn+gru", SERIES, 8, 0), drawn(SERIES)[0])
    maps = x.T[None]
    for number in (1, 2, 3):
        maps = network.get_submodule(f"conv{number}")(maps)
        maps = torch.relu(network.get_submodule(f"norm{number}")(maps))
        assert torch.allclose(seen[f"relu{number}"], maps[0], atol=1e-6)
    hidden, _ = network.recurrent(maps.transpose(1, 2))
    assert torch.allclose(seen["recurrent"], hidden[0], atol=1e-6)
    assert torch.allclose(seen["head"], network.head(hidden[0, -1]), atol=1e-6)


def test_a_network_without_neighbours_can_undo_any_permutation_and_a_convolution_cannot():
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    network: Any = make_network("mlp", SERIES, 8, 0)
    x = drawn(SERIES)
    straight = network(x)
    with torch.no_grad():
        network.dense1.weight.copy_(network.dense1.weight[:, order].clone())
    assert torch.allclose(network(x[:, order]), straight, atol=1e-6)


def test_what_is_kept_is_what_each_layer_needs_for_its_gradient():
    """An MLP keeps what follows each relu, which relu and the next layer share: 2 × 6 numbers."""
    assert anatomy(make_network("logistic", SERIES, 1, 0), SERIES).activations_kept == 0
    assert anatomy(make_network("mlp", SERIES, 6, 0), SERIES).activations_kept == 12
    short, long = (SequenceShape(length, 1, 10) for length in (40, 80))
    for name in ("rnn", "gru", "lstm"):
        kept = [anatomy(make_network(name, shape, 16, 0), shape).activations_kept for shape in (short, long)]
        assert kept[1] / kept[0] == pytest.approx(2, rel=0.05)
        assert kept[0] >= 40 * 16


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="none of logistic"):
        make_network("transformer", SERIES, 8, 0)
    with pytest.raises(ValueError, match="width"):
        make_network("mlp", SERIES, 0, 0)
    with pytest.raises(ValueError, match="at least 1"):
        SequenceShape(0, 1, 2)
    with pytest.raises(ValueError, match="no tokens"):
        SequenceShape(8, 8, 2, vocabulary=5, is_picture=True)
