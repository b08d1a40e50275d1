"""Each slider does to the picture what it says, against the plainest formula there is for it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.data.images import read_image
from engine.data.prepare import Prepared, normalise, prepare
from engine.data.samples import samples
from engine.data.what_if import IDENTITY, SWEEPS, WhatIf, apply, blur, brighten, shuffle, sweep_values
from engine.errors import UserError
from engine.models.preprocessing import Preprocessing

HALVES = Preprocessing(256, 224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
LEVEL = 1 / 255
ROUNDING = 2e-4
"""A coordinate in float32 is off by some 1e-5 pixels; neighbours differ by up to 1."""


@pytest.fixture(scope="module")
def cat() -> Prepared:
    return prepare(read_image(samples()[0].path).rgb, HALVES)


@pytest.fixture(scope="module")
def panorama() -> Prepared:
    """As much surroundings on each side as is ever kept."""
    return prepare(np.random.default_rng(0).integers(0, 256, (256, 900, 3), dtype=np.uint8), HALVES)


def crop(prepared: Prepared) -> torch.Tensor:
    return torch.tensor(prepared.rgb).permute(2, 0, 1) / 255


def context(prepared: Prepared) -> torch.Tensor:
    return torch.tensor(prepared.context).permute(2, 0, 1) / 255


def close(found: torch.Tensor, expected: torch.Tensor, tolerance: float = ROUNDING) -> bool:
    return found.shape == expected.shape and bool((found - expected).abs().max() <= tolerance)


# ---------------------------------------------------------------- geometry


def test_nothing_changed_is_the_very_input(cat: Prepared) -> None:
    assert torch.equal(normalise(apply(cat, IDENTITY), cat.preprocessing), cat.x)
    assert torch.equal(apply(cat, WhatIf(seed=9)), crop(cat))


@pytest.mark.parametrize(("x", "y"), [(7, 0), (0, -9), (-30, 12), (100, 5), (-128, 0)])
def test_a_shift_brings_in_the_real_surroundings(panorama: Prepared, x: int, y: int) -> None:
    moved = apply(panorama, WhatIf(shift_x=x, shift_y=y))
    wide = F.pad(context(panorama), (0, 0, 150, 150), value=0.5)
    top, left = panorama.top + 150 - y, panorama.left - x
    assert close(moved, wide[:, top : top + 224, left : left + 224])


def test_half_a_pixel_lies_between_two(cat: Prepared) -> None:
    moved = apply(cat, WhatIf(shift_x=-0.5))
    column = cat.left + 40
    taps = context(cat)[:, cat.top : cat.top + 224, column - 1 : column + 3]
    cubic = torch.tensor([-0.09375, 0.59375, 0.59375, -0.09375])  # Keys 1981 with a = -0.75, halfway
    assert close(moved[:, :, 40], (taps * cubic).sum(-1).clamp(0, 1))


@pytest.mark.parametrize("quarters", [-2, -1, 1, 2])
def test_right_angles_turn_counter_clockwise(cat: Prepared, quarters: int) -> None:
    assert close(apply(cat, WhatIf(rotate=90 * quarters)), torch.rot90(crop(cat), quarters, (1, 2)), LEVEL)


def test_mirrored_is_flipped_and_then_moved(cat: Prepared) -> None:
    flipped = crop(cat).flip(-1)
    assert close(apply(cat, WhatIf(mirror=True)), flipped)
    turned = apply(cat, WhatIf(mirror=True, rotate=90))
    assert close(turned, torch.rot90(flipped, 1, (1, 2)), LEVEL)
    moved = apply(cat, WhatIf(mirror=True, rotate=90, shift_x=11))
    assert close(moved[:, :, 11:], turned[:, :, :-11], LEVEL)


def test_any_angle_and_zoom_on_a_picture_known_everywhere() -> None:
    """A plane of brightness, on which cubic interpolation is exact, seen through the plain formula."""
    rows, columns = np.mgrid[0:400, 0:400]
    plane = np.rint(20 + 0.25 * columns + 0.3 * rows).astype(np.uint8)
    prepared = prepare(np.repeat(plane[..., None], 3, -1), Preprocessing(400, 128, (0.5,) * 3, (0.5,) * 3))
    found = apply(prepared, WhatIf(zoom=1.25, rotate=33, shift_x=4.5, shift_y=-8))
    angle, middle = math.radians(33), 199.5
    for row, column in ((0, 0), (5, 120), (64, 64), (127, 30)):
        right, down = column - 63.5 - 4.5, row - 63.5 + 8
        x = (math.cos(angle) * right - math.sin(angle) * down) / 1.25 + middle
        y = (math.sin(angle) * right + math.cos(angle) * down) / 1.25 + middle
        assert found[0, row, column] * 255 == pytest.approx(20 + 0.25 * x + 0.3 * y, abs=0.7)


def test_outside_the_picture_is_mid_grey(cat: Prepared) -> None:
    turned = apply(cat, WhatIf(rotate=45))
    corner = torch.ones(20, 20).triu().flip(1).bool()  # 158 px from the centre; the picture ends at 128
    assert (turned[:, :20, :20][:, corner] == 0.5).all()
    assert turned[:, 112 - 20 : 112 + 20].std() > 0.05
    assert (apply(cat, WhatIf(shift_y=128, shift_x=0))[:, :100] == 0.5).all()


def test_shrinking_averages_instead_of_picking() -> None:
    """Stripes of one pixel, shrunk to a third, are grey and not coarser stripes."""
    stripes = np.zeros((256, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    small = apply(prepare(stripes, HALVES), WhatIf(zoom=1 / 3))
    inside = small[:, 80:144, 20:-20]
    assert (inside - 0.5).abs().max() < 0.1


def test_zoom_shows_the_surroundings_at_their_place(panorama: Prepared) -> None:
    smooth = prepare(
        np.repeat(np.linspace(0, 255, 800)[None, :, None], 256, 0).repeat(3, 2).astype(np.uint8), HALVES
    )
    small = apply(smooth, WhatIf(zoom=0.5))
    columns = smooth.left + 112 + (torch.arange(224) - 111.5) * 2 - 0.5
    expected = context(smooth)[0, 128, columns.round().long()]
    assert close(small[0, 112], expected, 1.5 * LEVEL)


# ---------------------------------------------------------------- light, blur, noise


@pytest.mark.parametrize("amount", [-1.0, -0.4, 0.3, 1.0])
def test_brightness_goes_part_of_the_way(cat: Prepared, amount: float) -> None:
    rgb = crop(cat).double()
    expected = rgb + amount * (1 - rgb) if amount > 0 else rgb * (1 + amount)
    assert close(apply(cat, WhatIf(brightness=amount)).double(), expected, 1e-6)
    assert torch.equal(brighten(rgb, 0), rgb)


@pytest.mark.parametrize("sigma", [0.3, 0.5, 1.0, 2.7, 8.0])
def test_blur_is_a_convolution_with_a_gaussian(cat: Prepared, sigma: float) -> None:
    reach = max(1, math.ceil(3 * sigma))
    line = torch.exp(-(torch.arange(-reach, reach + 1).double() ** 2) / (2 * sigma**2))
    kernel = torch.outer(line, line) / line.sum() ** 2
    small = prepare(cat.rgb, Preprocessing(56, 48, (0.5,) * 3, (0.5,) * 3))
    padded = F.pad(crop(small).double()[:, None], (reach,) * 4, mode="replicate")
    expected = F.conv2d(padded, kernel[None, None])[:, 0]
    assert close(blur(crop(small).double(), sigma), expected, 1e-12)
    assert close(apply(small, WhatIf(blur=sigma)).double(), expected, 1e-6)


def test_blur_wider_than_the_picture_still_averages() -> None:
    flat = torch.full((3, 5, 5), 0.3)
    assert close(blur(flat, 8.0), flat, 1e-6)


def test_noise_keeps_its_pattern_while_the_slider_moves() -> None:
    grey = prepare(np.full((256, 256, 3), 128, np.uint8), HALVES)
    base = crop(grey)
    weak, strong = (apply(grey, WhatIf(noise=std)) - base for std in (0.05, 0.1))
    assert close(strong, 2 * weak, 1e-6)
    assert float(weak.std()) == pytest.approx(0.05, rel=0.01)
    assert abs(float(weak.mean())) < 0.001
    assert torch.equal(apply(grey, WhatIf(noise=0.05)) - base, weak)
    other = apply(grey, WhatIf(noise=0.05, seed=1)) - base
    assert abs(float(torch.corrcoef(torch.stack((weak.flatten(), other.flatten())))[0, 1])) < 0.02
    loud = apply(grey, WhatIf(noise=1))
    assert (float(loud.min()), float(loud.max())) == (0, 1)


# ---------------------------------------------------------------- patches


@pytest.mark.parametrize("patches", [2, 4, 7, 16, 32])
def test_shuffling_moves_every_patch_and_loses_none(patches: int) -> None:
    side = 224 // patches
    places = torch.arange(patches**2).reshape(patches, patches)
    numbered = places.repeat_interleave(side, 0).repeat_interleave(side, 1).expand(3, -1, -1).float()
    inside = torch.rand(1, side, side).repeat(3, patches, patches)
    moved = shuffle(numbered + inside, patches, seed=5)
    order = moved.floor()[0, ::side, ::side].flatten().long()
    assert sorted(order.tolist()) == list(range(patches**2))
    assert (order != torch.arange(patches**2)).all()
    again = order.reshape(patches, patches).repeat_interleave(side, 0).repeat_interleave(side, 1)
    assert close(moved, again + inside, 1e-3)
    assert torch.equal(moved, shuffle(numbered + inside, patches, seed=5))
    if patches > 2:
        assert not torch.equal(moved, shuffle(numbered + inside, patches, seed=6))


def test_shuffling_what_does_not_divide_leaves_a_border() -> None:
    rgb = torch.rand(3, 10, 10)
    moved = shuffle(rgb, 4, seed=0)
    assert torch.equal(moved[:, 0], rgb[:, 0])
    assert torch.equal(moved[:, :, 9], rgb[:, :, 9])
    assert not torch.equal(moved[:, 1:9, 1:9], rgb[:, 1:9, 1:9])
    assert torch.equal(moved.flatten(1).sort().values, rgb.flatten(1).sort().values)


def test_the_steps_come_in_the_order_that_is_documented(cat: Prepared) -> None:
    everything = WhatIf(True, 0.8, 20, 5, -3, 0.2, 1.5, 0.1, 4, 3)
    rgb = apply(cat, WhatIf(True, 0.8, 20, 5, -3))
    rgb = blur(brighten(rgb, 0.2), 1.5)
    noise = torch.randn(3, 224, 224, generator=torch.Generator().manual_seed(3))
    rgb = shuffle((rgb + 0.1 * noise).clamp(0, 1), 4, 3)
    assert torch.equal(apply(cat, everything), rgb)


def test_every_answer_is_a_picture_of_its_own(cat: Prepared) -> None:
    kept, x = cat.rgb.copy(), cat.x.clone()
    for name in SWEEPS:
        for value in (SWEEPS[name].low, SWEEPS[name].high):
            answer = apply(cat, IDENTITY.with_value(name, value))
            assert answer.shape == (3, 224, 224)
            assert answer.dtype == torch.float32
            assert float(answer.min()) >= 0
            assert float(answer.max()) <= 1
            answer.zero_()
    assert np.array_equal(cat.rgb, kept)
    assert torch.equal(cat.x, x)


# ---------------------------------------------------------------- sliders


def test_every_slider_sweeps_through_the_untouched_picture() -> None:
    names = [field.name for field in dataclasses.fields(WhatIf) if field.name != "seed"]
    assert sorted(SWEEPS) == sorted(names)
    for name in names:
        values = sweep_values(name)
        neutral = getattr(IDENTITY, name)
        assert (np.diff(values) > 0).all()
        assert 2 <= len(values) <= 40
        assert neutral in values
        assert IDENTITY.with_value(name, neutral) == IDENTITY
        swept = IDENTITY.with_value(name, values[-1])
        assert type(getattr(swept, name)) is type(neutral)
        assert getattr(swept, name) == values[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("zoom", 0), ("zoom", math.nan), ("rotate", 181), ("noise", -0.1), ("blur", math.inf), ("shuffle", 0)],
)
def test_values_out_of_range_are_refused_with_a_sentence(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"{name} can't be"):
        dataclasses.replace(IDENTITY, **{name: value})
