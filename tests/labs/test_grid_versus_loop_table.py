"""The table of claims: every verdict follows its numbers, and made-up numbers turn it round."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from engine.lab import silent
from engine.labs.grid_versus_loop import judging
from engine.labs.grid_versus_loop.config import EXPERIMENTS, GridVersusLoopConfig
from engine.labs.grid_versus_loop.experiment import Experiment, numbers_of
from engine.labs.grid_versus_loop.judging import Facts
from engine.labs.grid_versus_loop.snapshot import Row
from engine.labs.grid_versus_loop.table import CLAIMS, table


class Told(Experiment):
    """An experiment that has found what it was told."""

    suits = ("cnn",)

    def __init__(self, found: Mapping[str, Any], *, done: int = 10) -> None:
        super().__init__(GridVersusLoopConfig(), torch.device("cpu"), silent)
        self.found, self.done, self.asked = found, done, 0

    @property
    def step_count(self) -> int:
        return self.done

    @property
    def total(self) -> int:
        return 10

    def result(self) -> dict[str, Any]:
        self.asked += 1
        return dict(self.found)


def models(**found: Mapping[str, Any]) -> dict[str, Any]:
    return {"models": {name.replace("_", "-").replace("plus", "+"): each for name, each in found.items()}}


def accuracies(key: str = "accuracy", **found: float) -> dict[str, Any]:
    return models(**{name: {key: each} for name, each in found.items()})


def remembered(longest: Mapping[str, int | None], lags: int = 5) -> dict[str, Any]:
    asked = [1, 2, 4, 8, 16, 32][:lags]
    found = {
        name: {"longest_lag_solved": far, "accuracy_by_lag": [0.5] * lags, "receptive_field": 9}
        for name, far in longest.items()
    }
    return {"models": found, "lags": asked}


def twins(name: str, first: float, other: float) -> dict[str, Any]:
    models = {name: {"accuracy": first, "accuracy_shuffled": other}}
    return {"models": models, "window": 40, "windows": [1, 20, 40], "exchanged_since": 0}


def grown(cnn: list[int], gru: list[int], key: str) -> dict[str, Any]:
    return {"models": {"cnn": {key: cnn}, "gru": {key: gru}}, "lengths": [16, 1024]}


def paces(cnn: float, gru: float) -> dict[str, Any]:
    return accuracies("microseconds_per_position", cnn=cnn, gru=gru)


def shifted(cnn: list[float], mlp: list[float]) -> dict[str, Any]:
    found = {"cnn": {"accuracy_by_shift": cnn}, "mlp": {"accuracy_by_shift": mlp}}
    return {"models": found, "shifts": [-12.0, 0.0, 12.0]}


CASES = [
    (
        "A CNN suits data with neighbours",
        accuracies(cnn=0.94, mlp=0.68),
        accuracies(cnn=0.6, mlp=0.68),
        accuracies(cnn=0.7, mlp=0.68),
    ),
    (
        "Time series",
        accuracies(gru=0.95, rnn=0.4, cnn=0.9),
        accuracies(gru=0.9, cnn=0.94),
        accuracies(gru=0.92, cnn=0.94),
    ),
    ("Pictures", accuracies(gru=0.9, cnn=0.95), accuracies(lstm=0.95, cnn=0.9), accuracies(gru=0.9, cnn=0.9)),
    ("Text", accuracies(gru=0.95, cnn=0.8), accuracies(gru=0.8, cnn=0.95), accuracies(gru=0.8, cnn=0.81)),
    (
        "A CNN knows what lies",
        remembered({"cnn": 8}),
        remembered({"cnn": 16}),
        remembered({"cnn": 8}, lags=4),
    ),
    ("A recurrent network keeps", remembered({"gru": 16, "rnn": 2}), remembered({"gru": 8}), None),
    (
        "Recurrent networks look",
        remembered({"gru": 16, "cnn": 8}),
        remembered({"gru": None, "cnn": 8}),
        remembered({"gru": 8, "cnn": 8}),
    ),
    (
        "A vanilla RNN forgets",
        remembered({"rnn": 2, "gru": 8}),
        remembered({"rnn": 8, "lstm": 4, "gru": 2}),
        remembered({"rnn": 8, "gru": 8}),
    ),
    ("A convolution lives", twins("cnn", 0.94, 0.56), twins("cnn", 0.94, 0.93), twins("cnn", 0.94, 0.88)),
    ("A recurrent network lives", twins("gru", 0.9, 0.57), twins("gru", 0.9, 0.9), twins("gru", 0.9, 0.85)),
    ("An MLP does not know", twins("mlp", 0.68, 0.67), twins("mlp", 0.68, 0.5), twins("mlp", 0.68, 0.62)),
    (
        "Grid and loop use",
        grown([9, 9], [5, 5], "parameters_by_length"),
        grown([9, 63], [5, 5], "parameters_by_length"),
        None,
    ),
    (
        "A loop takes",
        grown([4, 4], [17, 1025], "sequential_steps_by_length"),
        grown([4, 4], [17, 17], "sequential_steps_by_length"),
        None,
    ),
    ("One more position", paces(5.0, 90.0), paces(90.0, 5.0), paces(5.0, 5.5)),
    (
        "A CNN knows a pattern",
        shifted([0.9, 0.92, 0.9], [0.2, 0.6, 0.2]),
        shifted([0.3, 0.92, 0.5], [0.2, 0.6, 0.2]),
        shifted([0.85, 0.92, 0.87], [0.2, 0.6, 0.2]),
    ),
    (
        "A pattern that moves",
        shifted([0.8, 0.9, 0.8], [0.2, 0.6, 0.2]),
        shifted([0.3, 0.9, 0.3], [0.5, 0.6, 0.5]),
        shifted([0.8, 0.9, 0.8], [0.5, 0.6, 0.5]),
    ),
    (
        "A convolution that feeds",
        accuracies(cnnplusgru=0.95, cnn=0.8, gru=0.7),
        accuracies(cnnplusgru=0.7, cnn=0.9),
        accuracies(cnnplusgru=0.9, cnn=0.9),
    ),
]


def row_of(beginning: str, found: Mapping[str, Any], *, done: int = 10) -> Row:
    claim = next(each for each in CLAIMS if each.claim.startswith(beginning))
    rows = table({claim.experiment: Told(found, done=done)})
    return next(row for row in rows if row.claim == claim.claim)


@pytest.mark.parametrize(("beginning", "right", "wrong", "close"), CASES, ids=[case[0] for case in CASES])
def testnumbers_of_turn_a_verdict_round(
    beginning: str, right: dict[str, Any], wrong: dict[str, Any], close: dict[str, Any] | None
):
    assert row_of(beginning, right).verdict == "agrees"
    assert row_of(beginning, wrong).verdict == "disagrees"
    assert close is None or row_of(beginning, close).verdict == "open"


def test_every_claim_has_a_case_and_an_experiment_and_a_heading():
    assert len({claim.claim for claim in CLAIMS}) == len(CLAIMS) == len(CASES)
    assert all(any(claim.claim.startswith(case[0]) for case in CASES) for claim in CLAIMS)
    assert {claim.experiment for claim in CLAIMS} == set(EXPERIMENTS)
    headings = {"data", "memory", "architecture", "cost", "best uses", "limits"}
    assert {claim.about for claim in CLAIMS} == headings


def test_thenumbers_of_stand_beside_the_verdict():
    assert row_of("Time series", accuracies(gru=0.9, rnn=0.3, cnn=0.94)).measured == "GRU 90 %, CNN 94 %"
    assert row_of("A CNN knows what lies", remembered({"cnn": 8})).measured == (
        "the CNN sees 9 steps, finds the answer 8 back and not 16"
    )
    told = row_of("A loop takes", grown([4, 4], [17, 1025], "sequential_steps_by_length")).measured
    assert told == "64 times the length, times the steps in a row: GRU 60.3 and CNN 1"
    assert row_of("One more position", paces(5.0, 1900.0)).measured == "CNN 5 µs, GRU 1,900 µs"
    assert row_of("A CNN knows a pattern", shifted([0.9, 0.92, 0.8], [0.2, 0.6, 0.2])).measured == (
        "CNN 92 % in place, 85 % moved by 12"
    )


def test_nothing_is_said_before_an_experiment_has_run():
    rows = table({})
    assert len(rows) == len(CLAIMS)
    assert {(row.measured, row.verdict) for row in rows} == {("", "open")}


def test_a_claim_is_open_until_its_experiment_is_over():
    row = row_of("Time series", accuracies(gru=0.9, cnn=0.94), done=4)
    assert row.verdict == "open"
    assert row.measured == "after 4 of 10 steps: GRU 90 %, CNN 94 %"


def test_a_claim_is_open_where_a_network_takes_no_part_or_has_no_number():
    assert row_of("Time series", accuracies(gru=0.9)) == row_of("Time series", {"models": {}})
    assert row_of("Time series", accuracies(gru=0.9, cnn=cast(float, None))).measured == ""
    assert row_of("Time series", accuracies(gru=float("nan"), cnn=0.9)).verdict == "open"


def test_facts_arenumbers_of_by_their_path_and_a_second_old_at_most(monkeypatch: pytest.MonkeyPatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("engine.labs.grid_versus_loop.experiment.time.monotonic", lambda: clock.now)
    told = Told({"models": {"cnn": {"accuracy": 0.5, "name": "x", "by": [1, None, 2.5]}}, "ok": True, "n": 3})
    assert told.facts() == {"cnn.accuracy": 0.5, "cnn.by.0": 1.0, "cnn.by.2": 2.5, "n": 3.0}
    told.facts()
    assert told.asked == 1
    clock.now += 0.9
    told.facts()
    assert told.asked == 1
    told.facts(now=True)
    assert told.asked == 2
    clock.now += 1.1
    told.facts()
    assert told.asked == 3


@pytest.mark.parametrize("other", [{"window": 8}, {"exchanged_since": 500}])
def test_only_what_learned_from_completely_exchanged_positions_is_judged(other: dict[str, int]):
    rule = judging.suffers_from_shuffling(("cnn",))
    found = twins("cnn", 0.9, 0.5)
    assert rule(Facts(numbers_of({**found, **found["models"]}))).verdict == "agrees"
    with pytest.raises(KeyError):
        rule(Facts(numbers_of({**found, **other, **found["models"]})))
