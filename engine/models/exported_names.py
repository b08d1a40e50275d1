"""Names for an exported program's layers: the dotted paths they had in their own code, each used once."""

from __future__ import annotations

from collections import defaultdict

from torch import nn

from engine.models.exported_program import Node, Program, Ref
from engine.models.operators import base_name


def layer_names(program: Program) -> dict[int, str]:
    """A name for every node, by `id(node)`.

    The operator that a module consists of gets the module's own name ("stem.conv"), the rest of a
    module's operators get theirs beside it ("block.add"); the second call of a module becomes
    "block.act_2".
    """
    paths = {node.path: _safe(node.path) for node in program.nodes}
    insides = {prefix for path in paths.values() for prefix in _prefixes(path)}
    calls: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in program.nodes:
        calls[paths[node.path], node.call].append(node)
    wanted = {}
    for (path, _), nodes in calls.items():
        main = _main(nodes, program) if path and path not in insides else None
        for node in nodes:
            wanted[id(node)] = (
                path if node is main else _beside(path, base_name(node.target), path in insides)
            )
    taken = set(insides)
    return {id(node): _unique(wanted[id(node)], taken) for node in program.nodes}


def _safe(path: str) -> str:
    """The path with an underscore after every part that a module already has a meaning for."""
    return ".".join(f"{part}_" if part in _TAKEN else part for part in path.split("."))


def _prefixes(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _main(nodes: list[Node], program: Program) -> Node:
    """The operator that a module is about: the first that uses weights, or its only or last one."""
    weighted = (
        n for n in nodes for v in n.arguments.values() if isinstance(v, Ref) and v.name in program.states
    )
    return next(weighted, nodes[-1])


def _beside(path: str, operation: str, inside: bool) -> str:
    """In the module, where that is a block of layers; next to it, where it is a layer."""
    parent = path if inside else path.rpartition(".")[0]
    return f"{parent}.{operation}" if parent else operation


def _unique(name: str, taken: set[str]) -> str:
    parent, dot, own = name.rpartition(".")
    candidate, count = f"{parent}{dot}{_safe(own)}", 1
    while candidate in taken:
        count += 1
        candidate = f"{parent}{dot}{own}_{count}"
    taken.add(candidate)
    return candidate


_TAKEN = frozenset(dir(nn.Module())) | {"one_at_a_time", "classes", "_steps", "_input", "_output"}
