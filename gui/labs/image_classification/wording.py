"""The sentences and figures of the image classification page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.labs.image_classification import ImageClassificationSnapshot
from engine.models.layer import Layer

if TYPE_CHECKING:
    from engine.explain.why import Heat

METHODS = {
    "grad-cam": "Grad-CAM",
    "saliency": "Saliency",
    "integrated-gradients": "Integrated gradients",
    "smoothgrad": "SmoothGrad",
    "occlusion": "Occlusion",
}

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


def network_line(snapshot: ImageClassificationSnapshot) -> str:
    """The line under the question: which network, how large, and that everything was computed now."""
    if not snapshot.layers:
        return ""
    parameters, products = (
        sum(layer.parameters for layer in snapshot.layers),
        sum(layer.multiply_adds for layer in snapshot.layers),
    )
    return (
        f"{snapshot.model_title}: {len(snapshot.layers)} layers, {parameters / 1e6:.2f} million parameters, "
        f"{products / 1e6:,.0f} million multiply-adds a picture. Every value below was computed just now."
    )


def input_line(snapshot: ImageClassificationSnapshot) -> str:
    """What is said of the picture that the network sees."""
    if snapshot.picture is None:
        return ""
    side = snapshot.picture.shape[0]
    line = f"{snapshot.name}, as the network sees it: {side} × {side} pixels"
    width, height = snapshot.original_size
    if width:
        line += f" of {width} × {height}"
    return (
        f"{line}. {snapshot.note[:1].upper()}{snapshot.note[1:]}.".replace(". .", ".")
        if snapshot.note
        else f"{line}."
    )


def heat_line(heat: Heat, label: str) -> str:
    """What the heat map over the picture says, and how sure it is."""
    where = f" at {heat.layer}" if heat.layer else ""
    colours = "Blue speaks against it, red for it" if heat.signed else "Bright speaks for it"
    if heat.method in ("saliency", "smoothgrad"):
        colours = "Bright pixels change it most"
    line = f"{METHODS[heat.method]} for “{label}”{where}. {colours}"
    if heat.method == "integrated-gradients" and heat.value is not None:
        line += f"; adds up to the logit's change within {abs(heat.value):.2g}"
    return f"{line}."


def top_line(snapshot: ImageClassificationSnapshot) -> str:
    """How sure the network is, in words made from the numbers."""
    if not snapshot.top:
        return ""
    first = snapshot.top[0]
    together = sum(score.probability for score in snapshot.top)
    sure = "sure" if first.probability >= 0.8 else "fairly sure" if first.probability >= 0.5 else "not sure"
    return f"Softmax over {len(snapshot.classes):,} classes; these hold {together:.0%}. It is {sure}."


def channel_name(snapshot: ImageClassificationSnapshot, layer: str, channel: int) -> str:
    """What a channel is called: "map 7 of stage2.1.sum", "unit 3 of pool", or a logit's class."""
    about = next((known for known in snapshot.layers if known.name == layer), None)
    if about is None or len(about.shape) > 1:
        return f"map {channel} of {layer}"
    if about is snapshot.layers[-1] and about.shape[0] == len(snapshot.classes):
        return f"“{snapshot.classes[channel]}”"
    return f"unit {channel} of {layer}"
