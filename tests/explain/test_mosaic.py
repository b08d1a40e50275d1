"""From activation to screen, against NumPy: every level, tile, order and limit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from engine.explain import colour_limits
from engine.explain.mosaic import (
    MIDDLE,
    Mosaic,
    as_maps,
    best_columns,
    index_behind,
    mosaic,
    thumbnail,
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def tiles(made: Mosaic) -> np.ndarray:
    """The mosaic cut up again: (rows * columns, H, W)."""
    grid = made.pixels.reshape(made.rows, made.height, made.columns, made.width)
    return grid.transpose(0, 2, 1, 3).reshape(-1, made.height, made.width)


def levels(maps: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """What each value should be, before rounding, in float64: `low`, `high` are (C,)."""
    low, high = (np.broadcast_to(limit, len(maps)).astype(float)[:, None, None] for limit in (low, high))
    return np.clip((maps.astype(float) - low) / (high - low) * 255, 0, 255)


def assert_shows(made: Mosaic, maps: torch.Tensor) -> None:
    """Each tile holds the nearest level of its channel's map; half a level more for float32."""
    shown = maps.numpy()[made.order]
    wanted = levels(shown, made.low, made.high)
    assert np.abs(tiles(made)[: made.count] - wanted).max() <= 0.5 + 1e-3
    assert (tiles(made)[made.count :] == 0).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 4, 6), (7, 33, 31), (12, 50, 20), (64, 7, 7)])
@pytest.mark.parametrize("scale", ["map", "layer", "network"])
@pytest.mark.parametrize("order", ["channel", "mean", "peak"])
def test_every_pixel_is_the_nearest_level_of_its_value(
    shape: tuple[int, int, int], scale: str, order: str
) -> None:
    maps = torch.randn(shape) * torch.rand(shape[0], 1, 1) * 10 + torch.randn(shape[0], 1, 1)
    if shape == (1, 1, 1):
        maps = maps.expand(2, 1, 2) + torch.arange(2.0)
    made = mosaic(maps, scale=scale, order=order, limits=(-2.5, 4.0))
    assert made.finite
    assert made.count == len(maps)
    assert made.pixels.dtype == np.uint8
    assert made.pixels.shape == (made.rows * made.height, made.columns * made.width)
    assert made.low.shape == made.high.shape == ((len(maps),) if scale == "map" else ())
    assert sorted(made.order) == list(range(len(maps)))
    assert_shows(made, maps)


@pytest.mark.parametrize("shape", [(5, 4, 6), (3, 32, 32), (4, 7, 7), (2, 1, 1000)])
def test_percentiles_of_maps_up_to_the_sample_are_exact(shape: tuple[int, int, int]) -> None:
    maps = torch.randn(shape)
    made = mosaic(maps)
    low, high = np.percentile(maps.double().numpy().reshape(shape[0], -1), [1, 99], axis=1)
    np.testing.assert_allclose(made.low, low, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(made.high, high, rtol=1e-5, atol=1e-6)


def test_percentiles_of_a_layer_up_to_the_sample_are_exact() -> None:
    maps = torch.randn(16, 64, 64)
    made = mosaic(maps, scale="layer")
    wanted = np.percentile(maps.double().numpy(), [1, 99])
    np.testing.assert_allclose([made.low, made.high], wanted, rtol=1e-4)


@pytest.mark.parametrize("shape", [(3, 112, 112), (2, 128, 64), (1, 500, 33)])
def test_sampled_percentiles_are_near_and_see_every_column(shape: tuple[int, int, int]) -> None:
    maps = torch.rand(shape) + torch.linspace(0, 1, shape[2])  # a slope along x, which aliasing would miss
    made = mosaic(maps)
    low, high = np.percentile(maps.numpy().reshape(shape[0], -1), [1, 99], axis=1)
    np.testing.assert_allclose(made.low, low, atol=0.08)
    np.testing.assert_allclose(made.high, high, atol=0.08)
    stride = colour_limits._stride(shape[1] * shape[2], colour_limits.MAP_SAMPLE, shape[2])
    seen = np.arange(0, shape[1] * shape[2], stride) % shape[2]
    assert len(set(seen)) == shape[2]


@pytest.mark.parametrize("scale", ["map", "layer"])
def test_limits_that_are_not_robust_are_the_extremes(scale: str) -> None:
    maps = torch.randn(4, 60, 60)
    made = mosaic(maps, scale=scale, robust=False)
    axes = (1, 2) if scale == "map" else None
    np.testing.assert_array_equal(made.low, maps.numpy().min(axes))
    np.testing.assert_array_equal(made.high, maps.numpy().max(axes))
    assert made.pixels.min() == 0
    assert made.pixels.max() == 255


@pytest.mark.parametrize("size", [20, 60])
def test_a_map_that_is_zero_but_for_one_peak_shows_the_peak(size: int) -> None:
    maps = torch.zeros(2, size, size)
    maps[1, 3, 4] = 5.0
    made = mosaic(maps)
    assert made.limits(1) == (0.0, 5.0)
    assert tiles(made)[1][3, 4] == 255
    assert tiles(made)[1].astype(int).sum() == 255


@pytest.mark.parametrize("broken", [False, True])
def test_maps_of_every_kind_side_by_side_have_the_limits_of_each_alone(broken: bool) -> None:
    maps = torch.zeros(6, 12, 12)
    maps[0], maps[3] = torch.randn(12, 12), torch.randn(12, 12)
    maps[1, 2, 3] = 5.0
    maps[2] = -7.5
    maps[4, 0, 0], maps[4, 5, 5] = -2.0, 3.0
    if broken:
        maps[1, 9, 9] = maps[3, 4, 4] = torch.nan
        maps[5] = torch.nan
    made = mosaic(maps)
    for channel, values in enumerate(maps.double().numpy()):
        known = values[~np.isnan(values)] if not np.isnan(values).all() else np.zeros(1)
        low, high = np.percentile(known, [1, 99])
        wanted = (low, high) if low < high else (known.min(), known.max())
        assert made.limits(channel) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e-40, 3e38])
@pytest.mark.parametrize("scale", ["map", "layer"])
def test_a_constant_is_drawn_in_the_middle(value: float, scale: str) -> None:
    made = mosaic(torch.full((3, 5, 5), value), scale=scale)
    assert (tiles(made)[:3] == MIDDLE).all()
    assert made.finite


def test_a_constant_map_among_others_on_a_shared_scale_keeps_its_place() -> None:
    maps = torch.stack([torch.zeros(4, 4), torch.full((4, 4), 0.5), torch.ones(4, 4)])
    made = mosaic(maps, scale="network", limits=(0, 1), columns=3)
    assert [int(tile[0, 0]) for tile in tiles(made)] == [0, 128, 255]


def test_huge_values_stay_in_range() -> None:
    made = mosaic(torch.tensor([[[-3.4e38, 0.0, 3.4e38]]]), robust=False)
    assert made.pixels.tolist() in ([[0, 127, 255]], [[0, 128, 255]])  # 127.5, up to rounding


def test_percentiles_between_huge_values_stay_finite() -> None:
    made = mosaic(torch.tensor([[[-3.4e38, 3.4e38]]]))
    np.testing.assert_allclose(made.limits(0), (-0.98e38, 0.98e38), rtol=1e-5)  # a hundredth from each end
    assert made.pixels.tolist() == [[0, 255]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("scale", ["map", "layer", "network"])
@pytest.mark.parametrize("robust", [True, False])
def test_what_is_not_finite_is_flagged_and_drawn_as_level_zero(bad: float, scale: str, robust: bool) -> None:
    maps = torch.randn(3, 6, 6)
    clean = maps.clone()
    maps[1, 2, 3] = bad
    made = mosaic(maps, scale=scale, limits=(-1, 1), robust=robust, columns=3)
    assert not made.finite
    assert np.isfinite(made.low).all()
    assert np.isfinite(made.high).all()
    assert tiles(made)[1][2, 3] == 0
    if scale == "map":
        others = np.delete(clean[1].double().numpy().ravel(), 2 * 6 + 3)
        wanted = np.percentile(others, [1, 99] if robust else [0, 100])
        np.testing.assert_allclose(made.limits(1), wanted, rtol=1e-5)
    clean[1, 2, 3] = -1e30
    assert_shows(made, clean)


@pytest.mark.parametrize("order", ["channel", "mean", "peak"])
def test_a_map_of_nan_alone(order: str) -> None:
    maps = torch.rand(3, 4, 4) - 9
    maps[0] = torch.nan
    made = mosaic(maps, order=order)
    assert made.limits(0) == (0.0, 0.0)
    assert (tiles(made)[list(made.order).index(0)] == 0).all()
    assert made.order[-1] == (2 if order == "channel" else 0)


def test_order() -> None:
    maps = torch.stack([torch.full((3, 3), mean) for mean in (1.0, 3.0, 2.0)])
    maps[0, 0, 0] = 9.0
    assert mosaic(maps).order.tolist() == [0, 1, 2]
    assert mosaic(maps, order="mean").order.tolist() == [1, 2, 0]
    assert mosaic(maps, order="peak").order.tolist() == [0, 1, 2]
    maps[2, 0, 0] = 5.0
    assert mosaic(maps, order="peak").order.tolist() == [0, 2, 1]


def test_maps_that_are_equal_stay_in_the_order_of_their_channels() -> None:
    assert mosaic(torch.zeros(40, 2, 2), order="mean").order.tolist() == list(range(40))


def test_every_pixel_knows_its_cell() -> None:
    maps = torch.randn(7, 3, 5)
    made = mosaic(maps, order="peak", columns=4)
    seen = set()
    for row, column in itertools.product(range(2 * 3), range(4 * 5)):
        cell = made.cell(row, column)
        if cell is None:
            assert (row // 3, column // 5) == (1, 3)
            continue
        seen.add(cell)
        low, high = made.limits(cell[0])
        wanted = np.clip((float(maps[cell]) - low) / (high - low) * 255, 0, 255)
        assert abs(made.pixels[row, column] - wanted) <= 0.501
    assert seen == set(itertools.product(range(7), range(3), range(5)))
    for outside in ((-1, 0), (0, -1), (6, 0), (0, 20)):
        assert made.cell(*outside) is None


def test_nothing_that_comes_out_can_be_written_or_is_shared() -> None:
    maps = torch.randn(1, 4, 4)
    made, before = mosaic(maps, scale="network", limits=(-1, 1)), maps.clone()
    for array in (made.pixels, made.low, made.high, made.order):
        assert not array.flags.writeable
    assert torch.equal(maps, before)
    pixels = made.pixels.copy()
    maps.zero_()
    np.testing.assert_array_equal(made.pixels, pixels)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_and_layouts(dtype: torch.dtype) -> None:
    maps = torch.randn(5, 6, 8).to(dtype)
    assert_shows(mosaic(maps), maps.float())
    turned = maps.transpose(1, 2).requires_grad_()
    assert_shows(mosaic(turned), turned.detach().float())
    with torch.inference_mode():
        assert_shows(mosaic(maps.clone() * 2), maps.float() * 2)


@pytest.mark.parametrize(
    ("maps", "arguments", "message"),
    [
        (torch.zeros(4, 4), {}, "feature maps are"),
        (torch.zeros(0, 4, 4), {}, "feature maps are"),
        (torch.zeros(1, 4, 4), {"scale": "network"}, "needs its limits"),
        (torch.zeros(1, 4, 4), {"scale": "network", "limits": (1, 1)}, "limits rise"),
    ],
)
def test_what_cannot_be_tiled(maps: torch.Tensor, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mosaic(maps, **arguments)


# The layout


@pytest.mark.parametrize(
    ("count", "height", "width", "aspect", "columns"),
    [
        (1, 10, 10, 1.0, 1),
        (9, 10, 10, 1.0, 3),
        (64, 56, 56, 1.0, 8),
        (32, 112, 112, 2.0, 8),
        (32, 112, 112, 0.5, 4),
        (6, 10, 10, 100.0, 6),
        (6, 10, 10, 0.01, 1),
        (4, 20, 10, 1.5, 4),
    ],
)
def test_columns_that_fill_an_area(count: int, height: int, width: int, aspect: float, columns: int) -> None:
    assert best_columns(count, height, width, aspect) == columns


@pytest.mark.parametrize("count", [1, 2, 7, 24, 97, 1280])
@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.7])
def test_no_other_number_of_columns_draws_larger(count: int, aspect: float) -> None:
    def size(columns: int) -> float:
        return min(aspect / (columns * 5), 1 / (-(-count // columns) * 7))

    best = best_columns(count, 7, 5, aspect)
    assert size(best) == pytest.approx(max(size(columns) for columns in range(1, count + 1)), rel=1e-9)


# The layer strip


def test_thumbnail_averages_the_most_varied_maps() -> None:
    maps = torch.randn(20, 44, 44) * 1.5 ** torch.arange(20.0).view(-1, 1, 1)
    made = thumbnail(maps)
    assert made.order.tolist() == list(range(19, 10, -1))
    assert (made.rows, made.columns, made.height, made.width) == (3, 3, 22, 22)
    small = maps.reshape(20, 22, 2, 22, 2).mean((2, 4))
    assert_shows(made, small)
    assert made.limits(19)[1] == pytest.approx(np.percentile(small[19], 99), rel=1e-5)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((3, 7, 7), (7, 7)), ((3, 44, 22), (22, 11)), ((3, 1, 500), (1, 22)), ((12, 30, 25), (22, 18))],
)
def test_thumbnail_keeps_the_shape_of_the_maps(shape: tuple[int, int, int], size: tuple[int, int]) -> None:
    maps = torch.randn(shape)
    made = thumbnail(maps)
    assert (made.height, made.width) == size
    assert made.count == min(9, shape[0])
    assert_shows(made, F.adaptive_avg_pool2d(maps, size))


def test_thumbnail_of_single_numbers_tells_them_apart() -> None:
    made = thumbnail(torch.linspace(0, 1, 36).reshape(36, 1, 1))
    assert (made.count, made.height, made.width) == (1, 6, 6)
    assert (np.diff(made.pixels.flatten().astype(int)) >= 0).all()
    assert np.ptp(made.pixels) == 255


def test_thumbnail_never_loses_a_thin_line() -> None:
    """Averaging keeps a one-pixel line in every place; taking every fifth pixel would lose it."""
    for column in range(110):
        maps = torch.zeros(1, 110, 110)
        maps[0, :, column] = 1.0
        assert (thumbnail(maps).pixels == 255).sum() == 22


def test_thumbnail_of_a_broken_layer() -> None:
    maps = torch.randn(3, 30, 30)
    maps[1] = torch.nan
    made = thumbnail(maps)
    assert not made.finite
    assert np.isfinite(made.low).all()
    assert made.order.tolist()[-1] == 1


# Any output as maps


@pytest.mark.parametrize(
    ("shape", "maps"),
    [
        ((1280,), (1, 32, 40)),
        ((1000,), (1, 25, 40)),
        ((16,), (1, 4, 4)),
        ((13,), (1, 1, 13)),
        ((1,), (1, 1, 1)),
        ((), (1, 1, 1)),
        ((197, 64), (1, 197, 64)),
        ((8, 5, 6), (8, 5, 6)),
        ((2, 3, 4, 5), (6, 4, 5)),
    ],
)
def test_as_maps(shape: tuple[int, ...], maps: tuple[int, int, int]) -> None:
    output = torch.randn(shape)
    shown = as_maps(output)
    assert tuple(shown.shape) == maps
    for cell in {(0, 0, 0), tuple(size - 1 for size in maps), tuple(size // 2 for size in maps)}:
        assert output[index_behind(shape, cell)] == shown[cell]
