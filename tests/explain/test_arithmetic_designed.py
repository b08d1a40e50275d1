"""The arithmetic under the pointer in networks of the network builder, against float64."""

from __future__ import annotations

import pytest
import torch
from arithmetic_oracle import check, corners_and_middle
from torch import nn

from engine.explain.arithmetic import answer
from engine.models.anatomy import measure
from engine.models.designs import Design, build
from engine.models.designs.block import Convolution, Dense, GlobalPooling, Pooling, Pretrained, Residual
from engine.probe import capture

GROUPED = Design(
    "grouped",
    (
        Convolution(8, 3, normalise="group", activation="relu"),
        Convolution(12, 3, stride=2, groups=4, normalise="group", activation="silu"),
        Convolution(12, 3, depthwise=True, normalise="batch"),
        Residual(8, 3, normalise="group"),
        Pooling("max", 2, 2),
        GlobalPooling(),
        Dense(10, normalise="group"),
    ),
)
PRETRAINED = Design("pretrained", (Pretrained("stem"), GlobalPooling()))


@pytest.mark.parametrize(("design", "shape"), [(GROUPED, (3, 12, 12)), (PRETRAINED, (1, 20, 20))])
def test_every_value_under_the_pointer_adds_up(design: Design, shape: tuple[int, ...]) -> None:
    network = build(design, shape, 3, mean=[0.4] * shape[0], std=[0.25] * shape[0], seed=1).eval()
    x = torch.rand(1, *shape, generator=torch.Generator().manual_seed(2))
    layers = {layer.name: layer for layer in measure(network, x)}
    seen = capture(network, x, inputs=True)
    kinds = set()
    for name, output in seen.outputs.items():
        module = network.get_submodule(name)
        with torch.no_grad():
            steps = check(module, *seen.inputs[name], name=name)
        kinds |= {step.operation for step in steps}
        for index in corners_and_middle(tuple(output.shape[1:])):
            found = answer(network, layers, seen.inputs, seen.outputs, name, index)
            last = found.steps[-1].lines[-1]
            assert last.value == pytest.approx(found.value, rel=1e-5, abs=1e-5), name
            assert "as the model computed it" not in last.formula, name
            assert "no simple formula" not in found.meaning
            assert "seen in training" not in found.meaning or isinstance(module, nn.BatchNorm2d)
    if design is GROUPED:
        assert {"3×3 grouped convolution, stride 2", "3×3 depthwise convolution", "group norm"} <= kinds
    else:
        assert "bicubic resampling to 224×224" in kinds


def test_a_grouped_convolution_reads_the_maps_of_its_group_alone() -> None:
    network = build(GROUPED, (3, 12, 12), 3, mean=[0.4] * 3, std=[0.25] * 3, seed=1).eval()
    x = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(3))
    layers = {layer.name: layer for layer in measure(network, x)}
    seen = capture(network, x, inputs=True)
    for channel in range(12):
        found = answer(network, layers, seen.inputs, seen.outputs, "convolution2.conv", (channel, 2, 3))
        first = channel // 3 * 2
        assert found.steps[-1].products.channels.tolist() == [first, first + 1]
        assert found.meaning.startswith("This 3×3 grouped convolution sums a patch of its group of maps")
