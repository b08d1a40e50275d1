"""Thousands of damaged pictures in seven formats; `tests/data/test_images.py` has hundreds at each change."""

from __future__ import annotations

import io
import random
import time

import numpy as np
import psutil
import pytest
from PIL import Image
from sizes import HOURS, LONG, PICTURES
from tally import Tally

from engine.data.images import decode_image
from engine.errors import UserError

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
LONGEST = 1.0
"""Seconds of the processor that one file may take."""
MOST_MEMORY = 50
"""Megabytes by which the process may have grown at the end."""


@pytest.mark.soak
@pytest.mark.timeout(HOURS)
@pytest.mark.parametrize("format_", FORMATS)
def test_a_damaged_picture_is_shown_or_refused_in_a_sentence(format_: str, tally: Tally) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    whole = io.BytesIO()
    Image.fromarray(colours).save(whole, format_)
    before, refused = psutil.Process().memory_info().rss, 0
    for seed in range(LONG(PICTURES)):
        data, start = damaged(whole.getvalue(), random.Random(f"{format_} {seed}")), time.process_time()
        try:
            assert decode_image(data, "a").rgb.size
        except UserError:
            refused += 1
        assert time.process_time() - start < LONGEST, seed
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    assert grown < MOST_MEMORY
    tally.add("damaged pictures", LONG(PICTURES), **{format_: f"{refused} refused"})


def damaged(data: bytes, draw: random.Random) -> bytes:
    """A few bytes changed, most near the beginning, and now and then the end cut off."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 3, 10, 40))):
        changed[int(len(changed) * draw.random() ** 2)] = draw.randrange(256)
    return bytes(changed[: draw.randrange(1, len(changed))] if draw.random() < 0.2 else changed)
