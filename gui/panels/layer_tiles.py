"""From a network's layers to the tiles of its strip: blocks, one of them unfolded into its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class LayerTile:
    """What the strip says of one layer."""

    group: str
    name: str
    """Within the group: "0.expand.conv"."""
    lines: tuple[str, ...]
    """Below the picture, most important first: shape, kernel and stride, counts."""
    tip: str
    row: tuple[object, ...]
    """The layer's row in the table of numbers."""


@dataclass(frozen=True)
class Tile:
    """One tile as drawn: the picture that goes in, a layer, or a folded block shown by its last layer."""

    layer: int
    """-1 for the picture."""
    head: str
    """Above the picture; empty for a layer of the unfolded block, which has one head for all."""
    lines: tuple[str, ...]
    folds: str = ""
    """The block that a click unfolds; empty for what is no folded block."""


@dataclass(frozen=True)
class Bracket:
    """The places of the unfolded block's layers, and its name."""

    first: int
    last: int
    name: str


def lay_tiles(
    layers: Sequence[LayerTile],
    block_lines: Mapping[str, tuple[str, ...]],
    unfolded: str,
    picture: Tile | None,
) -> tuple[list[Tile], Bracket | None]:
    """The tiles from the picture to the last layer, and the bracket over the unfolded block's.

    A block of one layer is shown as that layer; it neither folds nor unfolds.
    """
    tiles = [] if picture is None else [picture]
    bracket: Bracket | None = None
    for group, run in groupby(range(len(layers)), key=lambda place: layers[place].group):
        places = list(run)
        if len(places) == 1:
            tiles.append(Tile(places[0], group, layers[places[0]].lines))
        elif group == unfolded:
            bracket = Bracket(len(tiles), len(tiles) + len(places) - 1, group)
            tiles += [Tile(place, "", (layers[place].name, *layers[place].lines)) for place in places]
        else:
            tiles.append(Tile(places[-1], group, block_lines.get(group, ()), folds=group))
    return tiles, bracket
