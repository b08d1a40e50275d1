"""What is said of a network's layers, wherever they are drawn: under a tile, in its tooltip, in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gui.colour_maps import SEQUENTIAL
from gui.panels.layer_strip import LayerStrip, LayerTile, Thumbnail
from gui.panels.maps import MapsPanel

if TYPE_CHECKING:  # they bring PyTorch, which the window does not wait for
    from engine.explain.mosaic import Mosaic
    from engine.explain.shown_layer import ShownLayer
    from engine.models.layer import Layer

COLUMNS = (
    "layer", "kind", "shape", "kernel", "stride", "padding", "groups", "parameters", "multiply-adds",
    "receptive field",
)  # fmt: skip


def many(count: float) -> str:
    """A count in three digits: "864", "10.8 k", "385 M"."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return f"{count:.0f}"


def shape_text(shape: Sequence[int]) -> str:
    """A shape as one reads it: "24 × 56²", "96 × 7 × 9", "1280"."""
    if len(shape) == 3 and shape[1] == shape[2]:
        return f"{shape[0]} × {shape[1]}²" if shape[1] > 1 else f"{shape[0]}"
    return " × ".join(map(str, shape))


def layer_lines(layer: Layer) -> tuple[str, ...]:
    """What stands under a layer's picture: shape, kernel and stride, parameters, multiply-adds."""
    window = ""
    if layer.kernel is not None:
        window = f"{layer.kernel[0]} × {layer.kernel[1]}"
        window += f", stride {layer.stride[0]}" if layer.stride else ""
    costs = [f"{many(layer.parameters)} par" if layer.parameters else ""]
    costs += [f"{many(layer.multiply_adds)} MAC" if layer.multiply_adds else ""]
    return (shape_text(layer.shape), window or layer.kind, *(cost for cost in costs if cost))


def block_lines(layers: Sequence[Layer]) -> tuple[str, ...]:
    """What stands under a folded block: its last shape, its layers, what they cost together."""
    parameters, products = (
        sum(layer.parameters for layer in layers),
        sum(layer.multiply_adds for layer in layers),
    )
    return (
        shape_text(layers[-1].shape),
        f"{len(layers)} layers",
        f"{many(parameters)} par",
        f"{many(products)} MAC",
    )


def layer_tip(layer: Layer) -> str:
    """A layer in a few lines, nothing abbreviated."""
    lines = [f"{layer.name}: {layer.kind}", f"output {' × '.join(map(str, layer.shape))}"]
    if layer.kernel is not None:
        stride = f", stride {layer.stride[0]}" if layer.stride else ""
        padding = f", padding {layer.padding}" if layer.padding else ""
        lines.append(f"kernel {layer.kernel[0]} × {layer.kernel[1]}{stride}{padding}")
    if layer.groups > 1:
        lines.append(f"{layer.groups} groups")
    if layer.parameters:
        lines.append(f"{layer.parameters:,} parameters")
    if layer.multiply_adds:
        lines.append(f"{layer.multiply_adds:,} multiply-adds for one picture")
    if layer.field is not None:
        lines.append(f"receptive field {layer.field.size_y} × {layer.field.size_x} pixels")
    return "\n".join(lines)


def layer_row(layer: Layer) -> tuple[object, ...]:
    """A layer's row of the table with COLUMNS."""
    field = f"{layer.field.size_y} x {layer.field.size_x}" if layer.field else ""
    kernel, stride = ("x".join(map(str, pair)) if pair else "" for pair in (layer.kernel, layer.stride))
    shape = "x".join(map(str, layer.shape))
    return (
        layer.name, layer.kind, shape, kernel, stride, layer.padding, layer.groups, layer.parameters,
        layer.multiply_adds, field,
    )  # fmt: skip


def show_layers(strip: LayerStrip, layers: Sequence[Layer]) -> None:
    """Draw all layers of a network, in their blocks."""
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(layer.group, []).append(layer)
    tiles = [
        LayerTile(
            layer.group,
            layer.name.removeprefix(f"{layer.group}."),
            layer_lines(layer),
            layer_tip(layer),
            layer_row(layer),
        )
        for layer in layers
    ]
    strip.set_layers(tiles, {group: block_lines(inside) for group, inside in groups.items()}, COLUMNS)


def show_maps(panel: MapsPanel, shown: ShownLayer, colour_map: str = SEQUENTIAL) -> None:
    """Draw a layer's maps with their own values behind them."""
    drawn = shown.mosaic
    panel.set_mosaic(
        drawn.pixels, drawn.rows, drawn.columns, drawn.height, drawn.width, drawn.count,
        drawn.order, drawn.low, drawn.high, colour_map,
    )  # fmt: skip
    panel.set_values(shown.values)


def show_thumbnails(
    strip: LayerStrip,
    layers: Sequence[Layer],
    thumbnails: Mapping[str, Mosaic],
    colour_map: str = SEQUENTIAL,
) -> None:
    """Draw what is known of each layer's maps."""
    places = {layer.name: place for place, layer in enumerate(layers)}
    strip.set_thumbnails(
        {
            places[name]: Thumbnail(small.pixels, small.rows, small.columns, colour_map)
            for name, small in thumbnails.items()
        }
    )
