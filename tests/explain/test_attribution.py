"""Attributions against captum's, and the model left as it was."""

from __future__ import annotations

from collections.abc import Iterable

import captum.attr
import pytest
import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.explain.attribution import (
    Partial,
    grad_cam,
    integrated_gradients,
    saliency,
    smoothgrad,
    to_heat,
)

CLASSES = 5


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 12, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(),
        nn.Linear(108, CLASSES),
    ]
    return nn.Sequential(*layers).eval().requires_grad_(False)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(1, 3, 20, 24, generator=torch.Generator().manual_seed(1))


def last(partials: Iterable[Partial]) -> Partial:
    *_, result = partials
    return result


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


@pytest.mark.parametrize("index", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("frozen", [True, False])
def test_grad_cam_is_captums(model, x, index, frozen):
    model.requires_grad_(not frozen)
    oracle = captum.attr.LayerGradCam(model, model[index])
    theirs = oracle.attribute(x, target=2, relu_attributions=True).detach()
    ours = grad_cam(model, model[index], x, 2)
    assert ours.shape == theirs.shape[2:]
    assert theirs.max() > 0
    assert relative_error(ours, theirs[0, 0]) < 1e-6


def test_grad_cam_where_the_network_overwrites_the_layers_output(model, x):
    wanted = grad_cam(model, model[0], x, 2)
    model[1] = nn.ReLU(inplace=True)
    assert torch.equal(grad_cam(model, model[0], x, 2), wanted)


def test_grad_cam_differentiates_only_what_follows_the_layer(model, x):
    model.requires_grad_(True)
    recorded = []
    model[0].register_forward_hook(lambda _module, _args, output: recorded.append(output.requires_grad))
    grad_cam(model, model[3], x, 0)
    assert recorded == [False]


@pytest.mark.parametrize("index", [5, 6])
def test_grad_cam_of_a_layer_without_feature_maps_is_refused(model, x, index):
    with pytest.raises(UserError, match="no feature maps"):
        grad_cam(model, model[index], x, 0)
    assert hooks(model) == 0


def test_grad_cam_of_a_layer_that_the_class_does_not_depend_on_is_refused(x):
    class Forked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            self.unused(x)
            return self.used(x).mean((2, 3))

    model = Forked().requires_grad_(False)
    with pytest.raises(UserError, match="does not depend"):
        grad_cam(model, model.unused, x, 0)
    with pytest.raises(UserError, match="never runs"):
        grad_cam(model, nn.ReLU(), x, 0)
    assert hooks(model) == 0


@pytest.mark.parametrize("target", [-1, CLASSES])
def test_a_class_that_does_not_exist_is_refused(model, x, target):
    for attempt in (
        lambda: grad_cam(model, model[3], x, target),
        lambda: saliency(model, x, target),
        lambda: next(integrated_gradients(model, x, target)),
        lambda: next(smoothgrad(model, x, target)),
    ):
        with pytest.raises(UserError, match="Choose a class from 0 to 4"):
            attempt()
    assert hooks(model) == 0


def test_saliency_is_captums(model, x):
    theirs = captum.attr.Saliency(model).attribute(x.clone().requires_grad_(), target=3, abs=False)
    assert relative_error(saliency(model, x, 3), theirs[0]) < 1e-6


@pytest.mark.parametrize("steps", [1, 6, 32])
def test_integrated_gradients_are_captums(model, x, steps):
    theirs = captum.attr.IntegratedGradients(model).attribute(x, target=1, n_steps=steps)
    assert relative_error(last(integrated_gradients(model, x, 1, steps=steps)).map, theirs[0]) < 1e-5


def test_integrated_gradients_from_another_baseline_are_captums(model, x):
    baseline = torch.full_like(x, 0.3)
    oracle = captum.attr.IntegratedGradients(model)
    theirs = oracle.attribute(x, baselines=baseline, target=1, n_steps=16)
    ours = last(integrated_gradients(model, x, 1, steps=16, baseline=baseline))
    assert relative_error(ours.map, theirs[0]) < 1e-5


def test_integrated_gradients_add_up_to_the_change_of_the_logit(model, x):
    result = last(integrated_gradients(model, x, 1, steps=64))
    change = model(x)[0, 1] - model(torch.zeros_like(x))[0, 1]
    assert result.value == pytest.approx(float(result.map.sum() - change), abs=1e-6)
    assert abs(result.value) < 0.01 * abs(change)


def test_integrated_gradients_are_an_estimate_of_the_whole_path_early(model, x):
    partials = list(integrated_gradients(model, x, 1, steps=32))
    assert [partial.done for partial in partials] == list(range(1, 34))
    assert {partial.total for partial in partials} == {33}
    first, quarter, final = partials[0].map, partials[7].map, partials[-1].map
    assert relative_error(quarter, final) < relative_error(first, final)
    assert relative_error(quarter, final) < 0.2


def test_smoothgrad_is_captums_mean_over_the_same_noise(model, x):
    samples, deviation = 6, 0.1 * float(x.max() - x.min())
    generator = torch.Generator().manual_seed(7)
    noisy = [x + deviation * torch.randn(x.shape, generator=generator) for _ in range(samples)]
    oracle = captum.attr.Saliency(model)
    theirs = oracle.attribute(torch.cat(noisy).requires_grad_(), target=4, abs=False).mean(0)
    ours = last(smoothgrad(model, x, 4, samples=samples, noise=0.1, seed=7))
    assert relative_error(ours.map, theirs) < 1e-6


def test_smoothgrad_is_captums_noise_tunnel_up_to_chance(model, x):
    torch.manual_seed(3)
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(model))
    deviation = 0.15 * float(x.max() - x.min())
    theirs = tunnel.attribute(
        x.clone().requires_grad_(),
        nt_samples=600,
        nt_samples_batch_size=100,
        stdevs=deviation,
        target=4,
        abs=False,
    )
    ours = last(smoothgrad(model, x, 4, samples=600))
    correlation = torch.corrcoef(torch.stack((ours.map.flatten(), theirs.flatten())))[0, 1]
    assert correlation > 0.98


def test_smoothgrad_repeats_with_its_seed_and_leaves_the_global_generator_alone(model, x):
    state = torch.random.get_rng_state()
    first, again, other = (last(smoothgrad(model, x, 4, samples=2, seed=seed)).map for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_heat_is_one_number_a_pixel():
    attribution = torch.tensor([[[1.0, -2.0]], [[-3.0, 0.5]]])
    for method in ("saliency", "smoothgrad"):
        assert torch.equal(to_heat(attribution, method), torch.tensor([[3.0, 2.0]]))
    assert torch.equal(to_heat(attribution, "integrated-gradients"), torch.tensor([[-2.0, -1.5]]))
    flat = torch.tensor([[-1.0, 2.0]])
    assert torch.equal(to_heat(flat, "occlusion"), flat)


def test_the_model_is_left_as_it_was(model, x):
    model[0].weight.requires_grad_(True)
    flags = [parameter.requires_grad for parameter in model.parameters()]
    grad_cam(model, model[3], x, 0)
    saliency(model, x, 0)
    last(integrated_gradients(model, x, 0, steps=2))
    last(smoothgrad(model, x, 0, samples=2))
    abandoned = integrated_gradients(model, x, 0)
    next(abandoned)
    assert hooks(model) == 0
    assert torch.is_grad_enabled()
    abandoned.close()
    assert [parameter.requires_grad for parameter in model.parameters()] == flags
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not x.requires_grad


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_callers_gradient_mode_does_not_matter(model, x, mode):
    wanted = (
        grad_cam(model, model[3], x, 0),
        saliency(model, x, 0),
        last(integrated_gradients(model, x, 0, steps=3)).map,
        last(smoothgrad(model, x, 0, samples=2)).map,
    )
    with mode():
        same = x.clone()
        got = (
            grad_cam(model, model[3], same, 0),
            saliency(model, same, 0),
            last(integrated_gradients(model, same, 0, steps=3)).map,
            last(smoothgrad(model, same, 0, samples=2)).map,
        )
        assert not torch.is_grad_enabled()
    for ours, theirs in zip(got, wanted, strict=True):
        assert torch.equal(ours, theirs)
