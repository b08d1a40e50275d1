"""The lookup tables against pyqtgraph's own, and what a diverging map promises."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from gui import colour_maps


def _rgb(table: np.ndarray) -> np.ndarray:
    return np.stack([table >> 16 & 255, table >> 8 & 255, table & 255], axis=-1).astype(int)


@pytest.mark.parametrize("name", ["viridis", "inferno", "magma", "cividis", "CET-D1A", "CET-D9"])
def test_tables_equal_those_of_pyqtgraph(name: str) -> None:
    import pyqtgraph

    theirs = pyqtgraph.colormap.get(name).getLookupTable(nPts=256)[:, :3].astype(int)
    assert np.abs(_rgb(colour_maps.lookup(name)) - theirs).max() <= 1  # they truncate, we round


def test_tables_are_opaque_cached_and_read_only() -> None:
    table = colour_maps.lookup("viridis")
    assert table.dtype == np.uint32
    assert table.shape == (256,)
    assert (table >> 24 == 255).all()
    assert table is colour_maps.lookup("viridis")
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


def test_brightness_of_the_sequential_map_only_rises() -> None:
    luma = _rgb(colour_maps.lookup(colour_maps.SEQUENTIAL)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luma) > -0.6).all()
    assert luma[-1] - luma[0] > 150


def test_the_diverging_map_is_neutral_in_the_middle_and_coloured_at_its_ends() -> None:
    low, middle, high = _rgb(colour_maps.lookup(colour_maps.DIVERGING))[[0, 128, 255]]
    assert np.ptp(middle) < 20
    assert low[2] > low[0] + 60
    assert high[0] > high[2] + 60


def test_a_colour_is_the_tables_and_ends_hold() -> None:
    table = colour_maps.lookup("viridis")
    assert colour_maps.colour("viridis", 0.5).rgb() == table[128]
    assert colour_maps.colour("viridis", -3).rgb() == table[0]
    assert colour_maps.colour("viridis", 7).rgb() == table[255]


def test_an_unknown_map_is_named() -> None:
    with pytest.raises(ValueError, match="no-such-map"):
        colour_maps.lookup("no-such-map")


def test_reading_a_map_does_not_import_pyqtgraph() -> None:
    code = "import sys; from gui.colour_maps import lookup; lookup(); sys.exit('pyqtgraph' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
