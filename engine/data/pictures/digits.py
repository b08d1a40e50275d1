"""scikit-learn's handwritten digits as labelled pictures."""

from __future__ import annotations

import numpy as np
import torch

from engine.data.digits_file import BRIGHTEST, CLASSES, LICENCE, SIDE, SOURCE, read_digits
from engine.data.pictures.labelled import PictureData
from engine.data.pictures.naming import NumberedNames
from engine.data.pictures.split import hold_out, part


def load_digits(seed: int) -> PictureData:
    """1,797 grey pictures of 8 x 8 pixels; a value v of 0 to 16 becomes round(255 v / 16).

    Raises UserError where scikit-learn's file can't be read.
    """
    values, labels = read_digits()
    levels = np.rint(np.arange(BRIGHTEST + 1) * 255 / BRIGHTEST).astype(np.uint8)
    pictures = torch.from_numpy(levels[values]).reshape(-1, 1, SIDE, SIDE)
    names = NumberedNames("digit", range(len(labels)))
    classes = tuple(str(digit) for digit in range(CLASSES))
    split = hold_out(labels, names, classes, seed)
    train, test = part(pictures, labels, names, split.train, split.test)
    source = f"{SOURCE}; {LICENCE}"
    return PictureData("digits", "Handwritten digits", classes, train, test, split.sentence, source)
