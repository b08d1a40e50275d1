"""The sentences and figures of the image classification page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.labs.image_classification import ImageClassificationSnapshot
from gui.layer_words import many

if TYPE_CHECKING:
    from engine.explain.shown_layer import ShownLayer
    from engine.explain.why import Heat
    from engine.models.layer import Layer


def network_line(snapshot: ImageClassificationSnapshot) -> str:
    """The line under the question: which network, how large, and that everything was computed now."""
    if not snapshot.layers:
        return ""
    parameters, products = (
        sum(layer.parameters for layer in snapshot.layers),
        sum(layer.multiply_adds for layer in snapshot.layers),
    )
    return (
        f"{snapshot.model_title}: {len(snapshot.layers)} layers, {many(parameters)} parameters, "
        f"{many(products)} multiply-adds a picture. Every value below was computed just now."
    )


def input_line(snapshot: ImageClassificationSnapshot) -> str:
    """What is said of the picture that the network sees."""
    if snapshot.picture is None:
        return ""
    side = snapshot.picture.shape[0]
    width, height = snapshot.original_size
    size = f", {width} × {height}" if width else ""
    line = f"{snapshot.name}{size}, as the network sees it: {side} × {side}"
    return (
        f"{line}. {snapshot.note[:1].upper()}{snapshot.note[1:]}.".replace(". .", ".")
        if snapshot.note
        else f"{line}."
    )


def heat_line(heat: Heat) -> str:
    """What the heat map over the picture says, and how sure it is."""
    where = f" at {heat.layer}" if heat.layer else ""
    colours = "Blue speaks against it, red for it" if heat.signed else "Bright speaks for it"
    if heat.method in ("saliency", "smoothgrad"):
        colours = "Bright pixels change it most"
    line = f"{heat.title}{where}. {colours}"
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


ORDERS = {"channel": "By channel", "mean": "Strongest mean first", "peak": "Strongest peak first"}


def maps_line(shown: ShownLayer, layer: Layer, order: str) -> tuple[str, str]:
    """Title and sentence of a layer's maps; a layer of single numbers (a dense one) is drawn as one map."""
    drawn, sentence = shown.mosaic, f"{ORDERS[order]}. Point at a value to see its sum."
    title = f"{shown.name}, all {drawn.count} feature maps"
    if drawn.count == 1:
        title = f"{shown.name}, its one feature map"
    if len(layer.shape) == 1:
        title, sentence = f"{shown.name}, {shown.map.size} numbers", "Row by row. Point at one for its sum."
    return title, sentence if drawn.finite else f"{sentence} Some values are not finite and drawn as lowest."


def channel_name(snapshot: ImageClassificationSnapshot, layer: str, channel: int) -> str:
    """What a channel is called: "map 7 of stage2.1.sum", "unit 3 of pool", or a logit's class."""
    about = next((known for known in snapshot.layers if known.name == layer), None)
    if about is None or len(about.shape) > 1:
        return f"map {channel} of {layer}"
    if about is snapshot.layers[-1] and about.shape[0] == len(snapshot.classes):
        return f"“{snapshot.classes[channel]}”"
    return f"unit {channel} of {layer}"
