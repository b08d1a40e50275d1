"""A drawing is framed as the digits are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.data.pictures import load_pictures
from engine.data.pictures.drawing import Frame, framed, usual_frame


def test_the_usual_frame_of_squares_is_theirs():
    pictures = torch.zeros(5, 1, 20, 20, dtype=torch.uint8)
    pictures[:, :, 4:14, 6:12] = 200
    found = usual_frame(pictures)
    assert (found.extent, found.row, found.column) == pytest.approx((0.5, 0.45, 0.45))
    assert usual_frame(torch.zeros(3, 1, 8, 8, dtype=torch.uint8)) == Frame(1.0, 0.5, 0.5)


def test_digits_fill_their_height():
    found = usual_frame(load_pictures("digits", None).train.pictures)
    assert found.extent > 0.9
    assert found.row == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("place", [(2, 3), (60, 70), (30, 10)])
def test_wherever_it_was_drawn_it_lands_where_it_belongs(place: tuple[int, int]):
    drawing = np.zeros((100, 100), np.uint8)
    drawing[place[0] : place[0] + 30, place[1] : place[1] + 15] = 255
    found = framed(drawing, Frame(0.6, 0.5, 0.5), 20)
    rows, columns = np.nonzero(found)
    assert found.shape == (20, 20)
    assert rows.max() - rows.min() + 1 == 12
    assert columns.max() - columns.min() + 1 == 6
    assert abs(rows.mean() + 0.5 - 10) <= 0.5
    assert abs(columns.mean() + 0.5 - 10) <= 0.5


def test_a_blank_and_a_large_drawing():
    assert not framed(np.zeros((50, 50), np.uint8), Frame(0.8, 0.5, 0.5), 8).any()
    whole = framed(np.full((50, 50), 255, np.uint8), Frame(1.0, 0.9, 0.9), 8)
    assert (whole == 255).all()
