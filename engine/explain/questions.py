"""Answers the question under the pointer on the image classification page, whichever picture it is on."""

from __future__ import annotations

from engine.ask import Answer, Cell, Line, Step
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


def answer_cell(
    inspection: Inspection, look: Look, cell: Cell, shown: ShownLayer | None, heat: Heat | None
) -> Answer | None:
    """The answer for one cell, or None where nothing is drawn there any more. `look` must be open.

    Cells: ("picture", row, column), ("maps", channel, row, column) and ("map", row, column) of the
    layer on show, ("top", class index), ("layer", place in the strip), ("heat", row, column).
    """
    index = cell.index
    if cell.array == "picture":
        return inspection.explain_pixel(look, *index)
    if cell.array == "top":
        return inspection.explain_class(look, index[0])
    if cell.array == "layer" and index[0] < len(inspection.layers):
        return explain_layer(inspection, inspection.layers[index[0]])
    if cell.array == "heat" and heat is not None:
        return _explain_heat(heat, inspection.classifier.classes[heat.target], *index)
    if cell.array in ("maps", "map") and shown is not None:
        channel, row, column = index if cell.array == "maps" else (shown.channel, *index)
        return _explain_map(inspection, look, shown, (channel, row, column))
    return None


def _explain_map(
    inspection: Inspection, look: Look, shown: ShownLayer, place: tuple[int, int, int]
) -> Answer | None:
    drawn = shown.mosaic
    if any(
        not 0 <= at < size for at, size in zip(place, (drawn.count, drawn.height, drawn.width), strict=True)
    ):
        return None  # the question is about a layer that was shown before
    index = index_behind(inspection.layer(shown.name).shape, place)
    return inspection.explain(look, shown.name, index)


def explain_layer(inspection: Inspection, layer: Layer) -> Answer:
    """What a layer is and costs, with the sums behind its counts."""
    weight = getattr(inspection.module(layer.name), "weight", None)
    shape = " × ".join(map(str, layer.shape))
    lines = []
    if layer.parameters:
        lines.append(Line("parameters", _parameter_sum(inspection, layer), float(layer.parameters)))
    if layer.multiply_adds and weight is not None:
        per_value = weight[0].numel()
        lines.append(
            Line("multiply-adds", f"{shape} values × {per_value:,} products each", float(layer.multiply_adds))
        )
    field = layer.field
    if field is not None:
        lines.append(
            Line(
                "receptive field",
                f"{field.size_y} × {field.size_x} pixels; pixels a side",
                float(field.size_y),
            )
        )
    about = [f"kernel {layer.kernel[0]} × {layer.kernel[1]}"] if layer.kernel else []
    about += [f"stride {layer.stride[0]}"] if layer.stride else []
    about += [f"padding {layer.padding}"] if layer.padding else []
    about += [f"{layer.groups} groups"] if layer.groups > 1 else []
    meaning = f"{layer.kind[0].upper()}{layer.kind[1:]}{', ' + ', '.join(about) if about else ''}."
    steps = (Step(layer.name, "What it costs", tuple(lines)),) if lines else ()
    return Answer(f"{layer.name} · the layer", meaning, float(layer.parameters), layer.shape, steps)


def _parameter_sum(inspection: Inspection, layer: Layer) -> str:
    parts = inspection.module(layer.name).parameters(recurse=False)
    return " + ".join("×".join(map(str, part.shape)) for part in parts)


def _explain_heat(heat: Heat, label: str, row: int, column: int) -> Answer | None:
    height, width = heat.values.shape
    if not (0 <= row < height and 0 <= column < width):
        return None
    value = float(heat.values[row, column])
    place = f"{label} · row {row}, column {column}"
    sign = " Below zero speaks against the class." if heat.signed else ""
    return Answer(place, MEANING[heat.method] + sign, value, heat.values.shape)
