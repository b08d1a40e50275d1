"""The sentences and figures of the image classification page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.labs.image_classification import ImageClassificationSnapshot
from gui.layer_words import many

if TYPE_CHECKING:
    from engine.explain.why import Heat

METHODS = {
    "grad-cam": "Grad-CAM",
    "saliency": "Saliency",
    "integrated-gradients": "Integrated gradients",
    "smoothgrad": "SmoothGrad",
    "occlusion": "Occlusion",
}


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
