"""Measured layers agree with counts by PyTorch and torchinfo, and fields with where a NaN gets to."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
import torchinfo
import torchvision.models
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from engine.ask import Box
from engine.models.anatomy import measure
from engine.models.efficientnet_lite import EfficientNetLite, ResidualSum, SameConv2d
from engine.models.layer import KINDS, Layer, ReceptiveField
from engine.models.receptive_field import field_box


def measured(model: nn.Module, *shape: int) -> dict[str, Layer]:
    return {layer.name: layer for layer in measure(model, torch.randn(1, *shape))}


def leaves(model: nn.Module) -> list[str]:
    return [name for name, module in model.named_modules() if not list(module.children())]


def counted_multiply_adds(model: nn.Module, *shape: int) -> int:
    """What PyTorch's own counter says, which counts a multiply-add as two."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(torch.randn(1, *shape))
    return counter.get_total_flops() // 2


@pytest.fixture(scope="module")
def lite() -> EfficientNetLite:
    return EfficientNetLite().eval()


@pytest.fixture(scope="module")
def lite_layers(lite: EfficientNetLite) -> dict[str, Layer]:
    return measured(lite, 3, 224, 224)


class TestEfficientNetLite:
    """Our own network, all of whose operations are layers."""

    def test_every_leaf_once_in_order(self, lite: nn.Module, lite_layers: dict[str, Layer]) -> None:
        assert list(lite_layers) == leaves(lite)

    def test_parameters(self, lite_layers: dict[str, Layer]) -> None:
        assert sum(layer.parameters for layer in lite_layers.values()) == 4_652_008

    def test_multiply_adds(self, lite: nn.Module, lite_layers: dict[str, Layer]) -> None:
        total = sum(layer.multiply_adds for layer in lite_layers.values())
        assert total == counted_multiply_adds(lite, 3, 224, 224)

    def test_shapes_equal_torchinfo(self, lite: nn.Module, lite_layers: dict[str, Layer]) -> None:
        summary = torchinfo.summary(lite, (1, 3, 224, 224), depth=9, verbose=0)
        theirs = [tuple(info.output_size[1:]) for info in summary.summary_list if info.is_leaf_layer]
        assert [layer.shape for layer in lite_layers.values()] == theirs

    def test_inputs_form_the_chain_with_its_residuals(self, lite_layers: dict[str, Layer]) -> None:
        sums = [layer for layer in lite_layers.values() if layer.kind == "residual sum"]
        assert len(sums) == 9
        assert lite_layers["stage2.1.sum"].inputs == ("stage2.1.project.norm", "stage2.0.project.norm")
        for before, layer in pairwise(lite_layers.values()):
            assert layer.inputs[0] == before.name
        assert lite_layers["stem.conv"].inputs == ("input",)

    def test_kinds(self, lite_layers: dict[str, Layer]) -> None:
        kinds = {name.rpartition(".")[0]: layer.kind for name, layer in lite_layers.items() if "conv" in name}
        assert kinds["stem"] == "convolution"
        assert kinds["stage3.0.depthwise"] == "depthwise convolution"
        assert kinds["stage3.0.expand"] == kinds["head"] == "pointwise convolution"
        assert [lite_layers[name].kind for name in ("stem.norm", "stem.act", "pool", "classifier")] == [
            "batch norm",
            "activation",
            "pooling",
            "dense",
        ]

    def test_windows(self, lite_layers: dict[str, Layer]) -> None:
        stem, deep = lite_layers["stem.conv"], lite_layers["stage3.1.depthwise.conv"]
        assert (stem.kernel, stem.stride, stem.groups) == ((3, 3), (2, 2), 1)
        assert stem.padding == "0 top and left, 1 bottom and right"
        assert (deep.kernel, deep.stride, deep.padding, deep.groups) == ((5, 5), (1, 1), "2", 240)
        assert lite_layers["stem.norm"].kernel is None

    def test_groups_are_the_stages(self, lite_layers: dict[str, Layer]) -> None:
        groups = list(dict.fromkeys(layer.group for layer in lite_layers.values()))
        assert groups == ["stem", *(f"stage{n}" for n in range(1, 8)), "head", "pool", "classifier"]

    def test_fields_of_the_first_and_the_last_layers(self, lite_layers: dict[str, Layer]) -> None:
        assert lite_layers["stem.conv"].field == ReceptiveField(3, 3, 2, 2, 0, 0)
        assert lite_layers["stage1.0.depthwise.conv"].field == ReceptiveField(7, 7, 2, 2, -2, -2)
        whole = ReceptiveField(224, 224, 0, 0, 0, 0)
        assert lite_layers["pool"].field == lite_layers["classifier"].field == whole


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "densenet121", "shufflenet_v2_x0_5"])
def test_counts_on_torchvision(name: str) -> None:
    model = getattr(torchvision.models, name)(weights=None).eval()
    layers = measured(model, 3, 96, 96)
    expected = [leaf for leaf in leaves(model) if not leaf.endswith("branch1")]  # shufflenet's empty branches
    assert sorted(layers) == sorted(expected)
    assert sum(layer.multiply_adds for layer in layers.values()) == counted_multiply_adds(model, 3, 96, 96)
    assert sum(layer.parameters for layer in layers.values()) == sum(p.numel() for p in model.parameters())
    assert {layer.kind for layer in layers.values()} <= set(KINDS)
    assert all(layer.field is not None for layer in layers.values())


def test_resnet18_looks_through_what_is_no_module() -> None:
    layers = measured(torchvision.models.resnet18(weights=None), 3, 224, 224)
    assert layers["conv1"].field == ReceptiveField(7, 7, 2, 2, -3, -3)
    assert layers["maxpool"].field == ReceptiveField(11, 11, 4, 4, -5, -5)
    assert layers["layer1.0.conv1"].inputs == ("maxpool",)
    # The first sum and the second use of its ReLU come between, and are no layers of their own.
    assert layers["layer1.1.conv1"].inputs == ("layer1.0.bn2", "maxpool", "?")
    assert layers["fc"].inputs == ("avgpool",)  # only flattened in between
    assert layers["layer1.0.relu"].inputs == ("layer1.0.bn1",)
    assert {layer.group for layer in layers.values()} >= {"layer1", "layer2", "conv1", "fc"}


def test_mobilenets_blocks_become_groups() -> None:
    layers = measured(torchvision.models.mobilenet_v3_small(weights=None), 3, 64, 64)
    groups = list(dict.fromkeys(layer.group for layer in layers.values()))
    assert groups == [*(f"features.{n}" for n in range(13)), "avgpool", "classifier"]


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


def test_attention_sees_everything() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 4, stride=4)
            self.norm = nn.LayerNorm(8)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.dense = nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            tokens = self.norm(self.patches(x).flatten(2).transpose(1, 2))
            return self.dense(self.attention(tokens, tokens, tokens)[0])

    layers = measured(Tokens(), 3, 8, 12)
    assert list(layers) == ["patches", "norm", "attention", "dense"]
    assert layers["norm"].field is None
    assert layers["attention"].parameters == sum(p.numel() for p in nn.MultiheadAttention(8, 2).parameters())
    assert layers["dense"].shape == (6, 8)


def test_a_layer_used_twice_appears_once_and_costs_twice() -> None:
    conv = nn.Conv2d(2, 2, 3, padding=1)
    layers = measured(nn.Sequential(conv, nn.ReLU(), conv), 2, 5, 5)
    assert list(layers) == ["0", "1"]
    assert layers["0"].field == ReceptiveField(3, 3, 1, 1, -1, -1)
    assert layers["0"].multiply_adds == 2 * 25 * 2 * 2 * 9


def test_a_tensor_not_made_from_the_picture_has_an_unknown_source() -> None:
    class Prompted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.prompt = nn.Embedding(1, 3)
            self.sum = ResidualSum()

        def forward(self, x: Tensor) -> Tensor:
            return self.sum(x, self.prompt(torch.zeros(1, dtype=torch.long))[:, :, None, None])

    layers = measured(Prompted(), 3, 4, 4)
    assert layers["prompt"].inputs == ("?",)
    assert layers["prompt"].field is None
    assert layers["sum"].inputs == ("input", "?")


def test_padding_in_words() -> None:
    def padding(module: nn.Module) -> str:
        return measured(module, 2, 8, 8)[""].padding

    assert padding(nn.Conv2d(2, 2, 3)) == "0"
    assert padding(nn.Conv2d(2, 2, 3, padding=1)) == "1"
    assert padding(nn.Conv2d(2, 2, 3, padding="same")) == "1"
    assert padding(nn.MaxPool2d((1, 3), padding=(0, 1))) == "0 top and bottom, 1 left and right"
    assert padding(nn.ZeroPad2d((1, 2, 3, 4))) == "3 top, 4 bottom, 1 left, 2 right"
    assert padding(nn.ReLU()) == ""


def test_field_box() -> None:
    field = ReceptiveField(size_y=7, size_x=5, jump_y=2, jump_x=3, start_y=-3, start_x=-1)
    assert field_box(field, 4, 2) == Box(top=5, left=5, bottom=12, right=10)


class Fragile(nn.Module):
    """A layer that works, then one that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(5)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


def hooks_of(model: nn.Module) -> Iterator[object]:
    for module in model.modules():
        yield from (*module._forward_hooks, *module._forward_pre_hooks)


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(fails: bool) -> None:
    model = (
        Fragile() if fails else nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    )
    model.train()
    model.get_submodule("norm" if fails else "1").eval()
    flags = [module.training for module in model.modules()]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    if fails:
        with pytest.raises(RuntimeError):
            measure(model, torch.randn(1, 3, 6, 6))
    else:
        measure(model, torch.randn(1, 3, 6, 6))
    assert list(hooks_of(model)) == []
    assert [module.training for module in model.modules()] == flags
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)
    assert torch.is_grad_enabled()


def test_the_picture_is_left_as_it_was_in_inference_mode_too() -> None:
    with torch.inference_mode():
        x = torch.randn(1, 3, 6, 6)
        copy = x.clone()
        layers = measure(nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 4, 3)), x)
    assert torch.equal(x, copy)
    assert [layer.kind for layer in layers] == ["activation", "convolution"]


def test_a_batch_of_several_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="one picture"):
        measure(nn.ReLU(), torch.zeros(2, 3, 4, 4))


def test_measuring_does_not_load_the_compiler() -> None:
    program = (
        "import sys, torch; from engine.models.anatomy import measure;"
        "measure(torch.nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8)); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
