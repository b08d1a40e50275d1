"""From an opened example to the blocks that are drawn of it."""

from __future__ import annotations

import numpy as np

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Opened, Reading
from gui.labs.grid_versus_loop import networks, wording
from gui.panels.reading_blocks import Block

VISIBLE = {" ": "␣", "\n": "↵", "\t": "→"}


def is_picture(snapshot: GridVersusLoopSnapshot) -> bool:
    """Whether positions are the rows of a picture."""
    return snapshot.positions == "row"


def input_blocks(snapshot: GridVersusLoopSnapshot, opened: Opened) -> list[Block]:
    """What is read: as it is, and where positions are exchanged, as the networks get it."""
    values = np.asarray(opened.values, np.float32)
    if opened.tokens:
        letters = tuple(VISIBLE.get(token, token) for token in opened.tokens)
        return [Block("text", "example", "letters", values.T, letters=letters, is_input=True)]
    if is_picture(snapshot):
        shown = values if opened.order is None else exchanged(values, opened.order)
        title = "picture" if opened.order is None else "picture, pixels exchanged"
        return [Block(title, "example", "pictures", shown[None], row="picture", is_input=True)]
    found = [Block("series", "example", "curve", values.T, is_input=True)]
    if opened.order is not None:
        turned = exchanged(values, opened.order)
        found.append(Block("as it is read, exchanged", "example-read", "curve", turned.T, is_input=True))
    return found


def exchanged(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(T, C) values in another order of positions or, where it has one for each value, of values."""
    if len(order) == len(values):
        return values[order]
    return values.reshape(-1)[order].reshape(values.shape)


def layer_blocks(opened: Opened, key: str, *, named: bool = False) -> list[Block]:
    """What the layers of one network make of it; `named` says whose they are in every title."""
    return [
        _block(key, place, reading, named=named) for place, reading in enumerate(opened.readings.get(key, ()))
    ]


def _block(key: str, place: int, reading: Reading, *, named: bool) -> Block:
    is_loop = reading.kind == "states"
    count = len(reading.values)
    noun = "unit" if is_loop else "map"
    layer = wording.layer_name(reading.layer)
    title = f"{networks.short(key)} {layer}" if named else layer
    return Block(
        f"{title}, {count} {noun}s",
        f"reading-{key}-{place}",
        "pictures" if reading.kind == "pictures" else "heat",
        reading.values,
        row=noun,
        colour=networks.colour(key),
        stride=reading.stride,
        offset=reading.offset,
    )
