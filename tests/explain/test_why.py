"""Why this class: the five methods behind one door, against captum."""

from __future__ import annotations

from collections.abc import Iterator

import captum.attr
import numpy as np
import pytest
import torch
from small_classifier import hook_count, small_classifier

from engine.data.images import read_image
from engine.data.prepare import prepare
from engine.data.samples import samples
from engine.errors import UserError
from engine.explain.inspection import Inspection, Look
from engine.explain.why import METHODS, Effort, Heat, explain
from engine.models.catalogue import load_classifier
from engine.models.names import BUILT_IN

EFFORT = Effort(integration_steps=8, smoothgrad_samples=3, smoothgrad_noise=0.2, patch=8, seed=5)


@pytest.fixture
def inspection() -> Iterator[Inspection]:
    inspection = Inspection(small_classifier(), torch.device("cpu"))
    yield inspection
    inspection.close()
    assert hook_count(inspection.model) == 0


@pytest.fixture
def look(inspection: Inspection) -> Look:
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    return inspection.look(x, np.zeros((32, 32, 3), np.uint8), "")


def run(inspection: Inspection, look: Look, method: str, target: int, layer: str = "body.act") -> list[Heat]:
    return list(explain(method, inspection, look, target, layer, EFFORT))


def relative_error(ours: np.ndarray, theirs: torch.Tensor) -> float:
    return float(np.abs(ours - theirs.detach().numpy()).max() / theirs.detach().abs().max())


def test_grad_cam_of_the_real_network_is_captums():
    inspection = Inspection(load_classifier(BUILT_IN), torch.device("cpu"))
    prepared = prepare(read_image(samples()[0].path).rgb, inspection.classifier.preprocessing)
    look = inspection.look(prepared.x, prepared.rgb, "")
    target, model = int(look.logits.argmax()), inspection.model
    oracle = captum.attr.LayerGradCam(model, model.get_submodule("head.act"))
    for index in (target, 5):
        theirs = oracle.attribute(prepared.x, target=index, relu_attributions=True)[0, 0]
        (heat,) = run(inspection, look, "grad-cam", index, inspection.last_convolutional())
        assert heat.layer == "head.act"
        assert heat.values.shape == (7, 7)
        assert relative_error(heat.values, theirs) < 1e-5
    inspection.close()


def test_grad_cam_at_every_layer_with_maps_is_captums(inspection: Inspection, look: Look):
    for name in ("stem.conv", "stem.norm", "stem.act", "body.conv", "body.act", "pool"):
        for target in range(5):
            oracle = captum.attr.LayerGradCam(inspection.model, inspection.module(name))
            theirs = oracle.attribute(look.x, target=target, relu_attributions=True)[0, 0]
            (heat,) = run(inspection, look, "grad-cam", target, name)
            np.testing.assert_allclose(heat.values, theirs.detach(), rtol=1e-4, atol=1e-6)


def test_saliency_is_captums(inspection: Inspection, look: Look):
    x = look.x.clone().requires_grad_()
    theirs = captum.attr.Saliency(inspection.model).attribute(x, target=2)[0].amax(0)
    (heat,) = run(inspection, look, "saliency", 2)
    assert relative_error(heat.values, theirs) < 1e-5
    assert not heat.signed


def test_integrated_gradients_are_captums_and_add_up_to_the_change_of_the_logit(
    inspection: Inspection, look: Look
):
    oracle = captum.attr.IntegratedGradients(inspection.model)
    theirs = oracle.attribute(look.x, target=2, n_steps=8, method="gausslegendre")[0].sum(0)
    heat = run(inspection, look, "integrated-gradients", 2)[-1]
    assert relative_error(heat.values, theirs) < 1e-5
    with torch.no_grad():
        change = inspection.model(look.x)[0, 2] - inspection.model(torch.zeros_like(look.x))[0, 2]
    assert heat.values.sum() == pytest.approx(float(change) + heat.value, rel=1e-4)
    assert heat.signed


def test_smoothgrad_is_a_plain_loop_over_noisy_pictures(inspection: Inspection, look: Look):
    generator = torch.Generator().manual_seed(EFFORT.seed)
    spread = EFFORT.smoothgrad_noise * (look.x.max() - look.x.min())
    total = torch.zeros_like(look.x[0])
    for _ in range(EFFORT.smoothgrad_samples):
        noisy = (look.x + spread * torch.randn(look.x.shape, generator=generator)).requires_grad_()
        total += torch.autograd.grad(inspection.model(noisy)[0, 2], noisy)[0][0]
    heat = run(inspection, look, "smoothgrad", 2)[-1]
    assert relative_error(heat.values, (total / EFFORT.smoothgrad_samples).abs().amax(0)) < 1e-5


def test_occlusion_is_captums(inspection: Inspection, look: Look):
    finest = EFFORT.patch // 4
    theirs = captum.attr.Occlusion(inspection.model).attribute(
        look.x, target=2, sliding_window_shapes=(3, 8, 8), strides=(3, finest, finest)
    )[0, 0]
    counts = np.zeros((32, 32))
    for row in range(0, 25, finest):
        for column in range(0, 25, finest):
            counts[row : row + 8, column : column + 8] += 1
    heat = run(inspection, look, "occlusion", 2)[-1]
    # captum divides by how many patches covered a pixel, as ours does, where all of them are whole.
    assert counts.min() == 1
    assert relative_error(heat.values, theirs) < 1e-4
    assert heat.value >= heat.values.max() - 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_every_step_is_a_whole_map_that_says_how_far_it_is(inspection: Inspection, look: Look, method: str):
    heats = run(inspection, look, method, 2)
    assert [heat.done for heat in heats] == list(range(1, len(heats) + 1))
    assert {heat.total for heat in heats} == {len(heats)}
    for heat in heats:
        assert (heat.method, heat.target) == (method, 2)
        assert heat.values.dtype == np.float32
        assert heat.values.shape == ((16, 16) if method == "grad-cam" else (32, 32))
        assert np.isfinite(heat.values).all()
        assert not heat.values.flags.writeable
        assert heat.layer == ("body.act" if method == "grad-cam" else "")
        low, high = heat.limits
        assert high > 0
        assert low == (-high if heat.signed else 0)
        assert np.abs(heat.values).max() <= high
    assert len(heats) == {"integrated-gradients": 9, "smoothgrad": 3, "occlusion": 169}.get(method, 1)


@pytest.mark.parametrize("method", ["saliency", "integrated-gradients", "smoothgrad"])
def test_the_colours_make_up_the_value(inspection: Inspection, look: Look, method: str):
    heat = run(inspection, look, method, 1)[-1]
    assert heat.colours.shape == (3, 32, 32)
    assert not heat.colours.flags.writeable
    together = heat.colours.sum(0) if heat.signed else np.abs(heat.colours).max(0)
    np.testing.assert_allclose(heat.values, together, rtol=1e-4, atol=1e-7)


def test_a_map_of_zeros_still_has_a_scale():
    heat = Heat("grad-cam", 0, "x", np.zeros((2, 2), np.float32), False, 1, 1)
    assert heat.limits == (0.0, 1.0)


@pytest.mark.parametrize("layer", ["flat", "head"])
def test_grad_cam_where_there_are_no_maps_says_so(inspection: Inspection, look: Look, layer: str):
    with pytest.raises(UserError, match="no feature maps"):
        run(inspection, look, "grad-cam", 2, layer)


def test_an_explanation_that_is_given_up_leaves_no_hook(inspection: Inspection, look: Look):
    before = hook_count(inspection.model)
    for method in METHODS:
        slices = explain(method, inspection, look, 2, "body.act", EFFORT)
        next(slices)
        slices.close()
    assert hook_count(inspection.model) == before
