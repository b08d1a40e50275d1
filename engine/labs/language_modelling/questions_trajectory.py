"""Ask any point of a trajectory: which units put the state there, along each principal component."""

from __future__ import annotations

import math

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import factor, number, taken
from engine.explain.state_space import StateSpace
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.insight import Insight
from engine.labs.language_modelling.question_words import name_first, quoted
from engine.labs.language_modelling.reference import waypoints

LARGEST = 4
"""Units of a coordinate that are written out, those that add most to it."""


def of_point(bench: Bench, insight: Insight, cell: str, by: str, index: tuple[int, ...]) -> Answer | None:
    """A point of a path, index (path, point): the kept sentences in their order, then the one on the line."""
    found = next((each for each in insight.trajectories(by) if each.cell == cell), None)
    path, point = index
    if found is None or not 0 <= path <= len(found.pinned):
        return None
    is_kept = path < len(found.pinned)
    reading = bench.reading(cell)
    text, points, labels = found.pinned[path] if is_kept else (reading.text, found.points, found.labels)
    if not 0 <= point < len(points):
        return None
    place = int(waypoints(text, by)[0][point])
    state = insight.kept(text, cell)[place] if is_kept else reading.trace.layers[-1].h[reading.steps[place]]
    of = f" of the kept sentence {quoted(text)}" if is_kept else ""
    return Answer(
        f"{name_first(cell)} · state after “{labels[point]}”{of}",
        f"The hidden state h, {len(state)} numbers, seen along the principal components of its movement "
        "through the reference text: a coordinate sums each unit’s distance from its mean there, times its "
        "loading. The value is how far it lies from the mean state in these axes.",
        float(np.linalg.norm(points[point])),
        (len(points),),
        _steps(insight.reference.spaces[cell, by], state.astype(np.float64)),
    )


def _steps(space: StateSpace, state: np.ndarray) -> tuple[Step, ...]:
    products = space.products(state)
    axes = tuple(_axis(space, state, products[axis], axis) for axis in range(len(products)))
    return (*axes, _distance(space, state, [step.lines[-1].value for step in axes]))


def _axis(space: StateSpace, state: np.ndarray, products: np.ndarray, axis: int) -> Step:
    """One coordinate: the largest products by unit, and the others summed."""
    order = np.argsort(-np.abs(products), kind="stable")
    lines = [_product(space, state, products, axis, unit) for unit in order[:LARGEST].tolist()]
    others = products[order[LARGEST:]]
    if len(others):
        lines.append(Line(f"and {len(others)} more", "summed", float(others.sum())))
    coordinate = Line(f"PC {axis + 1}", f"{len(products)} products summed", float(products.sum()))
    share = f"{100 * space.share[axis]:.1f} % of the variance"
    return Step(f"PC {axis + 1}", share, (*lines, coordinate))


def _product(space: StateSpace, state: np.ndarray, products: np.ndarray, axis: int, unit: int) -> Line:
    h, mean, loading = float(state[unit]), float(space.mean[unit]), float(space.axes[axis, unit])
    return Line(f"unit {unit}", f"({number(h)} {taken(mean)}) × {factor(loading)}", float(products[unit]))


def _distance(space: StateSpace, state: np.ndarray, coordinates: list[float]) -> Step:
    """How far from the mean the state is, and how much of that the axes show."""
    whole = float(np.linalg.norm(state - space.mean))
    seen = math.hypot(*coordinates)
    squares = " + ".join(f"{factor(each)}²" for each in coordinates)
    return Step(
        "hidden state",
        "distance from the mean state",
        (
            Line("in all units", f"‖h − mean‖ over {len(state)} units", whole),
            Line("of it in these axes", f"{number(seen)} / {number(whole)}", seen / whole if whole else 0.0),
            Line("in these axes", f"√({squares})", seen),
        ),
    )
