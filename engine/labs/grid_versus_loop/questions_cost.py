"""Ask what a pass cost at one length or width: which measurements its median is of."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from engine.ask import Answer, Cell, Line, Step
from engine.explain.arithmetic_format import number
from engine.labs.grid_versus_loop.questions_counted import answer_about_counted

if TYPE_CHECKING:
    from engine.labs.grid_versus_loop.cost import Cost

_MEANING = {
    "forward": "reading a batch and finding the loss, keeping what the pass backwards needs",
    "backward": "finding how the loss depends on every weight",
}


def answer_about_cost(cost: Cost, cell: Cell) -> Answer | None:
    """Cells: ("forward-length-NAME", place), "backward-length-", "forward-width-", "backward-width-NAME", and
    ("counted-NAME", column). None for others, and where nothing was measured yet.
    """
    if len(cell.index) != 1:
        return None
    direction, _, rest = cell.array.partition("-")
    if direction == "counted":
        known = {one.name: one for one in cost.counted}
        return answer_about_counted(known[rest], cell.index[0]) if rest in known else None
    axis, _, name = rest.partition("-")
    if name not in cost.networks or direction not in _MEANING or axis not in ("length", "width"):
        return None
    points = cost.along("length" if axis == "length" else "width")
    if not 0 <= cell.index[0] < len(points):
        return None
    return _of_time(cost, name, points[cell.index[0]], "forward" if direction == "forward" else "backward")


def _of_time(cost: Cost, name: str, point: tuple[int, int], direction: str) -> Answer | None:
    times = cost.times(name, point, "forward" if direction == "forward" else "backward")
    if not times:
        return None
    counted, value = cost.counted_at(name, point), median(times)
    title = counted.title
    lines = [
        Line(f"measurement {place}", f"{number(time)} ms", time) for place, time in enumerate(times, start=1)
    ]
    lines.append(Line("milliseconds", f"the median of {len(times)}", value))
    chain = f"{counted.sequential_steps:,} steps one after the other"
    return Answer(
        f"{title} · pass {direction}s, {point[0]:,} positions, width {point[1]}",
        f"Milliseconds for {_MEANING[direction]}, of {cost.batch} sequences on this machine, now. Forwards "
        f"it is {counted.multiply_adds:,} multiply-adds a sequence and {chain}.",
        value,
        (len(cost.along("length")),),
        (Step(title, "measured", tuple(lines)),),
    )
