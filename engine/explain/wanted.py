"""What a channel wants: its optimised picture, and the film strip's most exciting patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.ask import Box
from engine.data.film import Film
from engine.data.prepare import prepare
from engine.errors import UserError
from engine.explain.exciting_patches import Ranking, exciting_patches
from engine.explain.feature_visualization import visualize_channel
from engine.explain.inspection import Inspection
from engine.history import History
from engine.read_only import read_only

PATCHES = 9
PICTURES = 200
"""At most this many pictures of the film strip are searched."""
SIZE, SHAKEN = 128, 8
"""Side in pixels of an optimised picture, and the part of it by which it is shifted at most."""


@dataclass(frozen=True)
class Patch:
    """One place in one of the person's pictures that excites the channel."""

    picture: str
    value: float
    rgb: np.ndarray
    """What the value sees, (h, w, 3) uint8, read-only."""


@dataclass(frozen=True)
class Wanted:
    """What is known so far of what one channel wants to see."""

    layer: str
    channel: int
    rgb: np.ndarray | None = None
    """The optimised picture, (h, w, 3) uint8, read-only."""
    climb: tuple[np.ndarray, np.ndarray] | None = None
    """Step and the channel's mean activation at it."""
    done: int = 0
    total: int = 0
    patches: tuple[Patch, ...] = ()
    searched: int = 0


def optimise(inspection: Inspection, start: Wanted, *, steps: int, seed: int) -> Iterator[Wanted]:
    """Climb towards the picture that excites the channel most; one step a yield."""
    about = inspection.classifier.preprocessing
    history = History(512)
    size = about.crop if inspection.classifier.is_sized else SIZE
    pictures = visualize_channel(
        inspection.model,
        inspection.module(start.layer),
        start.channel,
        mean=about.mean,
        std=about.std,
        size=size,
        steps=steps,
        jitter=size // SHAKEN,
        seed=seed,
    )
    for partial in pictures:
        history.append(partial.done, partial.value or 0.0)
        step, _, _, mean = history.arrays()
        rgb = (partial.map * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
        rgb.setflags(write=False)
        yield replace(start, rgb=rgb, climb=(step, mean), done=partial.done, total=partial.total)


def search(
    inspection: Inspection, film: Film, layer: str, channel: int
) -> Iterator[tuple[tuple[Patch, ...], int, int]]:
    """Rank the film strip's pictures by the channel; yields (best patches, searched, total)."""
    pictures = _Pictures(inspection, film)
    field = inspection.layer(layer).field
    ranking: Ranking
    # All are ranked, so that one that stands for an unreadable picture takes nobody's place.
    for ranking in exciting_patches(
        inspection.model, inspection.module(layer), channel, pictures, field=field, count=len(pictures)
    ):
        best = [found for found in ranking.found if pictures.readable(found.picture_index)][:PATCHES]
        patches = tuple(
            Patch(
                pictures.name(found.picture_index), found.value, pictures.cut(found.picture_index, found.box)
            )
            for found in best
        )
        yield patches, ranking.done, ranking.total


class _Pictures(Sequence[torch.Tensor]):
    """The film strip as prepared inputs, read when they are needed. One that cannot be read is all grey."""

    def __init__(self, inspection: Inspection, film: Film) -> None:
        self._inspection = inspection
        self._stills = film.stills[:PICTURES]
        self._rgb: dict[int, np.ndarray | None] = {}

    def __len__(self) -> int:
        return len(self._stills)

    def __getitem__(self, index: int) -> torch.Tensor:  # ty: ignore[invalid-method-override]
        about = self._inspection.classifier.preprocessing
        still = self._stills[index]
        try:
            picture = still.picture or Film([still]).read(0)
            prepared = prepare(picture.rgb, about)
        except UserError:
            self._rgb[index] = None
            size = 1, len(about.mean), about.crop, about.crop
            return torch.zeros(size, device=self._inspection.device)
        self._rgb[index] = prepared.rgb
        return prepared.x.to(self._inspection.device)

    def name(self, index: int) -> str:
        return self._stills[index].name

    def readable(self, index: int) -> bool:
        return self._rgb.get(index) is not None

    def cut(self, index: int, box: Box) -> np.ndarray:
        rgb = self._rgb[index]
        if rgb is None:
            raise ValueError("an unreadable picture has no patches")
        return read_only(rgb[box.top : box.bottom, box.left : box.right].copy())
