"""From the operations that ran inside a layer to the words for it: its kind, padding, class and group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from engine.models.traced_call import UNCHANGING, Call, Window

KIND_OF = {
    **dict.fromkeys(("addmm", "mm"), "dense"),
    **dict.fromkeys(("_softmax", "_log_softmax"), "softmax"),
    **dict.fromkeys(
        (
            *("max_pool2d_with_indices", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d"),
            *("mean", "amax"),  # what adaptive pooling to one value comes down to
        ),
        "pooling",
    ),
    **dict.fromkeys(
        (
            *("relu", "hardtanh", "leaky_relu", "_prelu_kernel", "elu", "celu", "gelu", "silu", "mish"),
            *("sigmoid", "hardsigmoid", "hardswish", "tanh", "softplus", "log_sigmoid_forward", "threshold"),
        ),
        "activation",
    ),
}


@dataclass(frozen=True)
class Step:
    """What remains of one operation inside a layer once its tensors are let go."""

    kind: str | None
    """The kind of layer that this operation alone makes; None where it says nothing."""
    window: Window | None
    groups: int
    zeros: tuple[int, int, int, int]
    """Rows and columns of padding (top, bottom, left, right)."""

    @classmethod
    def of(cls, call: Call) -> Step:
        return cls(_kind(call), call.window(), call.arguments.get("groups", 1), call.zeros_around())


def kind_of(steps: Sequence[Step]) -> str:
    """One of `engine.models.layer.KINDS`; "other" for a layer of several kinds of operations."""
    kinds = {step.kind for step in steps if step.kind is not None}
    return kinds.pop() if len(kinds) == 1 else "other"


def only_window(steps: Sequence[Step]) -> Step | None:
    """The one step that slides a window; None where there is none, or several."""
    sliding = [step for step in steps if step.window is not None]
    return sliding[0] if len(sliding) == 1 else None


def padding_text(steps: Sequence[Step]) -> str:
    """How many zeros the layer put around its input, in words; empty for a layer without a window or pad."""
    if not any(step.window or any(step.zeros) for step in steps):
        return ""
    top, bottom, left, right = (sum(side) for side in zip(*(step.zeros for step in steps), strict=True))
    if top == bottom == left == right:
        return str(top)
    if (top, bottom) == (left, right):
        return f"{top} top and left, {bottom} bottom and right"
    if (top, left) == (bottom, right):
        return f"{top} top and bottom, {left} left and right"
    return f"{top} top, {bottom} bottom, {left} left, {right} right"


def type_name(module: nn.Module) -> str:
    """The module's class; for a module out of torch.export the class it was exported from."""
    exported = getattr(module, "type_name", None)
    name = exported() if callable(exported) else None
    return name.rpartition(".")[2] if isinstance(name, str) else type(module).__name__


def grouping(names: Sequence[str]) -> Callable[[str], str]:
    """Says which block a layer belongs to, given the names of all layers.

    A block is the first component of the name, as in "layer1"; where that would put nearly everything into
    one or two blocks ("features.3.conv.0"), the first two.
    """
    sizes = Counter(name.partition(".")[0] for name in names)
    depth = 1 if sum(size > 1 for size in sizes.values()) >= 3 else 2

    def group_of(name: str) -> str:
        *path, own = name.split(".")
        return ".".join(path[:depth]) or own

    return group_of


def _kind(call: Call) -> str | None:
    if call.name in UNCHANGING or call.name == "constant_pad_nd":
        return None
    if call.name == "convolution":
        return _convolution_kind(call)
    if call.name == "add":
        return "residual sum" if len(call.sights) > 1 else None  # a bias says nothing
    return "batch norm" if "batch_norm" in call.name else KIND_OF.get(call.name, "other")


def _convolution_kind(call: Call) -> str:
    _, channels, *kernel = call["weight"].shape
    if call["groups"] > 1:
        return "depthwise convolution" if channels == 1 else "grouped convolution"
    return "pointwise convolution" if set(kernel) == {1} else "convolution"
