"""Handwritten digits as sequences of rows: a picture for the grid, a row at a time for the loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.pictures import LabelledPictures, PictureData, Pulse, load_pictures, silent
from engine.data.series.labelled import LabelledSeries
from engine.errors import UserError

POSITIONS = "row"


def load_digit_rows(seed: int = 0) -> LabelledSeries:
    """scikit-learn's digits: 8 rows of 8 pixels, from 0 to 1. Raises UserError where its file is missing."""
    return _rows(load_pictures("digits", None, seed=seed))


def load_mnist_rows(path: Path, seed: int = 0, pulse: Pulse = silent) -> LabelledSeries:
    """MNIST, or Fashion-MNIST, from the folder or archive at `path`: 28 rows of 28 pixels, from 0 to 1.

    `seed` draws test pictures where there are none. `pulse` is called while it reads; what it raises stops
    it. Raises UserError where `path` holds neither.
    """
    try:
        return _rows(load_pictures("mnist", path, seed=seed, pulse=pulse))
    except UserError as error:
        try:
            return _rows(load_pictures("fashion-mnist", path, seed=seed, pulse=pulse))
        except UserError:
            raise error from None


def _rows(data: PictureData) -> LabelledSeries:
    about = f"{data.title}, row by row: {data.source}. {data.split}"
    train, test = _sequences(data.train), _sequences(data.test)
    return LabelledSeries(data.title, *train, *test, data.classes, about, POSITIONS)


def _sequences(labelled: LabelledPictures) -> tuple[np.ndarray, np.ndarray]:
    """(N, H, W) float32 from 0 to 1, and (N,) int64."""
    values = labelled.pictures[:, 0].numpy().astype(np.float32)
    values /= 255
    return values, labelled.labels.numpy()
