"""From a dropped file to its top 5 on the screen, against decoding, preparing and a plain forward pass."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

    from .window import OpenWindow

SENTENCE = "From a dropped file to its top 5 painted, against decoding, preparing and a plain forward pass."
LIMIT = 1.5
ROUNDS = 20
PLACES = (0, 1, 3, 4)
"""Which sample photographs: PNG and JPEG, small and large."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Several photographs, each dropped on the window while it rests."""
    from engine.data.samples import samples
    from engine.device import prepare_thread
    from engine.models.catalogue import load_classifier

    from .network import MODEL
    from .window import open_window

    with open_window() as opened:
        prepare_thread()
        classifier = load_classifier(MODEL)
        photographs = [samples()[place] for place in PLACES]
        for sample, other in zip(photographs, [*photographs[1:], photographs[0]], strict=True):
            others = Others()
            plain = timed(partial(_decode_and_classify, classifier, sample.path))
            dropped = partial(_drop_after, opened, other.path, sample.path)
            timings = interleave(plain, {"drop": dropped}, rounds)
            yield Finding(
                f"{sample.title} ({sample.path.name})",
                timings.ratio("drop"),
                LIMIT,
                others.cores(),
                control=timings.control,
                note=timings.fastest("drop"),
            )
            opened.rest()


def _decode_and_classify(classifier: Classifier, path: Path) -> None:
    from engine.data.images import read_image
    from engine.data.prepare import prepare

    from .network import forward

    picture = prepare(read_image(path).rgb, classifier.preprocessing)
    forward(classifier.model, picture.x)[0].softmax(0).topk(5)


def _drop_after(opened: OpenWindow, other: Path, path: Path) -> float:
    """`_drop` while another photograph is on the screen, because the same would change nothing there."""
    _drop(opened, other)
    return _drop(opened, path)


def _drop(opened: OpenWindow, path: Path) -> float:
    """Seconds from handing the file over until the classes of its picture are painted."""
    from .painted import Painted
    from .window import wait_until

    opened.rest()
    page = opened.window.page
    if page is None:
        raise RuntimeError("the window shows no page")
    before = page.top.numbers()
    painted = Painted(page.top.canvas, lambda: page.top.numbers() != before)
    start = time.perf_counter()
    opened.window.open_paths([path])
    wait_until(lambda: painted.at is not None)
    return (painted.at or start) - start
