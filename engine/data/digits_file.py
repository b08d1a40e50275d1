"""scikit-learn's 1,797 handwritten digits, read from its own file without importing it."""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from engine.data.file_bytes import read_file
from engine.errors import UserError

SIDE, CLASSES, BRIGHTEST = 8, 10, 16
SOURCE = "Alpaydin and Kaynak (1998), optical recognition of handwritten digits, as scikit-learn has them"
LICENCE = "CC BY 4.0"
_FILE = "datasets/data/digits.csv.gz"
_MAX_BYTES = 10_000_000


@cache
def read_digits() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 64) uint8, row after row, from 0 to BRIGHTEST; and (1797,) int64, what each shows. Read-only.

    Raises UserError where scikit-learn's file is not there or not what it was.
    """
    try:
        lines = gzip.decompress(read_file(digits_path(), _MAX_BYTES)).decode("ascii").splitlines()
        table = np.loadtxt(lines, np.float32, delimiter=",", ndmin=2)
        images, classes = table[:, :-1].astype(np.uint8), table[:, -1].astype(np.int64)
        if images.shape[1] != SIDE * SIDE or images.max() > BRIGHTEST:
            raise ValueError(f"a table of {table.shape} numbers")
    except (OSError, EOFError, ValueError, zlib.error, UserError) as error:
        raise UserError(
            "The handwritten digits cannot be read",
            "scikit-learn, in whose folder they lie, is not installed as a whole",
            "Install it again, or choose something else",
            details=repr(error),
        ) from error
    images.flags.writeable = classes.flags.writeable = False
    return images, classes


def digits_path() -> Path:
    """Where scikit-learn keeps them; it is found without being imported. Raises FileNotFoundError."""
    spec = find_spec("sklearn")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(location) / _FILE).is_file():
            return path
    raise FileNotFoundError(_FILE)
