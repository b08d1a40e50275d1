"""A network opened up: what it says and every layer's maps, against direct forward passes and NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_classifier import hook_count, small_classifier
from torch import nn

from engine.data.images import read_image
from engine.data.prepare import prepare
from engine.data.samples import samples
from engine.errors import UserError
from engine.explain.colour_limits import LEAST_SAMPLE, MAP_SAMPLE, SORTED
from engine.explain.inspection import Inspection, Look
from engine.explain.mosaic import as_maps
from engine.explain.shown_layer import default_layer, most_varied, show_layer
from engine.models.catalogue import load_classifier
from engine.models.names import BUILT_IN
from engine.models.preprocessing import Preprocessing

CPU = torch.device("cpu")
BEYOND = 0.05
"""The share of a sampled map's values that may lie beyond an end of its scale; 0.01 is meant."""


@pytest.fixture
def inspection() -> Iterator[Inspection]:
    inspection = Inspection(small_classifier(), CPU)
    yield inspection
    inspection.close()
    assert hook_count(inspection.model) == 0


@pytest.fixture(scope="module")
def real() -> Iterator[Inspection]:
    inspection = Inspection(load_classifier(BUILT_IN), CPU)
    yield inspection
    inspection.close()


@pytest.fixture(scope="module")
def cat(real: Inspection) -> Look:
    """The built-in example with every layer kept."""
    prepared = prepare(read_image(samples()[0].path).rgb, real.classifier.preprocessing)
    return real.open_up(real.look(prepared.x, prepared.rgb, ""))


def noise(seed: int = 0, side: int = 32) -> tuple[torch.Tensor, np.ndarray]:
    x = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return x, np.zeros((side, side, 3), np.uint8)


def test_it_says_what_the_network_says(inspection: Inspection):
    x, rgb = noise()
    look = inspection.look(x, rgb, "stem.conv")
    with torch.no_grad():
        logits = inspection.model(x)[0]
    assert torch.equal(look.logits, logits)
    assert torch.equal(look.probabilities, torch.softmax(logits, 0))
    assert look.rgb is rgb
    assert not look.logits.requires_grad


def test_it_keeps_the_watched_layer_alone_and_opened_all(inspection: Inspection):
    look = inspection.look(*noise(), "body.conv")
    assert list(look.outputs) == ["body.conv"]
    assert not look.is_open
    opened = inspection.open_up(look)
    assert opened.is_open
    assert list(opened.outputs) == list(inspection.by_name)
    assert opened.inputs.keys() == opened.outputs.keys()
    assert torch.equal(opened.outputs["body.conv"], look.outputs["body.conv"])
    assert torch.equal(opened.inputs["stem.conv"][0], look.x)


def test_every_layers_output_is_what_its_own_function_makes_of_its_input(inspection: Inspection):
    opened = inspection.open_up(inspection.look(*noise(), ""))
    for name, output in opened.outputs.items():
        with torch.no_grad():
            expected = inspection.module(name)(*opened.inputs[name])
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


def test_a_look_stays_as_it_was_when_another_is_taken(inspection: Inspection):
    first = inspection.open_up(inspection.look(*noise(1), ""))
    kept = {name: output.clone() for name, output in first.outputs.items()}
    inspection.look(*noise(2), "stem.conv")
    assert kept.keys() == first.outputs.keys()
    assert all(torch.equal(output, kept[name]) for name, output in first.outputs.items())


def test_an_output_that_was_not_kept_is_made_again(inspection: Inspection):
    look = inspection.look(*noise(), "stem.conv")
    kept = inspection.open_up(look)
    assert torch.equal(inspection.output(look, "body.act"), kept.outputs["body.act"][0])
    assert inspection.maps(look, "head").shape == (1, 1, 5)
    assert inspection.maps(look, "body.act").shape == (12, 16, 16)


def test_a_layer_that_is_not_there_is_refused_by_name(inspection: Inspection):
    for ask in (inspection.layer, inspection.module, lambda name: inspection.look(*noise(), name)):
        with pytest.raises(UserError, match="middle"):
            ask("middle")


def test_the_last_layer_with_places(inspection: Inspection, real: Inspection):
    assert inspection.last_convolutional() == "body.act"
    assert real.last_convolutional() == "head.act"


def dense_network() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 5)).eval()


def test_a_network_without_maps_has_no_last_layer_with_places_but_a_layer_to_show():
    inspection = Inspection(replace(small_classifier(), model=dense_network()), CPU)
    with pytest.raises(UserError, match="no feature maps"):
        inspection.last_convolutional()
    assert default_layer(inspection) in inspection.by_name
    inspection.close()


class Mean(nn.Module):
    """Classifies without a single layer."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Identity()])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)[:, :5]


def test_a_network_without_layers_is_refused():
    with pytest.raises(UserError, match="no layers"):
        Inspection(replace(small_classifier(), model=Mean()), CPU)


# Colour scales ------------------------------------------------------------------------------------


def test_the_scale_of_the_whole_network_is_numpys_percentiles_where_every_value_counts(
    inspection: Inspection,
):
    """The small network's layers have at most 2048 values each way, so the sample is nearly everything."""
    look = inspection.open_up(inspection.look(*noise(), ""))
    small = replace(look, outputs={name: out for name, out in look.outputs.items() if out.numel() <= 4096})
    assert len(small.outputs) >= 6
    everything = np.concatenate([output.numpy().ravel() for output in small.outputs.values()])
    expected = np.percentile(everything, [1, 99])
    np.testing.assert_allclose(inspection.limits(small), expected, rtol=1e-5)


def test_on_the_real_network_the_sample_is_near_the_percentiles_of_all(real: Inspection, cat: Look):
    """Every layer weighs the same there, so the oracle repeats each layer's own quantiles equally often."""
    look = replace(cat, outputs=dict(list(cat.outputs.items())[3::6]))
    quantiles = np.linspace(0, 1, 4001)
    layers = [np.quantile(output.numpy(), quantiles) for output in look.outputs.values()]
    low, high = np.percentile(np.concatenate(layers), [1, 99])
    found = real.limits(look)
    assert found[0] == pytest.approx(low, abs=0.03 * (high - low))
    assert found[1] == pytest.approx(high, abs=0.03 * (high - low))


@pytest.mark.parametrize("width", [16, 56, 112])
def test_the_sample_comes_from_every_column(inspection: Inspection, width: int):
    """Values that differ from column to column only must not be seen as a few of them."""
    ramp = torch.arange(float(width)).expand(1, 32, width, width)
    look = replace(inspection.look(*noise(), ""), outputs={"ramp": ramp})
    low, high = inspection.limits(look)
    assert low <= 0.02 * width
    assert high >= 0.96 * (width - 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([2.0] * 8, (1.5, 2.5)), ([float("nan")] * 4, (0.0, 1.0)), ([0.0] * 500 + [9.0], (0.0, 9.0)),
     ([float("inf"), 1.0, 1.0, 1.0, 3.0], (1.0, 2.94))],
    ids=["constant", "nothing finite", "one spike", "infinite"],
)  # fmt: skip
def test_the_scale_always_rises_and_is_finite(
    inspection: Inspection, values: list[float], expected: tuple[float, float]
):
    look = replace(inspection.look(*noise(), ""), outputs={"odd": torch.tensor([values])})
    assert inspection.limits(look) == pytest.approx(expected, rel=1e-6)


# The shown layer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stem.conv", "stage3.0.depthwise.act", "head.act"])
def test_map_limits_are_numpys_percentiles(real: Inspection, cat: Look, name: str):
    shown = show_layer(real, cat, name, order="channel", scale="map", channel=None, aspect=2.0)
    maps = cat.outputs[name][0].numpy()
    sample = min(MAP_SAMPLE, max(LEAST_SAMPLE, SORTED // len(maps)))
    for channel in range(0, len(maps), 5):
        low, high = shown.mosaic.limits(channel)
        expected = np.percentile(maps[channel], [1, 99])
        if expected[0] == expected[1]:
            expected = np.array([maps[channel].min(), maps[channel].max()])
        if maps[channel].size <= sample:
            assert (low, high) == pytest.approx(tuple(expected), abs=1e-5)
        else:  # of an even sample: near in rank, though not in value where the values lie far apart
            assert np.mean(maps[channel] < low) <= BEYOND
            assert np.mean(maps[channel] > high) <= BEYOND
    assert shown.limits == shown.mosaic.limits(shown.channel)
    np.testing.assert_array_equal(shown.map, maps[shown.channel])
    assert not shown.map.flags.writeable


def test_one_scale_for_the_layer_and_one_for_the_network(real: Inspection, cat: Look):
    maps = cat.outputs["head.act"][0].numpy()
    layer = show_layer(real, cat, "head.act", order="channel", scale="layer", channel=3, aspect=2.0)
    np.testing.assert_allclose(layer.limits, np.percentile(maps, [1, 99]), atol=1e-5)
    network = show_layer(real, cat, "head.act", order="channel", scale="network", channel=3, aspect=2.0)
    assert network.limits == pytest.approx(real.limits(cat), rel=1e-6)


def test_single_numbers_share_a_scale_because_one_of_its_own_would_make_them_look_alike(
    real: Inspection, cat: Look
):
    shown = show_layer(real, cat, "pool", order="channel", scale="map", channel=None, aspect=2.0)
    pooled = cat.outputs["pool"][0].flatten().numpy()
    np.testing.assert_allclose(shown.limits, np.percentile(pooled, [1, 99]), atol=1e-5)
    assert shown.limits[0] < shown.limits[1]
    assert len(np.unique(shown.mosaic.pixels)) > 100


@pytest.mark.parametrize("order", ["channel", "mean", "peak"])
def test_the_maps_stand_in_the_order_asked_for(real: Inspection, cat: Look, order: str):
    maps = cat.outputs["head.act"][0]
    shown = show_layer(real, cat, "head.act", order=order, scale="map", channel=0, aspect=1.0)
    keys = {"channel": -torch.arange(len(maps)), "mean": maps.mean((1, 2)), "peak": maps.amax((1, 2))}[order]
    ordered = keys[torch.tensor(shown.mosaic.order)]
    assert (ordered.diff() <= 1e-6).all()
    assert sorted(shown.mosaic.order.tolist()) == list(range(1280))


def test_the_picked_map_is_the_one_asked_for_or_the_last_or_the_most_varied(real: Inspection, cat: Look):
    def pick(name: str, channel: int | None) -> int:
        return show_layer(real, cat, name, order="mean", scale="map", channel=channel, aspect=1.0).channel

    assert pick("stem.act", 5) == 5
    assert pick("stem.act", 500) == 31
    maps = as_maps(cat.outputs["stem.act"][0])
    coarse = F.avg_pool2d(maps, maps.shape[1] // 14).numpy().reshape(len(maps), -1)
    assert pick("stem.act", None) == most_varied(maps) == coarse.std(1).argmax()
    pooled = cat.outputs["pool"][0].flatten()
    assert most_varied(pooled[:, None, None]) == int(pooled.argmax())


def test_the_most_varied_map_is_not_the_one_that_is_all_fine_noise():
    noisy = torch.randn(1, 56, 56, generator=torch.Generator().manual_seed(0)) * 1.5
    slope = torch.linspace(-1, 1, 56).expand(1, 56, 56)
    assert most_varied(torch.cat([noisy, slope])) == 1


def test_the_first_layer_shown_is_an_early_one_with_maps(inspection: Inspection, real: Inspection):
    assert default_layer(inspection) == "body.act"
    first = real.layer(default_layer(real))
    assert len(first.shape) == 3
    assert first.shape[1] >= 56


def test_the_input_is_measured_at_the_size_the_network_reads():
    about = Preprocessing(64, 48, (0.5,) * 3, (0.5,) * 3)
    inspection = Inspection(replace(small_classifier(), preprocessing=about), CPU)
    assert inspection.layer("stem.conv").shape == (8, 24, 24)
    inspection.close()
