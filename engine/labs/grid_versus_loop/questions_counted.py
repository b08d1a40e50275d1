"""Ask a network's parameters, multiply-adds or sequential steps: what they add up from, layer by layer."""

from __future__ import annotations

from engine.ask import Answer, Line, Step
from engine.labs.grid_versus_loop.snapshot import Counted

_MEANING = {
    "parameters": "All numbers that are learned.",
    "multiply_adds": "Products that are summed up to read one sequence, forwards.",
    "activations_kept": "Numbers that have to be kept for the backward pass of one sequence.",
    "sequential_steps": "The longest chain of operations of which each needs the result of the one before: "
    "what no second processor makes faster.",
    "receptive_field": "How many positions of the input one value of the last layer can depend on.",
}
COLUMNS = tuple(_MEANING)
"""Of the table of what each network is, in order."""


def answer_about_counted(counted: Counted, column: int) -> Answer | None:
    """What a count of a network adds up from; None for a column that there is none of."""
    if not 0 <= column < len(COLUMNS):
        return None
    name = COLUMNS[column]
    found = getattr(counted, name)
    if found is None:
        return None
    said = name.replace("_", "-" if name == "multiply_adds" else " ")
    return Answer(
        f"{counted.title} · {said}",
        _MEANING[name],
        float(found),
        (),
        (Step(counted.title, "counted layer by layer", _lines(counted, name, said, float(found))),),
    )


def _lines(counted: Counted, name: str, said: str, total: float) -> tuple[Line, ...]:
    if name in ("parameters", "multiply_adds"):
        parts = [(layer.name, layer.kind, getattr(layer, name)) for layer in counted.layers]
        lines = [Line(layer, kind, float(value)) for layer, kind, value in parts if value]
        return (*lines, Line(said, "the sum of these", total))
    if name == "sequential_steps":
        lines = [
            Line(layer.name, f"{layer.repeats} times, one after the other", float(layer.repeats))
            for layer in counted.layers
            if layer.repeats
        ]
        return (*lines, Line(said, "the sum of these", total))
    return (Line(said, "from kernels, strides and lengths", total),)
