"""Reads what `torch.export.save` wrote (`.pt2`) as plain data, without `torch.export.load`.

`torch.export.load` unpickles sample inputs and constants, looks operators up by attribute chains that
the file names, and evaluates symbolic expressions: opening a stranger's file with it can run code.
The same archive holds everything a network needs as JSON and raw bytes, and only those are read here:
which operators (see `operators.py`) run in which order on which weights, and in which module each stood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.models.operators import OPERATORS, base_name, moves
from engine.models.stored_tensor import Storage, StoredTensor

MOST_NODES = 20_000
LONGEST_PATH = 200

SCALAR_TYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 12: "bool", 13: "bfloat16",
}  # fmt: skip
"""Codes of `torch._export.serde.schema.ScalarType`."""


class Unsupported(Exception):
    """A sound file, but not of a network that can be opened up; the text says why."""


@dataclass(frozen=True)
class Ref:
    """Stands for a value computed, loaded or given under this name."""

    name: str


BATCH = Ref("#batch")
"""The number of pictures, where the export wrote the number of its example."""


def names_in(value: Any) -> tuple[str, ...]:
    """The names of all values that (nested) arguments refer to, each once, in order."""
    return tuple(dict.fromkeys(_each_name(value)))


def _each_name(value: Any) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.name
    for item in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from _each_name(item)


def filled(template: Any, of: Callable[[Ref], Any]) -> Any:
    """The (nested) arguments with `of(ref)` in place of every Ref."""
    if isinstance(template, Ref):
        return of(template)
    if isinstance(template, list):
        return [filled(item, of) for item in template]
    if isinstance(template, dict):
        return {key: filled(item, of) for key, item in template.items()}
    return template


@dataclass(frozen=True)
class Node:
    """One operator call. `arguments` are plain values and Refs by the operator's own argument names."""

    target: str
    """One of OPERATORS, such as "torch.ops.aten.conv2d.default"."""
    arguments: Mapping[str, Any]
    outputs: tuple[str | tuple[str, ...], ...]
    """The names its results get; a tuple of names for a result that is a list."""
    path: str
    """Dotted path of the module that called it; empty for the network itself."""
    call: str
    """Tells apart the calls of a module that is called more than once."""


@dataclass(frozen=True)
class Program:
    """A network as a list of operator calls on one picture batch."""

    input: str
    input_shape: tuple[int, int, int, int]
    """(N, 3, H, W) of the example it was exported with."""
    states: Mapping[str, str]
    """From the names of weights in the nodes to their names in the file."""
    parameters: frozenset[str]
    """Those of the states that were trained, by their names in the nodes."""
    nodes: tuple[Node, ...]
    output: str


def parse_program(document: bytes) -> Program:
    """The program in `models/*.json`. Raises Unsupported, or ValueError where it is damaged."""
    try:
        module = json.loads(document)["graph_module"]
        graph, signature = module["graph"], module["signature"]
        if len(graph["nodes"]) > MOST_NODES:
            raise Unsupported(f"it has {len(graph['nodes'])} operations")
        inputs, states = _inputs(signature["input_specs"])
        nodes = tuple(_node(node, graph["tensor_values"]) for node in graph["nodes"])
        output = _logits(_output(signature["output_specs"]), nodes)
        shape = _picture_shape(_sizes(graph["tensor_values"][inputs]))
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"damaged program: {error!r}") from error
    return Program(inputs, shape, states, _parameters(signature["input_specs"]), nodes, output)


def parse_tensors(document: bytes, sizes: Mapping[str, int], folder: str) -> dict[str, StoredTensor]:
    """The tensors that a `*_config.json` describes, each checked against the bytes there are.

    `sizes` maps the archive's entries to their lengths, `folder` is where the tensors' bytes lie.
    Raises Unsupported, or ValueError where it is damaged.
    """
    try:
        config = json.loads(document)["config"]
        tensors = {name: _stored(entry, sizes, folder) for name, entry in config.items()}
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"damaged tensor list: {error!r}") from error
    for tensor in tensors.values():
        tensor.check()
    return tensors


def _stored(entry: dict[str, Any], sizes: Mapping[str, int], folder: str) -> StoredTensor:
    if entry["use_pickle"] or entry["tensor_meta"] is None:
        raise Unsupported("some of its weights are pickled objects")
    meta = entry["tensor_meta"]
    dtype = SCALAR_TYPES.get(meta["dtype"])
    if dtype is None:
        raise Unsupported("some of its weights are of an unusual number type")
    key = f"{folder}{entry['path_name']}"
    storage = Storage(key, dtype, sizes[key] // ITEM_BYTES[dtype])
    strides = tuple(_literal(stride) for stride in meta["strides"])
    return StoredTensor(storage, tuple(_sizes(meta)), strides, _literal(meta["storage_offset"]))


ITEM_BYTES = {
    "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "float16": 2, "float32": 4,
    "float64": 8, "bool": 1, "bfloat16": 2,
}  # fmt: skip


def _literal(size: dict[str, Any]) -> int:
    """A plain size, or of a symbolic one the example's; the expression itself is never looked at."""
    value = size["as_int"] if "as_int" in size else size["as_expr"]["hint"]["as_int"]
    if type(value) is not int:
        raise TypeError(f"a size of {value!r}")
    return value


def _sizes(meta: dict[str, Any]) -> list[int]:
    return [_literal(size) for size in meta["sizes"]]


def _picture_shape(sizes: list[int]) -> tuple[int, int, int, int]:
    if len(sizes) != 4 or sizes[1] != 3 or sizes[2] != sizes[3]:
        given = " × ".join(map(str, sizes))
        raise Unsupported(
            f"it takes an input of {given}, not a batch of square colour pictures (N × 3 × S × S)"
        )
    return sizes[0], sizes[1], sizes[2], sizes[3]


def _inputs(specs: list[dict[str, Any]]) -> tuple[str, dict[str, str]]:
    """The name of the picture batch, and the weights' names in the graph and in the file."""
    pictures, states = [], {}
    for spec in specs:
        (kind, value), *_ = spec.items()
        if kind == "user_input":
            pictures.append(value["arg"]["as_tensor"]["name"])
        elif kind in ("parameter", "buffer", "tensor_constant"):
            states[value["arg"]["name"]] = value[f"{kind}_name"]
        else:
            raise Unsupported(f"it needs a {kind.replace('_', ' ')}, which is not a tensor")
    if len(pictures) != 1:
        raise Unsupported(f"it takes {len(pictures)} inputs, not one batch of pictures")
    return pictures[0], states


def _parameters(specs: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(spec["parameter"]["arg"]["name"] for spec in specs if "parameter" in spec)


def _output(specs: list[dict[str, Any]]) -> str:
    if any("user_output" not in spec for spec in specs):
        raise Unsupported("it changes itself while it runs; call model.eval() before exporting it")
    if len(specs) != 1:
        raise Unsupported(f"it gives {len(specs)} outputs, not one row of class scores")
    return specs[0]["user_output"]["arg"]["as_tensor"]["name"]


def _logits(output: str, nodes: tuple[Node, ...]) -> str:
    """What went into a softmax at the end: class scores are wanted before it, as other networks give them."""
    last = next((node for node in nodes if output in node.outputs), None)
    if last is not None and base_name(last.target) in ("softmax", "_softmax"):
        return next(iter(last.arguments.values())).name
    return output


def _node(node: dict[str, Any], tensors: dict[str, Any]) -> Node:
    target = node["target"]
    if target not in OPERATORS:
        raise Unsupported(
            f"it uses {str(target)[:80]}, which is not among the operations of picture classifiers"
        )
    arguments = {
        item["name"]: _argument(item["arg"])
        for item in node["inputs"]
        if "as_memory_format" not in item["arg"]
    }
    if arguments.get("training") or arguments.get("train"):
        raise Unsupported("it was exported in training mode; call model.eval() before exporting it")
    path, call = _place(node["metadata"].get("nn_module_stack", ""))
    outputs = tuple(_result(output) for output in node["outputs"])
    return Node(target, _any_batch(target, arguments, outputs, tensors), outputs, path, call)


def _any_batch(
    target: str,
    arguments: dict[str, Any],
    outputs: tuple[str | tuple[str, ...], ...],
    tensors: dict[str, Any],
) -> dict[str, Any]:
    """Reshapings that keep the example's number of pictures keep whatever number there is."""
    name = next((key for key in ("size", "shape") if isinstance(arguments.get(key), list)), None)
    if not moves(target) or name is None or not isinstance(arguments.get("self"), Ref):
        return arguments
    pictures = _sizes(tensors[arguments["self"].name])[:1]
    result = outputs[0] if isinstance(outputs[0], str) else outputs[0][0]
    if pictures and pictures == _sizes(tensors[result])[:1] == arguments[name][:1]:
        return {**arguments, name: [BATCH, *arguments[name][1:]]}
    return arguments


def _result(output: dict[str, Any]) -> str | tuple[str, ...]:
    (kind, value), *_ = output.items()
    if kind == "as_tensors":
        return tuple(item["name"] for item in value)
    return value["as_name"] if kind == "as_sym_int" else value["name"]


def _argument(argument: dict[str, Any]) -> Any:
    (kind, value), *_ = argument.items()
    if kind not in _ARGUMENTS:
        raise Unsupported(f"it uses an argument of the kind {str(kind)[:40]}")
    return _ARGUMENTS[kind](value)


def _number(value: Any) -> int | float | bool:
    """JSON has no infinity, so the file writes it as text."""
    if isinstance(value, str):
        return float(value)
    if not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_PATH:
        raise TypeError("not a short text")
    return value


def _numbers(values: Any) -> list[int | float | bool]:
    return [_number(value) for value in values]


def _symbol(value: dict[str, Any]) -> Any:
    return Ref(_text(value["as_name"])) if "as_name" in value else _number(value["as_int"])


def _scalar_type(value: Any) -> Any:
    if SCALAR_TYPES.get(value) != "float32":
        raise Unsupported("it computes with a number type other than float32")
    return None


def _tensor(value: dict[str, Any]) -> Ref:
    return Ref(_text(value["name"]))


_ARGUMENTS = {
    "as_none": lambda value: None,
    "as_tensor": _tensor,
    "as_tensors": lambda values: [_tensor(value) for value in values],
    "as_int": _number,
    "as_float": _number,
    "as_bool": bool,
    "as_string": _text,
    "as_ints": _numbers,
    "as_floats": _numbers,
    "as_bools": _numbers,
    "as_sym_int": _symbol,
    "as_sym_ints": lambda values: [_symbol(value) for value in values],
    "as_scalar_type": _scalar_type,
}


def _place(stack: str) -> tuple[str, str]:
    """Path and call of the innermost module in "key,path,type;key,path,type"."""
    key, path, *_ = [*_text_or_empty(stack).rsplit(";", 1)[-1].split(","), "", ""]
    named = len(path) <= LONGEST_PATH and all(
        part.replace("-", "_").isidentifier() or part.isdigit() for part in path.split(".")
    )
    return (path, key) if named else ("", "")


def _text_or_empty(value: Any) -> str:
    return value if isinstance(value, str) else ""
