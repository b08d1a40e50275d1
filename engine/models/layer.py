"""What is known about one layer of a model: its name, shape, cost and what it sees."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReceptiveField:
    """Which input pixels a value of a feature map depends on (Araujo et al., Distill 2019).

    Value (row, column) sees rows `start_y + row * jump_y` up to `size_y` pixels further, and the
    same along x; `start` is negative where the field reaches into the padding.
    """

    size_y: int
    size_x: int
    jump_y: int
    jump_x: int
    start_y: int
    start_x: int


@dataclass(frozen=True)
class Layer:
    """One named layer, measured during a forward pass of one picture."""

    name: str
    """Dotted path in the model, as in `model.get_submodule(name)`."""
    group: str
    """The block it is drawn in: "stem", "stage2", "layer1", ..."""
    kind: str
    """One of KINDS."""
    type: str
    """The module's class name."""
    shape: tuple[int, ...]
    """Output shape without the batch: (C, H, W) or (features,)."""
    inputs: tuple[str, ...]
    """Names of the layers whose outputs it read, "input" for the picture, "?" where an operation outside
    any layer came between."""
    parameters: int
    """Trainable numbers in the layer."""
    multiply_adds: int
    """Multiply-add pairs for one picture (convolutions and dense layers; 0 elsewhere)."""
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None
    padding: str = ""
    """Readable: "same", "1", "0 top, 1 bottom"; empty where the layer has none."""
    dilation: tuple[int, int] | None = None
    groups: int = 1
    field: ReceptiveField | None = None


KINDS = (
    "convolution",
    "depthwise convolution",
    "grouped convolution",
    "pointwise convolution",
    "batch norm",
    "activation",
    "pooling",
    "residual sum",
    "dense",
    "softmax",
    "other",
)
