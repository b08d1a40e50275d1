"""Opens an exported program up: runs it once, exactly as it is, and makes a layer of every operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from engine.models.exported_layers import layer_for
from engine.models.exported_names import layer_names
from engine.models.exported_network import ExportedNetwork, Operation, Step, named
from engine.models.exported_program import BATCH, Node, Program, Ref, Unsupported, filled, names_in
from engine.models.operator_sizes import largest_result
from engine.models.operators import SYMBOLIC, base_name, bind, find_operator, is_inplace, moves

LARGEST_VALUE = 2**26
"""Numbers in any one value (256 MiB): the first layer of VGG-16 at 1024 pixels just fits."""
MOST_CLASSES = 100_000


def open_up(program: Program, states: Mapping[str, Tensor], x: Tensor) -> tuple[ExportedNetwork, Tensor]:
    """The program as a network of named layers, and what the program itself gives for `x`.

    `states` are the weights by their names in the program's nodes, `x` (N, 3, S, S) has the shape of the
    program's example. The program's own output is the reference that the network is held against.
    Raises Unsupported, or whatever PyTorch answers where the layers do not fit together.
    """
    build = _Build(program, states, x)
    for node in program.nodes:
        build.add(node)
    exported = build.values[program.output]
    if not isinstance(exported, Tensor) or exported.dim() != 2 or not 2 <= exported.shape[1] <= MOST_CLASSES:
        raise Unsupported("its output is not one row of class scores for each picture")
    output = build.latest(program.output)
    network = ExportedNetwork(build.layers, build.steps, program.input, output, exported.shape[1])
    return network.eval(), exported


class _Build:
    """The program half run, and the steps made so far."""

    def __init__(self, program: Program, states: Mapping[str, Tensor], x: Tensor) -> None:
        self.states = dict(states)
        self.values: dict[str, Any] = {program.input: x.clone(), BATCH.name: len(x), **states}
        """What the program itself computed, by its own names."""
        self._computed = set(self.values)
        self.layers: dict[str, nn.Module] = {}
        self.steps: list[Step] = []
        self._names = layer_names(program)
        self._renamed: dict[str, str] = {}
        self._last_use = {name: node for node in program.nodes for name in names_in(dict(node.arguments))}
        self._last_use.pop(program.output, None)

    def add(self, node: Node) -> None:
        """Run one node, and append its step unless it depends on no picture and is a weight from now on."""
        arguments = filled(dict(node.arguments), lambda ref: Ref(self.latest(ref.name)))
        reads = names_in(arguments)
        if is_inplace(node.target):
            self._overwrite(reads[0], str(node.outputs[0]))
        results = self._run(node)
        tensors = all(isinstance(result, Tensor) for result in results.values())
        if tensors and all(read in self.states for read in reads):
            self.states.update(results)
        else:
            self._append(node, arguments, [read for read in reads if read not in self.states])
        self._forget(node)

    def latest(self, name: str) -> str:
        """The name under which a value is to be read, after operators that wrote over it."""
        while name in self._renamed:
            name = self._renamed[name]
        return name

    def _overwrite(self, old: str, new: str) -> None:
        """Layers here never write over their input, so whoever reads `old` from now on means `new`."""
        if old in self.states:
            raise Unsupported("it changes its own weights while it runs")
        self._renamed[old] = new

    def _run(self, node: Node) -> dict[str, Any]:
        """The node's results, by their names; refused before anything too large is computed."""
        positional, keywords = filled([*bind(node.target, node.arguments)], lambda ref: self.values[ref.name])
        if largest_result(node.target, positional) > LARGEST_VALUE:
            raise Unsupported("one of its layers puts out more numbers than fit in the memory")
        results = named(node.outputs, find_operator(node.target)(*positional, **keywords))
        if results.keys() & self._computed:
            raise ValueError(f"{', '.join(results)} is computed twice")
        self._computed |= results.keys()
        self.values.update(results)
        return results

    def _append(self, node: Node, arguments: dict[str, Any], reads: list[str]) -> None:
        """The step that computes the node; what it does to feature maps becomes a named layer."""
        layer = self._layer(node, arguments, len(reads))
        hidden = isinstance(layer, Operation) and moves(node.target) and not layer.has_constants
        first = node.outputs[0]
        if not hidden and isinstance(first, str) and isinstance(self.values[first], Tensor):
            self.layers[self._names[id(node)]] = layer
        self.steps.append(Step(layer, tuple(reads), node.outputs))

    def _layer(self, node: Node, arguments: dict[str, Any], reads: int) -> nn.Module:
        x = next((self.values[n] for n in names_in(dict(node.arguments)) if n not in self.states), None)
        alone = reads == (2 if base_name(node.target) == "add" else 1)
        if alone and isinstance(x, Tensor) and node.target not in SYMBOLIC:
            weighed = {
                key: self.states.get(value.name, value) if isinstance(value, Ref) else value
                for key, value in arguments.items()
            }
            layer = layer_for(node.target, weighed, x)
            if layer is not None:
                return layer
        return Operation(node.target, arguments, self.states)

    def _forget(self, node: Node) -> None:
        """Let go of what only this node still needed."""
        for name in names_in(dict(node.arguments)):
            if self._last_use.get(name) is node and name not in self.states:
                self.values.pop(name, None)
