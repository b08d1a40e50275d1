"""Built networks start alike for one seed, keep frozen layers still, and answer every question."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import pytest
import torch
from design_oracles import built, pictures
from PIL import Image
from torch import Tensor, nn

from engine.errors import UserError
from engine.explain.arithmetic import answer
from engine.explain.attribution import grad_cam, saliency
from engine.models.anatomy import measure
from engine.models.designs import PRESETS, Design, DesignedNetwork, build
from engine.models.designs.block import (
    Activation,
    Convolution,
    Dense,
    Dropout,
    GlobalPooling,
    Pooling,
    Pretrained,
    Residual,
)
from engine.models.efficientnet_lite import EfficientNetLite, load_efficientnet_lite0
from engine.optimisers import SGD
from engine.probe import Probe, capture

GREY, COLOUR = (1, 12, 12), (3, 32, 32)
MIXED = Design(
    "mixed",
    (
        Convolution(4, 2, stride=2, activation="leaky"),
        Residual(8, 3, stride=2, normalise="batch", activation="gelu"),
        Convolution(8, 3, depthwise=True, dilation=2, normalise="batch", activation="silu"),
        Pooling("average", 2, 1),
        Activation("tanh"),
        GlobalPooling("max"),
        Dense(6, normalise="batch", dropout=0.5),
    ),
)


@pytest.fixture(scope="module")
def lite() -> EfficientNetLite:
    return load_efficientnet_lite0()


@pytest.fixture(scope="module")
def thawed() -> DesignedNetwork:
    design = Design("t", (Pretrained("stage1", "stage1"), Convolution(4, normalise="batch"), GlobalPooling()))
    return build(design, COLOUR, 3, mean=[0.1] * 3, std=[0.2] * 3, seed=0)


@pytest.fixture(autouse=True)
def thawed_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """The shared network is put back after each test that uses it."""
    if "thawed" not in request.fixturenames:
        yield
        return
    network = request.getfixturevalue("thawed")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    yield
    network.load_state_dict(before)
    network.train().zero_grad()


class TestStart:
    """First weights: He's, of their own generator, the same for the same seed."""

    def build(self, seed: int, name: str = "small-vgg") -> dict[str, Tensor]:
        return build(PRESETS[name], COLOUR, 10, mean=[0.5] * 3, std=[0.2] * 3, seed=seed).state_dict()

    def test_only_the_seed_decides(self) -> None:
        torch.manual_seed(1)
        one, after = self.build(5), torch.rand(3)
        torch.manual_seed(1)
        assert torch.equal(after, torch.rand(3))  # nobody else's random numbers moved
        same, other = self.build(5), self.build(6)
        assert all(torch.equal(tensor, same[name]) for name, tensor in one.items())
        assert not torch.equal(one["head.weight"], other["head.weight"])

    def test_variance(self) -> None:
        weights = self.build(0, "small-resnet")
        for name in ("residual1.first.conv.weight", "residual3.second.conv.weight"):
            assert weights[name].var().item() == pytest.approx(2 / prod(weights[name].shape[1:]), rel=0.1)
        assert weights["head.weight"].var().item() == pytest.approx(1 / 128, rel=0.15)
        assert not weights["head.bias"].any()

    def test_mean_and_std_are_taken_off(self) -> None:
        network = built(PRESETS["plain"], COLOUR)
        x = pictures(2, COLOUR)
        mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.25, 0.3])
        assert torch.equal(network.normalise(x), (x - mean[:, None, None]) / std[:, None, None])

    def test_as_many_means_as_channels(self) -> None:
        with pytest.raises(ValueError, match="1 means and 3 deviations for 3 channels"):
            build(PRESETS["plain"], COLOUR, 10, mean=[0.5], std=[1] * 3, seed=0)

    def test_impossible_designs_are_refused(self) -> None:
        with pytest.raises(UserError, match="larger than the maps"):
            build(PRESETS["lenet-5"], (1, 8, 8), 10, mean=[0.0], std=[1.0], seed=0)

    @pytest.mark.parametrize("name", ["plain", "lenet-5", "small-resnet", "mlp"])
    def test_it_learns(self, name: str) -> None:
        network = build(PRESETS[name], (1, 16, 16), 4, mean=[0.5], std=[0.3], seed=0)
        x, target = pictures(8, network.shape), torch.arange(8) % 4
        optimiser, losses = SGD(network.parameters(), 0.05, 0.9), []
        for _ in range(12):
            loss = nn.functional.cross_entropy(network(x), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < 0.7 * losses[0]


class TestFrozen:
    """Frozen layers never change; what they make of a picture can be kept."""

    def test_the_pretrained_layers_are_efficientnets(self, lite: EfficientNetLite) -> None:
        network = built(PRESETS["transfer"], (3, 224, 224))
        x = pictures(1, (3, 224, 224))
        with torch.no_grad():
            expected = lite.pool(forward_features(lite, (x - 0.5) / 0.5))
            assert torch.equal(network.frozen_features(x), expected)

    def test_small_pictures_are_enlarged_as_pillow_does(self) -> None:
        enlarge = built(Design("a", (Pretrained("stem"),)), (3, 40, 30)).pretrained1.enlarge
        x = pictures(1, (3, 40, 30))
        for theirs, ours in zip(x[0], enlarge(x)[0], strict=True):
            picture = Image.fromarray(theirs.numpy()).resize((224, 224), Image.Resampling.BICUBIC)
            assert torch.allclose(ours, torch.from_numpy(np.array(picture)), atol=1e-5)

    def test_training_leaves_them_alone(self, thawed: DesignedNetwork) -> None:
        before = {name: tensor.clone() for name, tensor in thawed.state_dict().items()}
        optimiser = SGD([p for p in thawed.parameters() if p.requires_grad], 0.1)
        assert thawed.train().training
        nn.functional.cross_entropy(thawed(pictures(4, COLOUR)), torch.arange(4) % 3).backward()
        optimiser.step()
        changed = {name for name, t in thawed.state_dict().items() if not torch.equal(t, before[name])}
        assert not {name for name in changed if name.startswith(("normalise", "pretrained1.stem"))}
        stage = "pretrained1.stage1.0.project"
        assert {f"{stage}.conv.weight", f"{stage}.norm.running_mean"} <= changed
        assert {"convolution1.conv.weight", "head.bias"} <= changed

    def test_modes(self, thawed: DesignedNetwork) -> None:
        thawed.eval().train()
        training = {name for name, module in thawed.pretrained1.named_children() if module.training}
        assert training == {"stage1"}
        assert not thawed.pretrained1.stem.norm.training
        assert thawed.head.training

    def test_the_two_halves_are_the_whole(self, thawed: DesignedNetwork) -> None:
        x = pictures(3, COLOUR)
        features = thawed.eval().frozen_features(x)
        assert (features.shape, features.requires_grad) == ((3, 32, 112, 112), False)
        assert thawed.has_frozen
        assert torch.equal(thawed.from_features(features), thawed(x))

    def test_a_probe_sees_the_second_half_alone(self, thawed: DesignedNetwork) -> None:
        with Probe(thawed) as probe:
            probe.watch(["convolution1.conv", "pretrained1.stem.conv"])
            thawed(pictures(2, COLOUR))
            assert set(probe.outputs) == {"convolution1.conv", "pretrained1.stem.conv"}
            thawed.from_features(thawed.frozen_features(pictures(3, COLOUR)))
            assert {name: len(out) for name, out in probe.outputs.items()} == {"convolution1.conv": 3}

    def test_gradients_pass_through_frozen_layers(self, thawed: DesignedNetwork) -> None:
        assert saliency(thawed.eval(), pictures(1, COLOUR), 1).abs().max() > 0
        assert grad_cam(thawed, thawed.pretrained1.stem.act, pictures(1, COLOUR), 1).shape == (112, 112)

    @pytest.mark.parametrize("design", [PRESETS["plain"], Design("a", (Pretrained("stem", "stem"),))])
    def test_where_nothing_is_frozen_features_are_the_pictures(self, design: Design) -> None:
        network, x = built(design, COLOUR), pictures(2, COLOUR)
        assert not network.has_frozen
        assert network.frozen_features(x) is x
        assert torch.equal(network.from_features(x), network(x))
        assert all(parameter.requires_grad for parameter in network.parameters())


def forward_features(lite: EfficientNetLite, x: Tensor) -> Tensor:
    for name in ("stem", *(f"stage{number}" for number in range(1, 8)), "head"):
        x = lite.get_submodule(name)(x)
    return x


class TestQuestions:
    """What the image-classification lab asks of its models, these answer too."""

    @pytest.mark.parametrize("design", [MIXED, PRESETS["small-resnet"], PRESETS["lenet-5"]])
    def test_every_value_has_its_arithmetic(self, design: Design) -> None:
        network, x = built(design, COLOUR), pictures(1, COLOUR)
        layers = {layer.name: layer for layer in measure(network, x)}
        seen = capture(network, x, inputs=True)
        for name, output in seen.outputs.items():
            index = tuple(size // 2 for size in output.shape[1:])
            found = answer(network, layers, seen.inputs, seen.outputs, name, index)
            last = found.steps[-1].lines[-1]
            assert last.value == pytest.approx(output[(0, *index)].item(), rel=1e-4, abs=1e-5), name
            known = "as the model computed it" not in last.formula
            assert known, name

    def test_no_layer_writes_over_its_input(self) -> None:
        network, x = built(MIXED, COLOUR), pictures(1, COLOUR)
        copied = capture(network, x, copy=True).outputs
        viewed = capture(network, x, copy=False).outputs
        assert all(torch.equal(tensor, viewed[name]) for name, tensor in copied.items())

    def test_grad_cam_of_every_map(self) -> None:
        network, x = built(MIXED, COLOUR), pictures(1, COLOUR)
        maps = [layer for layer in measure(network, x) if len(layer.shape) == 3]
        for layer in maps:
            assert grad_cam(network, network.get_submodule(layer.name), x, 2).shape == layer.shape[1:]

    def test_the_layer_strip_reads_well(self) -> None:
        groups = [
            (layer.name, layer.group) for layer in measure(built(PRESETS["plain"], GREY), pictures(1, GREY))
        ]
        assert groups[:6] == [
            ("normalise", "normalise"),
            ("convolution1.conv", "convolution1"),
            ("convolution1.norm", "convolution1"),
            ("convolution1.act", "convolution1"),
            ("pooling1", "pooling1"),
            ("convolution2.conv", "convolution2"),
        ]
        assert groups[-1] == ("head", "head")

    def test_dropout_is_at_rest_in_eval_mode(self) -> None:
        network, x = built(Design("a", (Dropout(0.9),)), GREY), pictures(2, GREY)
        assert torch.equal(network(x), network(x))
        assert not torch.equal(network.train()(x), network(x))
