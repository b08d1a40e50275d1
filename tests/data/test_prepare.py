"""What the network reads is what the reference pipelines would give it, byte for byte."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor

from engine.data.images import read_image
from engine.data.prepare import WHOLE, Prepared, normalise, prepare
from engine.data.samples import Sample, samples
from engine.models.preprocessing import Preprocessing

HALVES = Preprocessing(256, 224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
IMAGENET = Preprocessing(232, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear")


def pixels(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def torchvision_input(rgb: np.ndarray, how: Preprocessing) -> torch.Tensor:
    steps = [Resize(how.resize, InterpolationMode(how.interpolation)), CenterCrop(how.crop), ToTensor()]
    return Compose([*steps, Normalize(how.mean, how.std)])(Image.fromarray(rgb))[None]


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.title)
def test_sample_photographs_equal_timm(sample: Sample) -> None:
    rgb = read_image(sample.path).rgb
    transform = create_transform(
        224, interpolation="bicubic", crop_pct=0.875, mean=HALVES.mean, std=HALVES.std
    )
    assert torch.equal(prepare(rgb, HALVES).x, transform(Image.fromarray(rgb))[None])


@pytest.mark.parametrize(
    ("height", "width"),
    [
        (256, 256),
        (224, 224),
        (256, 300),
        (333, 257),
        (31, 47),
        (2, 3),
        (1, 1),
        (257, 511),
        (700, 401),
        (150, 1400),
        (2100, 190),
    ],
)
@pytest.mark.parametrize(
    "how", [HALVES, IMAGENET, Preprocessing(40, 33, (0.1, 0.2, 0.3), (1, 2, 3), "lanczos")]
)
def test_every_shape_equals_torchvision(height: int, width: int, how: Preprocessing) -> None:
    rgb = pixels(height, width)
    prepared = prepare(rgb, how)
    assert torch.equal(prepared.x, torchvision_input(rgb, how))
    back = prepared.x[0] * torch.tensor(how.std)[:, None, None] + torch.tensor(how.mean)[:, None, None]
    assert np.array_equal((back * 255).round().permute(1, 2, 0).numpy(), prepared.rgb)


@pytest.mark.parametrize(("height", "width"), [(10, 300), (400, 11), (64, 4000), (300, 6000)])
@pytest.mark.parametrize("how", [HALVES, IMAGENET])
def test_a_very_long_picture_read_in_part_equals_the_whole_to_a_level(
    height: int, width: int, how: Preprocessing
) -> None:
    rgb = pixels(height, width, seed=3)
    whole = Resize(how.resize, InterpolationMode(how.interpolation))(Image.fromarray(rgb))
    assert max(whole.size) > WHOLE
    expected = np.asarray(CenterCrop(224)(whole)).astype(int)
    found = prepare(rgb, how).rgb
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.03


@pytest.mark.parametrize(
    ("height", "width"), [(300, 451), (451, 300), (256, 256), (150, 1400), (1000, 90), (1, 5)]
)
def test_the_context_is_the_resized_picture_around_the_crop(height: int, width: int) -> None:
    rgb = pixels(height, width, seed=1)
    prepared = prepare(rgb, HALVES)
    whole = np.asarray(Resize(256, InterpolationMode.BICUBIC)(Image.fromarray(rgb)))
    top, left = (round((side - 224) / 2) for side in whole.shape[:2])
    first_row, first_column = max(0, top - 224), max(0, left - 224)
    seen = whole[first_row : top + 448, first_column : left + 448]
    assert np.array_equal(prepared.context, seen)
    assert (prepared.top, prepared.left) == (top - first_row, left - first_column)
    inside = prepared.context[prepared.top : prepared.top + 224, prepared.left : prepared.left + 224]
    assert np.array_equal(inside, prepared.rgb)


@pytest.mark.parametrize(("height", "width"), [(10, 30_000), (30_000, 10), (1, 1_000_000)])
def test_extreme_shapes_take_little_memory(height: int, width: int) -> None:
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[height // 3 : height // 2, width // 3 : width // 2] = 200
    tracemalloc.start()
    prepared = prepare(rgb, HALVES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert prepared.x.shape == (1, 3, 224, 224)
    assert max(prepared.context.shape[:2]) == 672
    assert peak < 20e6


def test_what_is_kept_is_read_only_and_apart_from_the_picture() -> None:
    rgb = pixels(256, 256)
    prepared = prepare(rgb, HALVES)
    kept = prepared.rgb.copy()
    rgb[:] = 0
    assert isinstance(prepared, Prepared)
    assert np.array_equal(prepared.rgb, kept)
    assert not prepared.rgb.flags.writeable
    assert not prepared.context.flags.writeable
    with pytest.raises(ValueError, match="does not fit"):
        prepare(pixels(9, 9), Preprocessing(8, 9, (0.5,) * 3, (0.5,) * 3))


def test_normalise_leaves_its_input_alone() -> None:
    rgb = torch.rand(3, 5, 5)
    before = rgb.clone()
    x = normalise(rgb, IMAGENET)
    assert torch.equal(rgb, before)
    assert torch.equal(x[0], Normalize(IMAGENET.mean, IMAGENET.std)(rgb))
