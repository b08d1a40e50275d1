"""The painted picture excites its channel more than noise and more than any photograph of the gallery."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.data.images import read_image
from engine.data.prepare import prepare
from engine.data.samples import samples
from engine.errors import UserError
from engine.explain.attribution import Partial
from engine.explain.feature_visualization import COLOUR_FROM_DECORRELATED, Ascent, visualize_channel
from engine.models.efficientnet_lite import PREPROCESSING, load_efficientnet_lite0
from engine.probe import forward_to, select_channel

HALF = (0.5, 0.5, 0.5)


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 6, 5, padding=2),
        nn.ReLU6(),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    ]
    return nn.Sequential(*layers).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def efficientnet() -> nn.Module:
    return load_efficientnet_lite0()


@pytest.fixture(scope="module")
def photographs() -> list[Tensor]:
    return [prepare(read_image(sample.path).rgb, PREPROCESSING).x for sample in samples()]


def paint(
    model: nn.Module, layer: nn.Module, channel: int, *, size: int = 32, **options: Any
) -> Generator[Partial]:
    return visualize_channel(model, layer, channel, mean=HALF, std=HALF, size=size, **options)


def last(partials: Iterable[Partial]) -> Partial:
    *_, result = partials
    return result


def activation(model: nn.Module, layer: nn.Module, channel: int, x: Tensor) -> float:
    with torch.no_grad():
        return float(select_channel(forward_to(model, layer, x), channel).mean())


def as_input(picture: Tensor) -> Tensor:
    return (picture.permute(2, 0, 1)[None] - 0.5) / 0.5


@pytest.mark.parametrize(("name", "channel"), [("stage3.1.sum", 5), ("classifier", 985)])
def test_it_excites_efficientnet_more_than_noise_and_every_photograph(
    efficientnet, photographs, name, channel
):
    layer = efficientnet.get_submodule(name)
    noise = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    rivals = [activation(efficientnet, layer, channel, x) for x in [*photographs, noise]]
    assert len(rivals) > 5
    painted = last(paint(efficientnet, layer, channel, size=96, steps=24))
    assert activation(efficientnet, layer, channel, as_input(painted.map)) > 1.5 * max(rivals)


@pytest.mark.parametrize("index", [0, 1, 2, 5])
def test_it_excites_convolutions_activations_and_dense_units(model, index):
    partials = list(paint(model, model[index], 2, steps=30))
    assert [partial.done for partial in partials] == list(range(1, 31))
    first, final = partials[0], partials[-1]
    assert final.value > first.value
    layer = model[index]
    assert activation(model, layer, 2, as_input(final.map)) > activation(model, layer, 2, as_input(first.map))


def test_a_channel_that_starts_silent_is_woken(model):
    model[0].bias[3] = -0.3
    partials = list(paint(model, model[1], 3, steps=60))
    assert partials[0].value == 0
    assert partials[-1].value > 0


def test_without_shaking_the_value_is_that_of_the_picture(model):
    for partial in paint(model, model[2], 1, steps=3, jitter=0, angle=0.0, zoom=0.0):
        measured = activation(model, model[2], 1, as_input(partial.map))
        assert partial.value == pytest.approx(measured, abs=1e-5)


def test_the_picture_is_finite_coloured_and_in_range(model):
    picture = last(paint(model, model[2], 1, steps=20)).map
    assert picture.shape == (32, 32, 3)
    assert picture.dtype == torch.float32
    assert not picture.requires_grad
    assert torch.isfinite(picture).all()
    assert 0 <= picture.min() < picture.max() <= 1
    assert (picture[..., 0] - picture[..., 2]).abs().max() > 0.01


def test_an_odd_size_is_painted_whole(model):
    partial = last(paint(model, model[2], 1, size=33, steps=2, jitter=0, angle=0.0, zoom=0.0))
    assert partial.map.shape == (33, 33, 3)
    assert partial.value == pytest.approx(activation(model, model[2], 1, as_input(partial.map)), abs=1e-5)


def test_a_seed_repeats_exactly_and_the_global_generator_is_left_alone(model):
    state = torch.random.get_rng_state()
    first, again, other = (last(paint(model, model[2], 1, steps=4, seed=seed)).map for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_it_stops_at_the_layer(model):
    model[3].register_forward_pre_hook(lambda *_: pytest.fail("ran past the layer"))
    assert math.isfinite(last(paint(model, model[2], 0, steps=2)).value)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_callers_gradient_mode_does_not_matter(model, mode):
    wanted = last(paint(model, model[1], 0, steps=3)).map
    with mode():
        got = paint(model, model[1], 0, steps=3)
        next(got)
        assert not torch.is_grad_enabled()
        assert torch.equal(last(got).map, wanted)


def test_the_model_is_left_as_it_was(model):
    model[0].weight.requires_grad_(True)
    abandoned = paint(model, model[1], 0)
    next(abandoned)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    abandoned.close()
    assert [name for name, parameter in model.named_parameters() if parameter.requires_grad] == ["0.weight"]
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("index", [1, 2, 5])
def test_a_channel_that_does_not_exist_is_refused(model, index):
    with pytest.raises(UserError, match="no channel 8"):
        next(paint(model, model[index], 8))


def test_the_decorrelated_axes_are_brightness_and_two_opponent_colours():
    brightness, blue_yellow, green_magenta = torch.tensor(COLOUR_FROM_DECORRELATED).T
    assert (brightness > 0).all()
    assert blue_yellow[0] == -blue_yellow[2]
    assert green_magenta[1] < 0 < green_magenta[0]


def test_the_ascent_is_adams():
    generator = torch.Generator().manual_seed(0)
    start, gradients = (torch.randn(shape, generator=generator) for shape in ((7,), (5, 7)))
    ours, theirs = start.clone(), start.clone().requires_grad_()
    ascent, oracle = Ascent(ours, 0.03), torch.optim.Adam([theirs], lr=0.03, maximize=True)
    for gradient in gradients:
        ascent.step(gradient)
        theirs.grad = gradient
        oracle.step()
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-6, atol=1e-6)
