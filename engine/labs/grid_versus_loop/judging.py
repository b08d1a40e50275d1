"""Rules that judge a claim by numbers: what must be how much larger for a textbook to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.labs.grid_versus_loop.finding_words import joined, percent, points
from engine.labs.grid_versus_loop.growth import microseconds

Verdict = Literal["agrees", "disagrees", "open"]

CLEAR = 0.03
"""Accuracies closer than this are no difference that one run can show."""
LOST = 0.1
"""An accuracy that falls by so much has suffered."""
FASTER = 1.25
"""Times that differ by less than this factor are alike."""
LOOPS, GRIDS = ("rnn", "gru", "lstm"), ("cnn", "dilated-cnn")
TITLES = {
    "logistic": "logistic regression",
    "mlp": "MLP",
    "cnn": "CNN",
    "dilated-cnn": "dilated CNN",
    "rnn": "vanilla RNN",
    "gru": "GRU",
    "lstm": "LSTM",
    "cnn+gru": "CNN + GRU",
}


@dataclass(frozen=True)
class Judged:
    """What was measured, and what that says of the claim."""

    measured: str
    verdict: Verdict


class Facts:
    """Numbers of one experiment. A rule that asks for one that is not there raises KeyError."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self._numbers = numbers

    def of(self, name: str, key: str) -> float:
        """One network's number."""
        return self._numbers[f"{name}.{key}"]

    def line(self, path: str) -> list[float]:
        """A list of numbers as far as it goes. KeyError where it has none."""
        found: list[float] = []
        while (value := self._numbers.get(f"{path}.{len(found)}")) is not None:
            found.append(value)
        if not found:
            raise KeyError(path)
        return found

    def need_complete_exchange(self) -> None:
        """KeyError unless the twins learned from nothing but completely exchanged positions."""
        if self.number("window") < self.line("windows")[-1] or self.number("exchanged_since"):
            raise KeyError("window")

    def number(self, path: str) -> float:
        """A number of the whole experiment. KeyError where there is none."""
        return self._numbers[path]

    def best(self, names: Sequence[str], key: str, least: bool = False) -> str:
        """The one of those that took part whose number is largest, or `least`. KeyError where none did."""
        there = [name for name in names if f"{name}.{key}" in self._numbers]
        if not there:
            raise KeyError(key)
        return (min if least else max)(there, key=lambda name: self.of(name, key))

    def there(self, names: Sequence[str], key: str) -> list[str]:
        """Those that have such a number, or a list of them. KeyError where none has."""
        found = [name for name in names if {f"{name}.{key}", f"{name}.{key}.0"} & set(self._numbers)]
        if not found:
            raise KeyError(key)
        return found


Rule = Callable[[Facts], Judged]


def more_accurate(names: Sequence[str], than: Sequence[str]) -> Rule:
    """The best of some is clearly more accurate than the best of others."""

    def judge(facts: Facts) -> Judged:
        key = "accuracy"
        one, other = facts.best(names, key), facts.best(than, key)
        difference = facts.of(one, key) - facts.of(other, key)
        told = f"{_share(facts, one, key)}, {_share(facts, other, key)}"
        return Judged(told, _sided(difference, CLEAR))

    return judge


def suffers_from_shuffling(names: Sequence[str]) -> Rule:
    """The best of some learns exchanged positions clearly worse."""

    def judge(facts: Facts) -> Judged:
        facts.need_complete_exchange()
        name = facts.best(names, "accuracy")
        lost = facts.of(name, "accuracy") - facts.of(name, "accuracy_shuffled")
        verdict: Verdict = "agrees" if lost >= LOST else "disagrees" if lost <= CLEAR else "open"
        return Judged(_turned(facts, name), verdict)

    return judge


def ignores_shuffling(name: str) -> Rule:
    """It learns exchanged positions as well."""

    def judge(facts: Facts) -> Judged:
        facts.need_complete_exchange()
        lost = abs(facts.of(name, "accuracy") - facts.of(name, "accuracy_shuffled"))
        verdict: Verdict = "agrees" if lost <= CLEAR else "disagrees" if lost >= LOST else "open"
        return Judged(_turned(facts, name), verdict)

    return judge


def ends_with_its_field(name: str) -> Rule:
    """It solves no lag outside its receptive field, and was asked about one."""

    def judge(facts: Facts) -> Judged:
        longest, field = _longest(facts, name), facts.of(name, "receptive_field")
        tried = facts.line("lags")[: len(facts.line(f"{name}.accuracy_by_lag"))]
        outside = [lag for lag in tried if lag >= field]
        told = f"the {TITLES[name]} sees {field:.0f} steps, finds the answer {longest:.0f} back"
        told += f" and not {outside[0]:.0f}" if outside and longest < outside[0] else ""
        return Judged(told, "disagrees" if longest >= field else "agrees" if outside else "open")

    return judge


def reaches_every_lag(names: Sequence[str]) -> Rule:
    """The best of some solves the longest lag that there was."""

    def judge(facts: Facts) -> Judged:
        name = _furthest(facts, names)
        longest, last = _longest(facts, name), facts.line("lags")[-1]
        told = f"{TITLES[name]} {longest:.0f} steps back, of {last:.0f} asked"
        return Judged(told, "agrees" if longest >= last else "disagrees")

    return judge


def looks_further(names: Sequence[str], than: Sequence[str]) -> Rule:
    """The best of some solves a longer lag than the best of others."""

    def judge(facts: Facts) -> Judged:
        one, other = _furthest(facts, names), _furthest(facts, than)
        reached = _longest(facts, one), _longest(facts, other)
        told = f"{TITLES[one]} {reached[0]:.0f} steps back, {TITLES[other]} {reached[1]:.0f}"
        return Judged(told, _sided(reached[0] - reached[1], 0.5))

    return judge


def grows_with_length(loops: Sequence[str], grids: Sequence[str]) -> Rule:
    """Steps that wait for one another grow as the length does in a loop, and not at all in a convolution."""

    def judge(facts: Facts) -> Judged:
        key, lengths = "sequential_steps_by_length", facts.line("lengths")
        ratios = {
            name: _growth(facts.line(f"{name}.{key}"))
            for name in (*facts.there(loops, key), *facts.there(grids, key)[:1])
        }
        told = joined([f"{TITLES[name]} {ratio:.3g}" for name, ratio in ratios.items()])
        longer = lengths[-1] / lengths[0]
        loop = min(ratio for name, ratio in ratios.items() if name in loops)
        grid = max(ratio for name, ratio in ratios.items() if name in grids)
        holds = loop >= longer / 2 and grid <= 1
        return Judged(f"{longer:.0f} times the length, times the steps in a row: {told}", _yes(holds))

    return judge


def costs_less_per_position(names: Sequence[str], than: Sequence[str]) -> Rule:
    """The cheapest of some takes clearly less time for one more position than the cheapest of others."""

    def judge(facts: Facts) -> Judged:
        key = "microseconds_per_position"
        one, other = facts.best(names, key, least=True), facts.best(than, key, least=True)
        times = max(facts.of(one, key), 0.0), max(facts.of(other, key), 0.0)
        told = f"{TITLES[one]} {microseconds(times[0])}, {TITLES[other]} {microseconds(times[1])}"
        verdict: Verdict = (
            "agrees"
            if times[0] * FASTER < times[1]
            else "disagrees"
            if times[1] * FASTER < times[0]
            else "open"
        )
        return Judged(told, verdict)

    return judge


def shares_weights(names: Sequence[str]) -> Rule:
    """A longer sequence needs not a single parameter more."""

    def judge(facts: Facts) -> Judged:
        key = "parameters_by_length"
        ratios = {name: _growth(facts.line(f"{name}.{key}")) for name in facts.there(names, key)}
        longer = _growth(facts.line("lengths"))
        told = joined([f"{TITLES[name]} {ratio:.3g}" for name, ratio in ratios.items()])
        holds = all(ratio == 1 for ratio in ratios.values())
        return Judged(f"{longer:.0f} times the length, times the parameters: {told}", _yes(holds))

    return judge


def survives_moving(name: str) -> Rule:
    """It knows a pattern as well where it is moved as far as it was tried."""

    def judge(facts: Facts) -> Judged:
        here, moved, furthest = _moved(facts, name)
        lost = here - moved
        told = f"{TITLES[name]} {percent(here)} in place, {percent(moved)} moved by {furthest:.0f}"
        return Judged(told, "agrees" if lost <= CLEAR else "disagrees" if lost >= LOST else "open")

    return judge


def loses_less_by_moving(name: str, than: str) -> Rule:
    """Moving the pattern costs it clearly less accuracy than another."""

    def judge(facts: Facts) -> Judged:
        lost = [here - moved for here, moved, _ in (_moved(facts, each) for each in (name, than))]
        told = f"{TITLES[name]} loses {points(lost[0])}, {TITLES[than]} {points(lost[1])}"
        return Judged(told, _sided(lost[1] - lost[0], CLEAR))

    return judge


def _moved(facts: Facts, name: str) -> tuple[float, float, float]:
    """Accuracy in place, the mean of both furthest shifts, and how far these are."""
    shifts, accuracy = facts.line("shifts"), facts.line(f"{name}.accuracy_by_shift")
    if len(accuracy) < len(shifts):
        raise KeyError(name)
    return accuracy[shifts.index(0)], (accuracy[0] + accuracy[-1]) / 2, max(shifts)


def _longest(facts: Facts, name: str) -> float:
    """The longest lag solved, 0 where it solved none. KeyError where it was tried at none."""
    facts.line(f"{name}.accuracy_by_lag")
    try:
        return facts.of(name, "longest_lag_solved")
    except KeyError:
        return 0.0


def _furthest(facts: Facts, names: Sequence[str]) -> str:
    there = facts.there(names, "accuracy_by_lag")
    return max(there, key=lambda name: _longest(facts, name))


def _growth(values: Sequence[float]) -> float:
    return values[-1] / values[0]


def _share(facts: Facts, name: str, key: str) -> str:
    return f"{TITLES[name]} {percent(facts.of(name, key))}"


def _turned(facts: Facts, name: str) -> str:
    exchanged = percent(facts.of(name, "accuracy_shuffled"))
    return f"{_share(facts, name, 'accuracy')} in order, {exchanged} exchanged"


def _sided(difference: float, least: float) -> Verdict:
    """Whether a difference is large enough to say something, and for whom."""
    return "agrees" if difference > least else "disagrees" if difference < -least else "open"


def _yes(holds: bool) -> Verdict:
    return "agrees" if holds else "disagrees"
