"""Measured layers agree with counts by PyTorch and torchinfo, and the model is left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
import torchinfo
import torchvision.models
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from engine.models.anatomy import measure
from engine.models.efficientnet_lite import EfficientNetLite, ResidualSum
from engine.models.layer import KINDS, Layer, ReceptiveField


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
