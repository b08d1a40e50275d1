"""Answers the question under the pointer on the image classification page, whichever picture it is on."""

from __future__ import annotations

from math import prod

from engine.ask import Answer, Cell, Line, Step
from engine.explain.arithmetic import own_kind
from engine.explain.arithmetic_ends import COLOURS
from engine.explain.arithmetic_format import number, total
from engine.explain.inspection import Inspection, Look
from engine.explain.mosaic import index_behind
from engine.explain.shown_layer import ShownLayer
from engine.explain.why import Heat
from engine.models.layer import Layer

MEANING = {
    "grad-cam": "Grad-CAM: the layer's maps, each weighted by how the class's logit changes with it, "
    "added, and cut off at zero.",
    "saliency": "Saliency: how strongly the class's logit would change with this pixel, the largest of "
    "its three colours.",
    "integrated-gradients": "Integrated gradients: this pixel's share of the class's logit, measured "
    "against a grey picture.",
    "smoothgrad": "SmoothGrad: how the logit changes with this pixel, averaged over noisy copies of "
    "the picture.",
    "occlusion": "Occlusion: how far the class's logit falls when a grey square covers this pixel "
    "(mean over the squares that do).",
}
GREY = "its one number, since the network reads grey"
"""How a value without parts in red, green and blue comes about."""


def answer_cell(
    inspection: Inspection, look: Look, cell: Cell, shown: ShownLayer | None, heat: Heat | None
) -> Answer | None:
    """The answer for one cell, or None where nothing is drawn there any more. `look` must be open.

    Cells: ("picture", row, column), ("maps", channel, row, column) and ("map", row, column) of the
    layer on show, ("top", class index), ("layer", place in the strip), ("heat", row, column).
    """
    index = cell.index
    if not _is_within(index, _shape(inspection, look, cell.array, shown, heat)):
        return None  # the question is about something that was shown before
    if cell.array == "picture":
        return inspection.explain_pixel(look, *index)
    if cell.array == "top":
        return inspection.explain_class(look, index[0])
    if cell.array == "layer":
        return explain_layer(inspection, inspection.layers[index[0]])
    if cell.array == "heat" and heat is not None:
        return _explain_heat(heat, inspection.classifier.classes[heat.target], *index)
    if shown is not None:
        channel, row, column = index if cell.array == "maps" else (shown.channel, *index)
        place = index_behind(inspection.layer(shown.name).shape, (channel, row, column))
        return inspection.explain(look, shown.name, place)
    return None


def _shape(
    inspection: Inspection, look: Look, array: str, shown: ShownLayer | None, heat: Heat | None
) -> tuple[int, ...]:
    """How many cells the array on screen has along each of its axes; empty where it is not there."""
    shapes: dict[str, tuple[int, ...]] = {
        "picture": look.rgb.shape[:2],
        "top": look.logits.shape,
        "layer": (len(inspection.layers),),
    }
    if shown is not None:
        shapes["maps"], shapes["map"] = (shown.mosaic.count, *shown.map.shape), shown.map.shape
    if heat is not None:
        shapes["heat"] = heat.values.shape
    return shapes.get(array, ())


def carried_over(cell: Cell, before: tuple[int, ...], after: tuple[int, ...]) -> Cell:
    """The cell of an array shaped `after` that lies where this one lies in an array shaped `before`."""
    sizes = zip(cell.index, before, after, strict=False)  # an index that fits neither has no answer anyway
    return Cell(cell.array, tuple((2 * at + 1) * new // (2 * old) for at, old, new in sizes))


def _is_within(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    inside = len(index) == len(shape) and all(0 <= at < size for at, size in zip(index, shape, strict=True))
    return bool(shape) and inside


def explain_layer(inspection: Inspection, layer: Layer) -> Answer:
    """What a layer is and costs, with the sums behind its counts; the value is its parameter count."""
    lines = [Line("values", " × ".join(map(str, layer.shape)), prod(layer.shape))]
    if layer.field is not None:
        size = f"{layer.field.size_y} × {layer.field.size_x} pixels"
        lines.append(Line("receptive field", f"{size}; pixels a side", layer.field.size_y))
    if layer.multiply_adds:
        lines.append(Line("multiply-adds", _product_count(inspection, layer), layer.multiply_adds))
    lines.append(Line("parameters", _parameter_sum(inspection, layer), layer.parameters))
    about = [f"kernel {layer.kernel[0]} × {layer.kernel[1]}"] if layer.kernel else []
    about += [f"stride {layer.stride[0]}"] if layer.stride else []
    about += [f"padding {layer.padding}"] if layer.padding else []
    about += [f"{layer.groups} groups"] if layer.groups > 1 else []
    kind = own_kind(layer, inspection.module(layer.name))
    meaning = f"{kind[0].upper()}{kind[1:]}{', ' + ', '.join(about) if about else ''}."
    steps = (Step(layer.name, "What it costs", tuple(lines)),)
    return Answer(f"{layer.name} · its parameters", meaning, layer.parameters, steps=steps)


def _product_count(inspection: Inspection, layer: Layer) -> str:
    """The sum behind the multiply-adds, for a layer that runs once with one weight; else in words."""
    weight = getattr(inspection.module(layer.name), "weight", None)
    each = weight[0].numel() if weight is not None else 0
    if prod(layer.shape) * each != layer.multiply_adds:
        return "all products of all its calls"
    return f"{' × '.join(map(str, layer.shape))} values × {each:,} products each"


def _parameter_sum(inspection: Inspection, layer: Layer) -> str:
    parts = inspection.module(layer.name).parameters()
    return " + ".join("×".join(map(str, part.shape)) for part in parts) or "nothing to learn"


def _explain_heat(heat: Heat, label: str, row: int, column: int) -> Answer:
    value = float(heat.values[row, column])
    place = f"{label} · row {row}, column {column}"
    sign = " Below zero speaks against the class." if heat.signed else ""
    layer = heat.layer or "input"
    if heat.parts is None:
        step = Step(layer, heat.title, _heat_lines(heat, row, column))
    else:
        step = heat.parts.step(layer, heat.title, row, column)
    return Answer(place, MEANING[heat.method] + sign, value, heat.values.shape, (step,))


def _heat_lines(heat: Heat, row: int, column: int) -> tuple[Line, ...]:
    """The colours' parts in a value and how they make it up, or in words where there is but one."""
    if heat.colours is None or len(heat.colours) == 1:
        return (Line("value", GREY, float(heat.values[row, column])),)
    parts = [float(part) for part in heat.colours[:, row, column]]
    lines = [Line(name, "its own part", part) for name, part in zip(COLOURS, parts, strict=True)]
    if heat.signed:
        return (*lines, Line("sum", total(parts), sum(parts)))
    sizes = [abs(part) for part in parts]
    return (*lines, Line("largest", f"max({', '.join(map(number, sizes))})", max(sizes)))
