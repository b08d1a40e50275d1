"""Writes a designed network as a plain PyTorch module: one readable file that needs nothing but torch."""

from __future__ import annotations

import inspect
import re
import struct
from collections.abc import Sequence
from typing import Any

from engine.models import efficientnet_lite as lite
from engine.models.designs import layers
from engine.models.designs.block import LAYERS, WHOLE, Pretrained
from engine.models.designs.design import Design
from engine.models.designs.examination import examine
from engine.models.designs.layout import NORMALISE, laid_out, pretrained_layers
from engine.models.designs.network import OWN_LAYERS, statistics
from engine.models.designs.plan import Part

_LITE = (
    lite.Stage,
    lite.SameConv2d,
    lite.ResidualSum,
    lite.convolution,
    lite.InvertedResidual,
    lite.stage_of,
)
"""What EfficientNet-Lite0 is made of, each after what it needs."""

_HEADER = '''"""{title}: from pictures of {shape} to {classes} classes.

    network = Network()
    network.load_state_dict(safetensors.torch.load_file("weights.safetensors"))
    logits = network.eval()(pictures)  # float, values from 0 to 1, (N, {sizes})
"""

from __future__ import annotations

{imports}
'''


def source_text(
    design: Design,
    shape: tuple[int, int, int],
    classes: int,
    *,
    mean: Sequence[float],
    std: Sequence[float],
) -> str:
    """Python text with a class `Network`, whose `state_dict()` has the very names of the built network's.

    It is self-contained: layers that `torch.nn` lacks are written out in it, EfficientNet-Lite0's too; the
    weights that were saved fill it. Raises UserError where the design cannot be built.
    """
    problem = examine(design, shape, classes).problem
    if problem is not None:
        raise problem[1]
    blocks = list(laid_out(design, shape, classes))
    kinds = _own_kinds(design, [part for _, parts in blocks for part in parts])
    definitions = [inspect.getsource(kind).rstrip() for kind in kinds]
    if lite.Stage in kinds:
        definitions.insert(kinds.index(lite.Stage) + 1, _lite_table())
    mean, std = statistics(design, shape, mean, std)
    definitions.append(_network(design, blocks, f"Normalise({_numbers(mean)}, {_numbers(std)})"))
    body = "\n\n\n".join(definitions)
    header = _HEADER.format(
        # Nothing but words: a name may come out of a file, and must not end the text that it stands in.
        title=re.sub(r"[^\w .,()+-]", "", design.name).strip() or "A network",
        shape=_sizes(shape),
        classes=classes,
        sizes=", ".join(map(str, shape)),
        imports=_imports(body),
    )
    return f"{header}\n\n{body}\n"


def _own_kinds(design: Design, parts: list[Part]) -> list[Any]:
    """The classes and functions to write out, each after what it needs."""
    used = {part.layer for part in parts}
    kinds: list[Any] = [layers.Normalise]
    kinds += [layers.Enlarge] if "Enlarge" in used else []
    pretrained = any(isinstance(block, Pretrained) for block in design.blocks)
    kinds += [kind for kind in _LITE if pretrained or kind.__name__ in used]
    residual = any(part.name.endswith(".first.conv") for part in parts)
    return kinds + ([layers.Residual] if residual else [])


def _imports(body: str) -> str:
    """The imports of what the text uses."""
    plain = [f"from collections import {name}" for name in ("OrderedDict",) if name in body]
    plain += ["from collections.abc import Sequence"]
    plain += ["from typing import NamedTuple"] if "NamedTuple" in body else []
    functional = ["import torch.nn.functional as F"] if re.search(r"\bF\.", body) else []
    return "\n".join([*plain, "", "import torch", *functional, "from torch import Tensor, nn"])


def _lite_table() -> str:
    rows = "\n".join(f"    {row!r}," for row in lite.STAGES)
    return f"STEM_CHANNELS, HEAD_CHANNELS = {lite.STEM_CHANNELS}, {lite.HEAD_CHANNELS}\nSTAGES = (\n{rows}\n)"


def _network(design: Design, blocks: list[tuple[str, list[Part]]], normalise: str) -> str:
    built, run = [f"        self.{NORMALISE} = {normalise}"], [f"        x = self.{NORMALISE}(x)"]
    for name, parts in blocks:
        alone = any(part.name == name for part in parts)
        for child in parts if alone else [parts[-1]]:
            own = child.name if alone else name
            text = _call(child) if alone else _written(design, name, parts)
            built.append(f"        self.{own} = {text}")
            run.append(f"        x = self.{own}(x)  # {_sizes(child.shape)}")
    return "\n".join(
        [
            "class Network(nn.Module):",
            '    """From pictures to one logit for each class."""',
            "",
            "    def __init__(self) -> None:",
            "        super().__init__()",
            *built,
            "",
            "    def forward(self, x: Tensor) -> Tensor:",
            *run,
            "        return x",
        ]
    )


def _written(design: Design, name: str, parts: list[Part]) -> str:
    """The expression that makes one block of several layers."""
    first = design.blocks[0]
    if isinstance(first, Pretrained) and name.startswith(Pretrained.kind):
        return _chain(_lite_calls(first, parts), depth=2)
    inside: dict[str, list[Part]] = {}
    for part in parts:
        inside.setdefault(part.name.removeprefix(f"{name}.").partition(".")[0], []).append(part)
    if "sum" not in inside:
        return _chain({own: _call(found[0]) for own, found in inside.items()}, depth=2)
    branches = {
        own: _call(found[0])
        if own == "act"
        else _chain({part.name.rpartition(".")[2]: _call(part) for part in found}, depth=3)
        for own, found in inside.items()
        if own != "sum"
    }
    return _lines("Residual", branches, depth=2)


def _lite_calls(block: Pretrained, parts: list[Part]) -> dict[str, str]:
    """The children of a pretrained block, as `EfficientNetLite` makes them."""
    calls = {"enlarge": _call(parts[0])} if parts[0].layer == "Enlarge" else {}
    channels = "STEM_CHANNELS"
    for layer in pretrained_layers(block.until):
        if layer == "stem":
            calls[layer] = "convolution(3, STEM_CHANNELS, 3, stride=2)"
        elif layer == "head":
            calls[layer] = f"convolution({channels}, HEAD_CHANNELS)"
        else:
            row = LAYERS.index(layer) - 1
            calls[layer] = f"stage_of(STAGES[{row}], {channels})"
            channels = f"STAGES[{row}].channels"
    return calls | ({"pool": "nn.AdaptiveAvgPool2d(1)"} if block.until == WHOLE else {})


def _chain(calls: dict[str, str], depth: int) -> str:
    return f"nn.Sequential({_lines('OrderedDict', calls, depth)})"


def _lines(function: str, calls: dict[str, str], depth: int) -> str:
    """A call with one argument a line, at `depth` levels of indentation."""
    inner = "\n".join(f"{'    ' * (depth + 1)}{name}={call}," for name, call in calls.items())
    return f"{function}(\n{inner}\n{'    ' * depth})"


def _call(part: Part) -> str:
    """What makes one layer: "nn.Conv2d(1, 16, 3, padding=1)"."""
    arguments = [repr(argument) for argument in part.arguments]
    arguments += [f"{name}={value!r}" for name, value in part.options.items()]
    own = "" if part.layer in OWN_LAYERS else "nn."
    return f"{own}{part.layer}({', '.join(arguments)})"


def _numbers(values: Sequence[float]) -> str:
    return f"[{', '.join(_shortest(value) for value in values)}]"


def _shortest(value: float) -> str:
    """The fewest digits that are the same number in float32: "0.1307"."""
    exact = struct.pack("f", value)
    texts = (repr(float(f"{value:.{digits}g}")) for digits in range(1, 10))
    return next(text for text in texts if struct.pack("f", float(text)) == exact)


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} features"
