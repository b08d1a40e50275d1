"""Heat maps: rows are averaged by how much of them a pixel covers, levels are cut off at the scale's ends."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect

from gui.panels.heat import rows_seen
from gui.panels.levels import levels
from gui.panels.matrix_grid import Grid


def _covered_shares(grid: Grid) -> np.ndarray:
    """How much of each row (columns) every device pixel in sight (rows) covers, in rows."""
    height = grid.rows / grid.full_height
    tops = (np.arange(grid.view.height()) + grid.down)[:, None] * height
    row = np.arange(grid.rows)[None]
    return np.clip(np.minimum(tops + height, row + 1) - np.maximum(tops, row), 0, None)


@pytest.mark.parametrize(
    ("full", "down", "height"), [(200, 0, 200), (639, 100, 150), (333, 33, 300), (1, 0, 1)]
)
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_rows_lower_than_a_pixel_are_the_mean_of_what_it_covers(
    full: int, down: int, height: int, unknown: float
) -> None:
    random = np.random.default_rng(0)
    values = random.normal(0, 1, (640, 7)).astype(np.float32)
    values[random.random(values.shape) < unknown] = np.nan
    grid = Grid(640, 7, QRect(0, 0, 70, height), 10, full, down=down)
    shares, known = _covered_shares(grid), ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        expected = shares @ np.where(known, values, 0).astype(float) / (shares @ known)
    assert np.allclose(rows_seen(values, grid), expected, atol=2e-5, equal_nan=True)


def test_levels_cut_off_what_is_beyond_the_scale() -> None:
    values = np.array([-np.inf, -5, -1, 0, 1, 5, np.inf, np.nan, 3e38], np.float32)
    assert levels(values, -1.0, 1.0).tolist() == [0, 0, 0, 128, 255, 255, 255, 0, 255]
    assert levels(values, 2.0, 2.0).dtype == np.uint8
