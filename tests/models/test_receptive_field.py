"""Receptive fields equal where a NaN gets to, and are None where they follow no simple rule."""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.ask import Box
from engine.models.anatomy import measure
from engine.models.efficientnet_lite import EfficientNetLite, SameConv2d
from engine.models.layer import Layer, ReceptiveField
from engine.models.receptive_field import field_box


def measured(model: nn.Module, *shape: int) -> dict[str, Layer]:
    return {layer.name: layer for layer in measure(model, torch.randn(1, *shape))}


Reach = dict[str, tuple[Tensor, Tensor]]


def nan_reach(model: nn.Module, names: list[str], height: int, width: int) -> Reach:
    """For each layer, which picture rows each output row sees, and the same for columns, both (out, in).

    Found by making one row (or column) of the picture NaN, and looking where that gets to.
    """
    pictures = torch.rand(height + width, 3, height, width, dtype=torch.float64)
    for row in range(height):
        pictures[row, :, row] = torch.nan
    for column in range(width):
        pictures[height + column, :, :, column] = torch.nan
    seen: Reach = {}

    def note(name: str, output: Tensor) -> None:
        if name not in seen and output.dim() == 4:
            nan = output.isnan()
            seen[name] = nan[:height].any(3).any(1).T, nan[height:].any(2).any(1).T

    handles = [
        model.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: note(name, out))
        for name in names
    ]
    with torch.inference_mode():
        model(pictures)
    for handle in handles:
        handle.remove()
    return seen


def check_line(line: Tensor, start: int, end: int) -> None:
    """Compares which places of the picture a value sees with its field from `start` to `end`.

    At the edge the field is the most a value may see: of what lies in the padding of a layer inside the
    network, which is zero whatever the picture, its arithmetic knows nothing.
    """
    seen = line.nonzero().flatten().tolist()
    if start >= 0 and end <= len(line):
        assert (seen[0], seen[-1] + 1) == (start, end)
    else:
        assert set(seen) <= set(range(start, end))


def check_fields(model: nn.Module, height: int, width: int) -> int:
    """Compares the fields of all values of all feature maps with where NaNs get to; returns how many maps."""
    model = model.double().eval()
    layers = measure(model, torch.rand(1, 3, height, width, dtype=torch.float64))
    maps = [layer.name for layer in layers if layer.type not in ("LayerNorm", "Linear")]
    seen = nan_reach(model, maps, height, width)
    for layer in layers:
        if layer.name in seen:
            rows, columns = seen[layer.name]
            assert (len(rows), len(columns)) == layer.shape[1:]
            assert layer.field is not None
            for row, line in enumerate(rows):
                box = field_box(layer.field, row, 0)
                check_line(line, box.top, box.bottom)
            for column, line in enumerate(columns):
                box = field_box(layer.field, 0, column)
                check_line(line, box.left, box.right)
    return len(seen)


class Residual(nn.Module):
    """Two ways to one sum, written as a function; one ReLU serves twice, as in torchvision's ResNets."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2)
        self.short = nn.Conv2d(channels, channels, 1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.act(self.conv(x)) + self.short(x))


class Concatenation(nn.Module):
    """Two windows of different size side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(channels, 2, (1, 3), padding=(0, 1))
        self.far = nn.Conv2d(channels, channels - 2, (5, 1), padding=(2, 0))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(torch.cat([self.near(x), self.far(x)], dim=1))


class ChannelsLast(nn.Module):
    """Dense layers over the channels of each place, as in ConvNeXt."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.dense = nn.Linear(channels, channels)
        self.after = nn.Conv2d(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dense(self.norm(x.permute(0, 2, 3, 1)))
        return self.after(x.permute(0, 3, 1, 2))


class Cropping(nn.Module):
    """Padding, cropping and thinning out written as functions, and a shuffle of the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (2, 0, 1, 3))[:, :, 1:, ::2]
        batch, channels, height, width = x.shape
        x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(x.shape)
        return self.conv(torch.cat(x.chunk(2, dim=1), dim=1))


class Gate(nn.Module):
    """Squeeze and excitation: after it every value sees the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excite = nn.Conv2d(channels, channels, 1)
        self.act = nn.Sigmoid()
        self.after = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(x * self.act(self.excite(self.squeeze(x))))


def random_block(dice: random.Random, channels: int) -> nn.Module:
    return dice.choice(
        [
            lambda: nn.Conv2d(
                channels, channels, dice.choice([(3, 3), (1, 5), (4, 2)]), dice.choice([1, 2, 3])
            ),
            lambda: nn.Conv2d(channels, channels, 3, padding=(2, 1), dilation=(2, 1), groups=channels),
            lambda: nn.Conv2d(channels, channels, 2, padding="same"),
            lambda: SameConv2d(channels, channels, dice.choice([3, 5]), dice.choice([1, 2])),
            lambda: SameConv2d(channels, channels, 3, (1, 2), dilation=2),
            lambda: nn.MaxPool2d(3, 2, padding=1),
            lambda: nn.MaxPool2d((2, 3), dilation=(1, 2), stride=1),
            lambda: nn.AvgPool2d((3, 2), (1, 2), padding=(1, 0)),
            lambda: nn.ZeroPad2d((0, 1, 2, 3)),
            lambda: Residual(channels, 3),
            lambda: Concatenation(channels),
            lambda: ChannelsLast(channels),
            lambda: Cropping(channels),
        ]
    )()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("seed", range(25))
def test_fields_of_random_networks_equal_the_reach_of_a_nan(seed: int) -> None:
    dice = random.Random(seed)
    blocks = [nn.Conv2d(3, 4, 3, padding=1), *(random_block(dice, 4) for _ in range(4))]
    assert check_fields(nn.Sequential(*blocks, nn.ReLU6()), height=37, width=42) >= 6


def test_fields_after_a_gate_are_the_whole_picture() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), Gate(4), nn.MaxPool2d(2))
    assert check_fields(model, height=21, width=18) == 6


def test_fields_of_our_network_equal_the_reach_of_a_nan() -> None:
    assert check_fields(EfficientNetLite(), height=33, width=40) == 141


def test_an_exported_network_measures_like_its_source() -> None:
    blocks = (nn.Conv2d(3, 4, 3), nn.Hardswish(), Residual(4, 3), SameConv2d(4, 4, 3, 2), Gate(4))
    model, x = nn.Sequential(*blocks).eval(), torch.randn(1, 3, 16, 16)
    exported = torch.export.unflatten(torch.export.export(model, (x,)))
    assert measure(exported, x) == measure(model, x)


@pytest.mark.parametrize(("size", "exact"), [(6, True), (7, False)])
def test_adaptive_pooling_has_a_field_where_its_windows_are_even(size: int, exact: bool) -> None:
    layers = measured(nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9, 2)), 1, size, size)
    assert layers["0"].field == (ReceptiveField(2, 2, 2, 2, 0, 0) if exact else None)
    assert layers["1"].field is None  # flattened values have fields of their own, but no rows and columns
    assert layers["2"].field == ReceptiveField(size, size, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "unknown",
    [
        nn.ConvTranspose2d(12, 3, 2, stride=2),
        nn.Upsample(scale_factor=2),
        nn.PixelShuffle(2),
        nn.ReflectionPad2d(1),
    ],
)
def test_a_field_that_follows_no_simple_rule_is_none(unknown: nn.Module) -> None:
    x = torch.randn(1, 12, 8, 8)
    channels = unknown(x).shape[1]
    layers = measured(nn.Sequential(unknown, nn.Conv2d(channels, 3, 3)), *x.shape[1:])
    assert layers["0"].field is None
    assert layers["1"].field is None


def test_dense_layers_see_what_the_flattened_map_sees() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3, stride=4), nn.Flatten(), nn.Linear(8, 3), nn.Softmax(1))
    layers = measured(model, 1, 9, 9)  # windows start at 0 and 4, so rows 7 and 8 are never read
    assert layers["2"].field == layers["3"].field == ReceptiveField(7, 7, 0, 0, 0, 0)
    assert (layers["3"].kind, layers["2"].multiply_adds, layers["2"].shape) == ("softmax", 24, (3,))


def test_field_box() -> None:
    field = ReceptiveField(size_y=7, size_x=5, jump_y=2, jump_x=3, start_y=-3, start_x=-1)
    assert field_box(field, 4, 2) == Box(top=5, left=5, bottom=12, right=10)
