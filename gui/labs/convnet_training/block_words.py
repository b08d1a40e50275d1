"""What is said of blocks, networks and presets on the page where they are built."""

from __future__ import annotations

from collections.abc import Sequence

from engine.models.designs.block import (
    WHOLE,
    Activation,
    Block,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Normalisation,
    Pooling,
    Pretrained,
    Residual,
)
from engine.models.designs.examination import BlockFacts, Examined
from gui.layer_words import many

PRESETS = {
    "auto": "What suits the pictures",
    "plain": "Plain",
    "lenet-5": "LeNet-5",
    "small-vgg": "Small VGG",
    "small-resnet": "Small ResNet",
    "mlp": "MLP, no convolution",
    "single-filter": "Single filter",
    "transfer": "Transfer",
}
"""From a preset to what it is called."""
SENTENCES = {
    "auto": "Transfer for a small folder of colour photographs, plain for all else.",
    "plain": "Two convolutions, pooling, a dense layer: small, quick, and good on small pictures.",
    "lenet-5": "The first convolutional network at work (LeCun et al. 1998), with today’s ReLU and pooling.",
    "small-vgg": "Pairs of 3 × 3 convolutions, twice as wide after each pooling (Simonyan, Zisserman 2015).",
    "small-resnet": "Shortcuts past each pair of convolutions let the gradient through (He et al. 2016).",
    "mlp": "Dense layers only: they do not know which pixels are neighbours.",
    "single-filter": "One 5 × 5 filter and nothing else: see how far that goes.",
    "transfer": "EfficientNet-Lite0’s layers, learned on photographs and frozen, under a new last layer.",
}
OWN = "Your own network"
OWN_SENTENCE = "Made of your own blocks; a preset begins anew."

COLUMNS = ("output", "parameters", "multiply-adds", "sees")
"""What stands in a block's second line."""
COLUMNS_TIP = (
    "Output: maps × rows × columns, or features. Parameters: numbers that it learns. Multiply-adds: for one "
    "picture. Sees: rows and columns of the picture on which one value depends, its receptive field."
)
ANOTHER_RUN = "A changed network begins another run; the curves of this one stay beside it."
AT_ONCE = "As long as little was learned, each change is taken up at once, as another run."
IMPOSSIBLE = "It cannot be built like this, so the one before stays; the red block says why."
WAITS = "waits for the red block"
NO_NETWORK = "There is no network yet."

_NORMALISED = {"batch": "batch norm", "group": "group norm"}
_ACTIVATED = {
    "relu": "ReLU", "leaky": "leaky ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "tanh",
}  # fmt: skip


def block_title(block: Block) -> str:
    """A block in words: "3 × 3 convolution, 32 channels, stride 2, batch norm, ReLU"."""
    match block:
        case Convolution():
            return _joined(
                f"{_square(block.kernel)} {'depthwise ' if block.depthwise else ''}convolution",
                f"{block.channels} channels",
                *_window(block.stride, block.dilation, 1 if block.depthwise else block.groups),
                f"padding {block.padding}" if block.padding != "same" else "",
                *_after(block.normalise, block.activation),
            )
        case Pooling():
            stride = block.kernel if block.stride is None else block.stride
            return _joined(
                f"{_square(block.kernel)} {block.how} pooling",
                f"stride {stride}" if stride != block.kernel else "",
            )
        case GlobalPooling():
            return f"Global {block.how} pooling"
        case Normalisation():
            return _capital(_NORMALISED[block.how])
        case Activation():
            return _capital(_ACTIVATED[block.how])
        case Dropout():
            return _joined("Dropout", _percent(block.share))
        case Residual():
            return _joined(
                f"Residual, two {_square(block.kernel)} convolutions",
                f"{block.channels} channels",
                *_window(block.stride),
                *_after(block.normalise, block.activation),
            )
        case Dense():
            return _joined(
                "Dense",
                f"{block.features} features",
                *_after(block.normalise, block.activation),
                f"dropout {_percent(block.dropout)}" if block.dropout else "",
            )
        case Pretrained():
            return _joined(
                "EfficientNet-Lite0",
                "whole" if block.until == WHOLE else f"up to {block.until}",
                "frozen" if block.thawed_from is None else f"thawed from {block.thawed_from} on",
            )
        case Flatten():
            return "All values in one row"
    return block.title


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _square(size: int) -> str:
    return f"{size} × {size}"


def _window(stride: int, dilation: int = 1, groups: int = 1) -> tuple[str, ...]:
    return (
        f"stride {stride}" if stride > 1 else "",
        f"dilation {dilation}" if dilation > 1 else "",
        f"{groups} groups" if groups > 1 else "",
    )


def _after(normalise: str, activation: str) -> tuple[str, str]:
    return _NORMALISED.get(normalise, ""), _ACTIVATED.get(activation, "")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def picture_title(shape: tuple[int, int, int]) -> str:
    """What the network reads."""
    channels, height, width = shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    return f"Picture, {kind}, {height} × {width} pixels"


def classes_title(classes: int) -> str:
    """The last layer, which is always there."""
    return f"Dense, one output for each of {classes} classes"


def shape_words(shape: Sequence[int]) -> str:
    """All of a shape: "32 × 14 × 14"."""
    return " × ".join(map(str, shape))


def facts_words(facts: BlockFacts) -> tuple[str, str, str, str]:
    """The second line of a block, by `COLUMNS`; what it has none of is left out."""
    sight = facts.field
    return (
        shape_words(facts.shape_out),
        exactly(facts.parameters) if facts.parameters else "",
        exactly(facts.multiply_adds) if facts.multiply_adds else "",
        f"{sight.size_y} × {sight.size_x}" if sight is not None else "",
    )


def facts_read_out(facts: BlockFacts) -> str:
    """The same as a sentence, for a screen reader and a tip."""
    pairs = zip(COLUMNS, facts_words(facts), strict=True)
    return f"{facts.name}: " + ", ".join(f"{name} {words}" for name, words in pairs if words)


def exactly(count: int) -> str:
    """A count with all its digits up to a million: "903,168", "7.23 M"."""
    return f"{count:,}" if count < 1_000_000 else many(count)


def total_words(found: Examined) -> str:
    """The whole network in a line."""
    frozen = found.parameters - found.trainable
    still = f" ({many(frozen)} frozen)" if frozen else ""
    return (
        f"Together {found.parameters:,} parameters{still}, {found.multiply_adds:,} multiply-adds a picture, "
        f"about {many(found.memory)}B of memory for a step."
    )


def help_of(kind: type[Block]) -> str:
    """What a kind of block does, in the sentence that its class begins with."""
    return (kind.__doc__ or "").partition("\n")[0]


def left_out(word: str) -> str:
    """What the form says of a word that stands in the place of a number."""
    return {"same": "same, keeps the size"}.get(word, word)
