"""The report's pictures: a chart for everything that an experiment shows as curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from engine.explain.svg_chart import Axis, Curve, Rule, bar_chart, line_chart
from engine.labs.grid_versus_loop.report_colours import DASHED, INK, colour_of
from engine.labs.grid_versus_loop.snapshot import Contestant, Costs, Counted, Moved, Remembered, Shuffled

SHARE = Axis("accuracy", low=0.0, high=1.0)


def charts_of(seen: Mapping[str, Any]) -> tuple[str, ...]:
    """The `<svg>` elements for what `Experiment.see` returned, in the order in which they are read."""
    titles = {one.name: one.title for one in seen.get("counted", ())}
    found: list[str] = []
    if contestants := seen.get("contestants"):
        found += _learning(contestants, float(seen.get("chance", 0.0)))
    if (shuffled := seen.get("shuffled")) is not None:
        found.append(_windows(shuffled, titles))
    if (moved := seen.get("moved")) is not None:
        found += _moved(moved, titles, seen.get("positions", "position"))
    if (remembered := seen.get("remembered")) is not None:
        found += _memory(remembered, titles)
    if (costs := seen.get("costs")) is not None:
        found += _costs(costs, titles)
    found += _counted(seen.get("counted", ()))
    return tuple(chart for chart in found if chart)


def _learning(contestants: Sequence[Contestant], chance: float) -> Iterator[str]:
    curves = [
        Curve(
            one.counted.title + (", exchanged" if one.is_shuffled else ""),
            one.test_steps,
            one.test_accuracy,
            colour_of(one.counted.name),
            DASHED if one.is_shuffled else "",
        )
        for one in contestants
    ]
    rules = [Rule(chance, "guessing", INK.muted)] if chance else []
    yield line_chart("Accuracy on what was never learned from", curves, Axis("updates"), SHARE, INK, rules)


def _windows(seen: Shuffled, titles: Mapping[str, str]) -> str:
    across = Axis("positions exchanged within windows of", is_log=True)
    return line_chart(
        "Learned in order, asked about exchanged positions",
        _curves(np.array(seen.windows), seen.sweep, titles),
        across,
        SHARE,
        INK,
    )


def _moved(seen: Moved, titles: Mapping[str, str], positions: str) -> Iterator[str]:
    for title, label, places, accuracy in (
        ("Patterns moved", f"{positions}s to the right", seen.shifts, seen.shift_accuracy),
        ("Patterns stretched", "times as long", seen.stretches, seen.stretch_accuracy),
        ("Patterns cut short", "share of the sequence that is read", seen.cuts, seen.cut_accuracy),
    ):
        yield line_chart(title, _curves(places, accuracy, titles), Axis(label), SHARE, INK)


def _memory(seen: Remembered, titles: Mapping[str, str]) -> Iterator[str]:
    lags = np.array(seen.lags, np.float64)
    curves = [
        Curve(titles[name], lags[: len(found)], np.array(found), colour_of(name), has_marks=True)
        for name, found in seen.accuracy.items()
    ]
    across = Axis("steps back", is_log=True, low=float(lags[0]), high=float(max(lags[-1], 2 * lags[0])))
    rules = [
        Rule(seen.chance, "guessing", INK.muted),
        Rule(seen.solved, "solved", INK.muted),
        *(
            Rule(field - 1.0, f"{titles[name]}: sees {field} steps", colour_of(name), is_upright=True)
            for name, field in seen.fields.items()
            if field is not None
        ),
    ]
    yield line_chart("How far back the answer is found", curves, across, SHARE, INK, rules)
    curves = [
        Curve(
            f"{titles[name]}, at {seen.influence_at[name]}", seen.influence_lags + 1.0, found, colour_of(name)
        )
        for name, found in seen.influence.items()
    ]
    across, upward = (
        Axis("steps read, the last one included", is_log=True),
        Axis("influence, of its largest", low=0.0),
    )
    yield line_chart("What moves the answer, at the longest lag solved", curves, across, upward, INK)


def _costs(seen: Costs, titles: Mapping[str, str]) -> Iterator[str]:
    for title, label, places, times in (
        (f"Forwards, width {seen.width}", "positions", seen.lengths, seen.forward_by_length),
        (f"Backwards, width {seen.width}", "positions", seen.lengths, seen.backward_by_length),
        (f"Forwards, {seen.length} positions", "width", seen.widths, seen.forward_by_width),
        (f"Backwards, {seen.length} positions", "width", seen.widths, seen.backward_by_width),
    ):
        across, upward = Axis(label, is_log=True), Axis("milliseconds", is_log=True)
        curves = _curves(places, times, titles, has_marks=True)
        yield line_chart(f"{title}, batches of {seen.batch}", curves, across, upward, INK)


def _counted(counted: Sequence[Counted]) -> Iterator[str]:
    if counted:
        names, colours = [one.title for one in counted], [colour_of(one.name) for one in counted]
        steps = [float(one.sequential_steps) for one in counted]
        yield bar_chart("Operations that wait for one another", names, steps, colours, INK)


def _curves(
    x: np.ndarray, found: Mapping[str, np.ndarray], titles: Mapping[str, str], *, has_marks: bool = False
) -> list[Curve]:
    return [
        Curve(titles.get(name, name), x, y, colour_of(name), has_marks=has_marks) for name, y in found.items()
    ]
