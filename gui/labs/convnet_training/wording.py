"""The sentences and figures of the convnet training page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.labs.convnet_training import (
    BatchView,
    ConvnetTrainingSnapshot,
    DataView,
    Embedding,
    Health,
    Seen,
    Verdict,
)

if TYPE_CHECKING:
    from engine.explain.shown_layer import ShownLayer


def subtitle(snapshot: ConvnetTrainingSnapshot) -> str:
    """Pictures and network in a line."""
    data, network = snapshot.data, snapshot.network
    if data is None or network is None:
        return ""
    channels, height, width = data.shape
    colour = "grey" if channels == 1 else "colour"
    return (
        f"{data.title}: {sum(data.train_counts):,} {colour} pictures of {height} × {width} in "
        f"{len(data.classes)} classes · {network.title}: {network.parameters:,} parameters, "
        f"{network.multiply_adds:,} multiply-adds"
    )


def picture_line(seen: Seen, data: DataView) -> str:
    """What is looked at."""
    return seen.name if seen.truth is None else f"{seen.name}: “{data.classes[seen.truth]}”."


def top_line(seen: Seen, data: DataView) -> str:
    """Whether it is right."""
    best = int(seen.probabilities.argmax())
    sure = f"{seen.probabilities[best]:.0%}".replace("%", " %")
    if seen.truth is None:
        return f"“{data.classes[best]}”, {sure} sure."
    return f"{'Right' if best == seen.truth else 'Wrong'}, {sure} sure."


def filters_line(filters: ShownLayer) -> str:
    """Whose kernels are drawn."""
    return (
        f"{filters.mosaic.count} kernels of {filters.name}, {filters.mosaic.height} × {filters.mosaic.width}."
    )


def confusion_line(verdict: Verdict) -> str:
    """What a cell is."""
    return (
        f"Share of each row's {verdict.of:,} test pictures, after update {verdict.step:,}: "
        "a row is what it is, a column what it is taken for."
        if verdict.of
        else ""
    )


def ridge_line(kind: str, health: Health) -> str:
    """Whose values are spread so."""
    if kind == "activations":
        return f"What {health.layer} puts out on 32 pictures."
    layer = health.weighing
    return {
        "weights": f"{layer}",
        "gradients": f"∂loss / ∂ {layer}",
        "updates": f"What an update adds to {layer}.",
    }[kind]


def data_line(data: DataView) -> str:
    """Where the pictures are from, which of them are for testing, and what was left out."""
    skipped = ""
    if data.skipped:
        many = "1 picture was" if len(data.skipped) == 1 else f"{len(data.skipped):,} pictures were"
        skipped = f"{many} left out. {data.skipped[0]}"
    return " ".join(part for part in (data.split, data.source, skipped) if part)


def batch_line(batch: BatchView) -> str:
    """Which batch it is, and what was done to its pictures."""
    line = f"The {len(batch.labels)} pictures of update {batch.update:,}, as the network got them"
    if batch.is_varied:
        return f"{line}: each varied at random."
    return f"{line}: none is varied. “Variation” in the settings shifts, mirrors or covers them."


def embedding_line(embedding: Embedding) -> str:
    """What the plane is of, and what it leaves out."""
    count = len(embedding.points)
    what = f"What the last layer receives for {count} test pictures, after update {embedding.step:,}"
    if embedding.method == "PCA":
        share = f"{embedding.explained:.0%}".replace("%", " %")
        return f"{what}: the two directions in which it differs most, {share} of all. Rings are mistakes."
    return f"{what}: neighbours stay neighbours, distances do not count. Rings are mistakes."
