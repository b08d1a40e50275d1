"""An exported program as an `nn.Module` whose layers have the names they had in their own code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.exported_program import BATCH, Ref, filled, names_in
from engine.models.operators import base_name, bind, find_operator

Outputs = tuple[str | tuple[str, ...], ...]


@dataclass
class Step:
    """One layer's call: what it reads, the names of what it gives, and what nothing reads after it."""

    layer: nn.Module
    reads: tuple[str, ...]
    outputs: Outputs
    frees: tuple[str, ...] = ()


class Operation(nn.Module):
    """One operator that `nn` has no layer for (a concatenation, a product, a reshaping), as a layer."""

    def __init__(self, target: str, arguments: Mapping[str, Any], states: Mapping[str, Tensor]) -> None:
        """Of the values that `arguments` refer to, those in `states` become the layer's own weights."""
        super().__init__()
        self.operation = base_name(target)
        self._function = find_operator(target, inplace=False)
        self._positional, self._keywords = bind(target, arguments)
        names = names_in(dict(arguments))
        self._reads = tuple(name for name in names if name not in states)
        self._constants = {name: f"constant{n}" for n, name in enumerate(names) if name in states}
        for name, own in self._constants.items():
            state = states[name]
            if isinstance(state, nn.Parameter):
                self.register_parameter(own, state)
            else:
                self.register_buffer(own, state)

    @property
    def has_constants(self) -> bool:
        """Whether it holds weights of its own."""
        return bool(self._constants)

    def forward(self, *values: Any) -> Any:
        """The operator's result; `values` in the order in which the arguments first name them."""
        known = dict(zip(self._reads, values, strict=True))
        known.update((name, getattr(self, own)) for name, own in self._constants.items())

        def value(ref: Ref) -> Any:
            return known[ref.name]

        return self._function(*filled(self._positional, value), **filled(self._keywords, value))

    def extra_repr(self) -> str:
        """What `print(model)` shows in the brackets."""
        return self.operation


class ExportedNetwork(nn.Module):
    """From pictures (N, 3, S, S) to logits (N, classes), by the steps of an exported program."""

    def __init__(
        self, layers: Mapping[str, nn.Module], steps: list[Step], picture: str, logits: str, classes: int
    ) -> None:
        """`layers` by dotted name; `picture` and `logits` are what the steps call input and output."""
        super().__init__()
        for name, layer in layers.items():
            _attach(self, name, layer)
        self.classes = classes
        self.one_at_a_time = False
        """Whether a batch goes through picture by picture, for a program that has its batch size built in."""
        self._steps, self._input, self._output = steps, picture, logits
        _note_last_uses(steps, logits)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, 3, S, S)."""
        if self.one_at_a_time and len(x) > 1:
            return torch.cat([self._run(picture) for picture in x.split(1)])
        return self._run(x)

    def _run(self, x: Tensor) -> Tensor:
        values: dict[str, Any] = {self._input: x, BATCH.name: len(x)}
        for step in self._steps:
            result = step.layer(*[values[name] for name in step.reads])
            values.update(named(step.outputs, result))
            for name in step.frees:
                values.pop(name, None)
        return values[self._output]


def named(outputs: Outputs, result: Any) -> dict[str, Any]:
    """Results by their names; a layer gives only the first of several, which is the one that is used."""
    if len(outputs) == 1 and isinstance(outputs[0], tuple):
        return dict(zip(outputs[0], result, strict=True))
    results = result if isinstance(result, (tuple, list)) else (result,)
    return {str(name): value for name, value in zip(outputs, results, strict=False)}


def _attach(root: nn.Module, name: str, layer: nn.Module) -> None:
    """Make `layer` the submodule `name` of `root`, with plain modules for the dots in between."""
    *parents, own = name.split(".")
    module = root
    for part in parents:
        if part not in module._modules:
            module.add_module(part, nn.Module())
        module = module.get_submodule(part)
    module.add_module(own, layer)


def _note_last_uses(steps: list[Step], output: str) -> None:
    """Tell each step which values nothing reads later, so that a forward pass lets go of them."""
    needed = {output, BATCH.name}
    for step in reversed(steps):
        held = {*step.reads, *(name for name in step.outputs if isinstance(name, str))}
        step.frees = tuple(sorted(held - needed))
        needed |= set(step.reads)
