"""Charts of curves and bars as SVG, for pages that are read without this program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 720, 300
"""Of a chart, in its own units; it is shown at any size."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 190, 34, 46
_FONT = 'font-family="system-ui, sans-serif"'
_TICKS = 5
_BAR, _GAP, _NAMES = 18, 8, 190


@dataclass(frozen=True)
class Ink:
    """The colours of everything that is no curve."""

    text: str
    muted: str
    line: str
    ground: str


@dataclass(frozen=True, eq=False)
class Curve:
    """One line: x and y (N,), broken where a value is no number."""

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    dashes: str = ""
    """As `stroke-dasharray` has them."""
    has_marks: bool = False
    """Whether each point is drawn, as for a few measurements."""


@dataclass(frozen=True)
class Axis:
    """One direction of a chart; without limits they are those of the curves."""

    label: str
    is_log: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Rule:
    """A line across the chart: a limit, a chance level."""

    value: float
    label: str
    colour: str
    is_upright: bool = False
    """At a value of x; else of y."""


@dataclass(frozen=True)
class _Scale:
    """Values to places along one direction of the picture."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool

    def at(self, value: float) -> float:
        """Where a value stands; outside the limits it is left where it would be."""
        low, high, here = (math.log10(v) if self.is_log else v for v in (self.low, self.high, value))
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def can_show(self, value: float) -> bool:
        """Whether a value has a place within the limits."""
        if not math.isfinite(value) or (self.is_log and value <= 0):
            return False
        slack = 1e-9 * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack


def line_chart(
    title: str, curves: Sequence[Curve], x: Axis, y: Axis, ink: Ink, rules: Sequence[Rule] = ()
) -> str:
    """An `<svg>` element with axes, curves and a legend; "" where no curve has a single point to show.

    All text is escaped. On a logarithmic axis values from 0 down have no place and break a curve.
    """
    across = _scale(x, [curve.x for curve in curves], _LEFT, WIDTH - _RIGHT)
    upward = _scale(y, [curve.y for curve in curves], HEIGHT - _BOTTOM, _TOP)
    if across is None or upward is None:
        return ""
    parts = [
        *_ticks_across(across, ink),
        *_ticks_upward(upward, ink),
        *_labels(title, x.label, y.label, ink),
        *(part for rule in rules for part in _rule(rule, across, upward)),
        *(part for curve in curves for part in _curve(curve, across, upward)),
        *(part for place, curve in enumerate(curves) for part in _legend(place, curve, ink)),
    ]
    return _picture(title, HEIGHT, parts, ink)


def bar_chart(
    title: str, names: Sequence[str], values: Sequence[float], colours: Sequence[str], ink: Ink
) -> str:
    """An `<svg>` element with a bar from 0 on for each name, and its value behind it; "" where there is none.

    Values below 0 and those that are no number have no bar.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    largest = max([*known, 0.0]) or 1.0
    scale = (WIDTH - _NAMES - 80) / largest
    parts = _labels(title, "", "", ink)
    for place, (name, value, colour) in enumerate(zip(names, values, colours, strict=True)):
        top = _TOP + place * (_BAR + _GAP)
        length = max(value, 0.0) * scale if math.isfinite(value) else 0.0
        middle = top + _BAR - 4
        told = tick_text(value) if math.isfinite(value) else "not measured"
        parts += [
            _text(_NAMES - 8, middle, name, ink.text, "end"),
            f'<rect x="{_NAMES}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="{escape(colour)}"/>',
            _text(_NAMES + length + 6, middle, told, ink.muted, "start"),
        ]
    return _picture(title, _TOP + len(names) * (_BAR + _GAP) + _GAP, parts, ink)


def tick_text(value: float) -> str:
    """A number beside an axis: "0.25", "1,024", "2e−5"."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2g}".replace("e-0", "e−").replace("e-", "e−").replace("e+0", "e").replace("-", "−")
    return f"{value:,.4g}".replace("-", "−") if abs(value) < 1e3 else f"{value:,.0f}".replace("-", "−")


def _scale(axis: Axis, values: Sequence[np.ndarray], start: float, end: float) -> _Scale | None:
    """None where there is nothing to be shown."""
    given = [np.asarray(each, np.float64) for each in values] or [np.empty(0)]
    known = np.concatenate([each[np.isfinite(each) & ((each > 0) | (not axis.is_log))] for each in given])
    if not known.size:
        return None
    low = float(known.min()) if axis.low is None else axis.low
    high = float(known.max()) if axis.high is None else axis.high
    if low >= high:
        low, high = (low / 2, high * 2) if axis.is_log else (low - 0.5, high + 0.5)
    return _Scale(low, high, start, end, axis.is_log)


def _ticks(scale: _Scale) -> list[float]:
    """Round values within the limits, some four to eight of them."""
    if scale.is_log:
        first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
        powers = [10.0**power for power in range(first, last + 1, max(1, (last - first) // 6))]
        few = last - first <= 3
        found = [base * power for power in powers for base in ((1, 2, 5) if few else (1,))]
    else:
        rough = (scale.high - scale.low) / _TICKS
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
        found = [
            place * step for place in range(math.ceil(scale.low / step), math.floor(scale.high / step) + 1)
        ]
    return [value for value in found if scale.can_show(value)]


def _ticks_across(scale: _Scale, ink: Ink) -> list[str]:
    parts, bottom = (
        [_line(_LEFT, HEIGHT - _BOTTOM, WIDTH - _RIGHT, HEIGHT - _BOTTOM, ink.muted)],
        HEIGHT - _BOTTOM,
    )
    for value in _ticks(scale):
        place = scale.at(value)
        parts.append(_line(place, bottom, place, bottom + 4, ink.muted))
        parts.append(_text(place, bottom + 17, tick_text(value), ink.muted, "middle"))
    return parts


def _ticks_upward(scale: _Scale, ink: Ink) -> list[str]:
    parts = []
    for value in _ticks(scale):
        place = scale.at(value)
        parts.append(_line(_LEFT, place, WIDTH - _RIGHT, place, ink.line))
        parts.append(_text(_LEFT - 6, place + 4, tick_text(value), ink.muted, "end"))
    return parts


def _labels(title: str, across: str, upward: str, ink: Ink) -> list[str]:
    parts = [_text(0, 16, title, ink.text, "start", size=14)]
    if across:
        parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, across, ink.text, "middle"))
    if upward:
        middle = (_TOP + HEIGHT - _BOTTOM) / 2
        turned = f'transform="rotate(-90 14 {middle:.1f})"'
        parts.append(_text(14, middle, upward, ink.text, "middle", more=turned))
    return parts


def _rule(rule: Rule, across: _Scale, upward: _Scale) -> list[str]:
    scale = across if rule.is_upright else upward
    if not scale.can_show(rule.value):
        return []
    place, dashes = scale.at(rule.value), 'stroke-dasharray="2 4"'
    if rule.is_upright:
        return [
            _line(place, _TOP, place, HEIGHT - _BOTTOM, rule.colour, dashes),
            _text(place + 4, _TOP + 10, rule.label, rule.colour, "start", size=11),
        ]
    return [
        _line(_LEFT, place, WIDTH - _RIGHT, place, rule.colour, dashes),
        _text(WIDTH - _RIGHT - 4, place - 4, rule.label, rule.colour, "end", size=11),
    ]


def _curve(curve: Curve, across: _Scale, upward: _Scale) -> list[str]:
    """One path, which begins anew behind a value that has no place, and the marks."""
    path, places, is_begun = [], [], False
    for x, y in zip(curve.x, curve.y, strict=True):
        if not (across.can_show(float(x)) and upward.can_show(float(y))):
            is_begun = False
            continue
        place = across.at(float(x)), upward.at(float(y))
        path.append(f"{'L' if is_begun else 'M'}{place[0]:.1f} {place[1]:.1f}")
        places.append(place)
        is_begun = True
    if not path:
        return []
    colour = escape(curve.colour)
    dashes = f' stroke-dasharray="{escape(curve.dashes)}"' if curve.dashes else ""
    parts = [f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>']
    if curve.has_marks or len(places) == 1:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return parts


def _legend(place: int, curve: Curve, ink: Ink) -> list[str]:
    left, middle = WIDTH - _RIGHT + 14, _TOP + 10 + 18 * place
    dashes = f'stroke-dasharray="{escape(curve.dashes)}"' if curve.dashes else ""
    return [
        _line(left, middle, left + 22, middle, curve.colour, dashes, 2),
        _text(left + 28, middle + 4, curve.name, ink.text, "start"),
    ]


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "", width: float = 1
) -> str:  # the four ends, as SVG names them
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{escape(colour)}" stroke-width="{width:g}" {more}/>'


def _text(x: float, y: float, text: str, colour: str, anchor: str, size: int = 12, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{escape(colour)}" {_FONT} {more}>{escape(text)}</text>'


def _picture(title: str, height: float, parts: Sequence[str], ink: Ink) -> str:
    """The element, with its title for those who cannot see it."""
    said, box = escape(title), f"0 0 {WIDTH} {height}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" aria-label="{said}">'
        f'<title>{said}</title><rect width="{WIDTH}" height="{height}" fill="{escape(ink.ground)}"/>'
        f"{''.join(parts)}</svg>"
    )
