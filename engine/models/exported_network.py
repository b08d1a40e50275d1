"""An exported program as an `nn.Module` whose layers have the names they had in their own code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.exported_layers import layer_for
from engine.models.exported_names import layer_names
from engine.models.exported_program import BATCH, Node, Program, Ref, Unsupported
from engine.models.operators import SYMBOLIC, base_name, bind, find_operator, is_inplace, moves

LARGEST_VALUE = 2**27
"""Numbers in any one value for the example's batch (512 MiB)."""
MOST_CLASSES = 100_000


@dataclass
class Step:
    """One layer's call: what it reads, the names of what it gives, and what nothing reads after it."""

    layer: nn.Module
    reads: tuple[str, ...]
    outputs: tuple[str | tuple[str, ...], ...]
    frees: tuple[str, ...] = ()


class Operation(nn.Module):
    """One operator that `nn` has no layer for (a concatenation, a product, a reshaping), as a layer."""

    def __init__(self, target: str, arguments: Mapping[str, Any], states: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.operation = base_name(target)
        self._function = find_operator(target, inplace=False)
        self._positional, self._keywords = bind(target, arguments)
        names = _names(arguments)
        self._reads = tuple(name for name in names if name not in states)
        self._constants = {name: f"constant{n}" for n, name in enumerate(names) if name in states}
        for name, own in self._constants.items():
            if isinstance(states[name], nn.Parameter):
                self.register_parameter(own, states[name])
            else:
                self.register_buffer(own, states[name])

    @property
    def has_constants(self) -> bool:
        """Whether it holds weights of its own."""
        return bool(self._constants)

    def forward(self, *values: Any) -> Any:
        """The operator's result; `values` in the order in which the arguments first name them."""
        known = dict(zip(self._reads, values, strict=True))
        known.update((name, getattr(self, own)) for name, own in self._constants.items())
        return self._function(*_fill(self._positional, known), **_fill(self._keywords, known))

    def extra_repr(self) -> str:
        """What `print(model)` shows in the brackets."""
        return self.operation


class ExportedNetwork(nn.Module):
    """From pictures (N, 3, S, S) to logits (N, classes), by the steps of an exported program."""

    def __init__(self, program: Program, states: Mapping[str, Tensor]) -> None:
        """`states` are the weights by their names in the program's nodes.

        Raises Unsupported, or ValueError, TypeError or RuntimeError where the program makes no sense.
        """
        super().__init__()
        self.one_at_a_time = False
        """Whether a batch goes through picture by picture, for a program that has its batch size built in."""
        build = _Build(program, dict(states))
        for name, layer in build.layers.items():
            _attach(self, name, layer)
        self.classes = build.classes
        """How many logits there are for each picture."""
        self._steps, self._input, self._output = build.steps, program.input, build.latest(program.output)
        _note_last_uses(self._steps, self._output)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, 3, S, S)."""
        if self.one_at_a_time and len(x) > 1:
            return torch.cat([self._run(picture) for picture in x.split(1)])
        return self._run(x)

    def _run(self, x: Tensor) -> Tensor:
        values: dict[str, Any] = {self._input: x, BATCH.name: len(x)}
        for step in self._steps:
            result = step.layer(*[values[name] for name in step.reads])
            values.update(_named(step.outputs, result))
            for name in step.frees:
                values.pop(name, None)
        return values[self._output]


def replay(program: Program, states: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The program's output exactly as exported, operator by operator: the reference for the network."""
    values: dict[str, Any] = {program.input: x.clone(), BATCH.name: len(x), **states}
    for node in program.nodes:
        positional, keywords = bind(node.target, node.arguments)
        result = find_operator(node.target)(*_fill(positional, values), **_fill(keywords, values))
        values.update(_named(node.outputs, result))
    return values[program.output]


@dataclass
class _Build:
    """Turns nodes into steps while following every value's shape on the meta device."""

    program: Program
    states: dict[str, Tensor]
    shapes: dict[str, Any] = field(default_factory=dict)
    layers: dict[str, nn.Module] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    classes: int = 0

    def __post_init__(self) -> None:
        names = layer_names(self.program)
        self.shapes = {name: state.to("meta") for name, state in self.states.items()}
        self.shapes[self.program.input] = torch.empty(self.program.input_shape, device="meta")
        self.shapes[BATCH.name] = self.program.input_shape[0]
        for node in self.program.nodes:
            self.add(node, names[id(node)])
        self.classes = self.count_classes(self.shapes[self.latest(self.program.output)])

    def count_classes(self, logits: Tensor) -> int:
        """How many scores the program gives for each picture."""
        if logits.dim() != 2 or not 2 <= logits.shape[1] <= MOST_CLASSES:
            given = " × ".join(map(str, logits.shape))
            raise Unsupported(f"its output is {given}, not one row of class scores for each picture")
        return logits.shape[1]

    def latest(self, name: str) -> str:
        """The name under which a value is to be read, after operators that wrote over it."""
        while name in self.renamed:
            name = self.renamed[name]
        return name

    def add(self, node: Node, name: str) -> None:
        """Append the step of one node, or work the node out now where it depends on no picture."""
        arguments = {key: _rename(value, self.latest) for key, value in node.arguments.items()}
        reads = _names(arguments)
        results = _named(node.outputs, self.follow(node, arguments))
        if all(read in self.states for read in reads) and all(
            isinstance(r, Tensor) for r in results.values()
        ):
            self.states.update(_named(node.outputs, Operation(node.target, arguments, self.states)()))
        else:
            self.append(node, arguments, name)
        if is_inplace(node.target):
            self.overwrite(reads[0], str(node.outputs[0]))

    def overwrite(self, old: str, new: str) -> None:
        """Layers here never write over their input, so whoever reads `old` from now on means `new`."""
        if old in self.states and new not in self.states:
            raise Unsupported("it changes its own weights while it runs")
        self.renamed[old] = new

    def follow(self, node: Node, arguments: Mapping[str, Any]) -> Any:
        """The shapes of a node's results, which are refused before anything that large is computed."""
        positional, keywords = bind(node.target, arguments)
        function = find_operator(node.target, inplace=False)
        result = function(*_fill(positional, self.shapes), **_fill(keywords, self.shapes))
        named = _named(node.outputs, result)
        if named.keys() & self.shapes.keys():
            raise ValueError(f"{', '.join(named)} is computed twice")
        if any(isinstance(value, Tensor) and value.numel() > LARGEST_VALUE for value in named.values()):
            raise Unsupported("one of its layers puts out more numbers than fit in the memory")
        self.shapes.update(named)
        return result

    def append(self, node: Node, arguments: Mapping[str, Any], name: str) -> None:
        """The step that computes the node; what it does to feature maps becomes a named layer."""
        reads = tuple(read for read in _names(arguments) if read not in self.states)
        given = {key: self.states.get(v.name, v) if isinstance(v, Ref) else v for key, v in arguments.items()}
        x = self.shapes[reads[0]] if reads else None
        alone = len(reads) == (2 if base_name(node.target) == "add" else 1)
        known = alone and isinstance(x, Tensor) and node.target not in SYMBOLIC
        layer = layer_for(node.target, given, x) if known else None
        if layer is None:
            layer = Operation(node.target, arguments, self.states)
        hidden = isinstance(layer, Operation) and moves(node.target) and not layer.has_constants
        if not hidden and isinstance(self.shapes[_first(node.outputs)], Tensor):
            self.layers[name] = layer
        self.steps.append(Step(layer, reads, node.outputs))


def _first(outputs: tuple[str | tuple[str, ...], ...]) -> str:
    return outputs[0] if isinstance(outputs[0], str) else outputs[0][0]


def _named(outputs: tuple[str | tuple[str, ...], ...], result: Any) -> dict[str, Any]:
    """Results by their names; a layer gives the first of several results, which is the one that is used."""
    if len(outputs) == 1 and isinstance(outputs[0], tuple):
        return dict(zip(outputs[0], result, strict=True))
    results = result if isinstance(result, (tuple, list)) else (result,)
    return {str(name): value for name, value in zip(outputs, results, strict=False)}


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.name
    elif isinstance(value, list):
        for item in value:
            yield from _refs(item)


def _names(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of all values that the arguments refer to, each once, in order."""
    return tuple(dict.fromkeys(name for value in arguments.values() for name in _refs(value)))


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with every Ref replaced by its value."""
    if isinstance(template, Ref):
        return values[template.name]
    if isinstance(template, list):
        return [_fill(item, values) for item in template]
    if isinstance(template, dict):
        return {key: _fill(item, values) for key, item in template.items()}
    return template


def _rename(value: Any, latest: Any) -> Any:
    if isinstance(value, Ref):
        return Ref(latest(value.name))
    return [_rename(item, latest) for item in value] if isinstance(value, list) else value


def _attach(root: nn.Module, name: str, layer: nn.Module) -> None:
    """Make `layer` the submodule `name` of `root`, with plain modules for the dots in between."""
    *parents, own = name.split(".")
    module = root
    for part in parents:
        if part not in module._modules:
            module.add_module(part, nn.Module())
        module = module._modules[part]
    module.add_module(own, layer)


def _note_last_uses(steps: Iterable[Step], output: str) -> None:
    """Tell each step which values nothing reads later, so that a forward pass lets go of them."""
    needed = {output}
    for step in reversed(list(steps)):
        held = {*step.reads, *(name for name in step.outputs if isinstance(name, str))}
        step.frees = tuple(sorted(held - needed - {BATCH.name}))
        needed |= set(step.reads)
