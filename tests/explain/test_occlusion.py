"""Occlusion against captum's, at every stride it passes through."""

from __future__ import annotations

import captum.attr
import pytest
import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.explain.occlusion import occlusion


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 6, 3, stride=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(96, 5),
    ]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def picture(height: int, width: int) -> Tensor:
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def oracle(model: nn.Module, x: Tensor, target: int, patch: int, stride: int, fill: float) -> Tensor:
    attribution = captum.attr.Occlusion(model).attribute(
        x,
        sliding_window_shapes=(3, patch, patch),
        strides=(3, stride, stride),
        baselines=fill,
        target=target,
        perturbations_per_eval=16,
    )
    return attribution[0, 0]


@pytest.mark.parametrize("size", [(32, 32), (32, 48), (29, 37), (8, 9)], ids=str)
@pytest.mark.parametrize("fill", [0.0, 0.7])
def test_the_map_after_each_stride_is_captums(model, size, fill):
    x = picture(*size)
    at_end_of = {
        partial.note: partial.map
        for partial in occlusion(model, x, 3, patch=8, finest_stride=2, fill=fill, batch=4)
    }
    assert list(at_end_of) == ["stride 8", "stride 4", "stride 2"][: len(at_end_of)]
    for note, ours in at_end_of.items():
        theirs = oracle(model, x, 3, 8, int(note.split()[1]), fill)
        assert theirs.abs().max() > 1e-3
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_a_patch_that_is_no_multiple_of_the_stride_leaves_no_gap(model):
    x = picture(24, 24)
    *_, final = occlusion(model, x, 0, patch=7, finest_stride=3)
    torch.testing.assert_close(final.map, oracle(model, x, 0, 7, 3, 0.0), atol=1e-5, rtol=0)


def test_a_patch_larger_than_the_picture_covers_all_of_it(model):
    x = picture(16, 16)
    (only,) = occlusion(model, x, 0, patch=32, finest_stride=8)
    drop = model(x)[0, 0] - model(torch.zeros_like(x))[0, 0]
    torch.testing.assert_close(only.map, drop.expand(16, 16), atol=1e-5, rtol=0)


def test_no_patch_is_computed_twice_and_progress_counts_them(model):
    pictures = []
    model.register_forward_pre_hook(lambda _model, args: pictures.append(len(args[0])))
    partials = list(occlusion(model, picture(32, 32), 0, patch=8, finest_stride=2, batch=5))
    patches = 13 * 13
    assert sum(pictures) == patches + 1
    assert max(pictures) == 5
    assert partials[-1].done == partials[-1].total == patches
    done = [partial.done for partial in partials]
    assert done == sorted(done)


def test_each_yield_is_its_own_map_and_carries_the_largest_drop(model):
    first, second, *_, final = occlusion(model, picture(32, 32), 0, patch=8, finest_stride=4)
    assert not torch.equal(first.map, second.map)
    assert final.value >= second.value >= first.value > 0


def test_an_abandoned_occlusion_leaves_nothing_behind(model):
    x = picture(32, 32)
    before = x.clone()
    running = occlusion(model, x, 0, patch=8)
    next(running)
    assert torch.is_grad_enabled()
    running.close()
    assert torch.equal(x, before)
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_it_runs_where_gradients_are_off(model):
    x = picture(16, 16)
    *_, wanted = occlusion(model, x, 0, patch=8)
    with torch.inference_mode():
        *_, got = occlusion(model, x, 0, patch=8)
    assert torch.equal(got.map, wanted.map)


@pytest.mark.parametrize("stride", [0, 9])
def test_a_stride_that_leaves_gaps_is_refused(model, stride):
    with pytest.raises(UserError, match="gaps"):
        next(occlusion(model, picture(16, 16), 0, patch=8, finest_stride=stride))


def test_a_class_that_does_not_exist_is_refused(model):
    with pytest.raises(UserError, match="no class 5"):
        next(occlusion(model, picture(16, 16), 5, patch=8))
