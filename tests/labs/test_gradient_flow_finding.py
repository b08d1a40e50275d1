"""What is said of a race: every number of the sentence is one that was measured."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.finding import finding
from engine.labs.gradient_flow.question_words import joined, power, scientific, share, updates
from engine.labs.gradient_flow.race import Race
from engine.labs.gradient_flow.snapshot import Mechanism, Runner
from engine.models.recurrent_networks import NETWORKS

CHANCE = 0.125
CONFIG = GradientFlowConfig()
SHOWN = Race(GradientFlowConfig(cells="lstm", length=3, hidden=2, batch=2), live=False)
for _ in SHOWN.dig():
    pass
(MEASURED,) = SHOWN.runners()


def ran(
    cell: str, decades: float, accuracy: float = math.nan, gate: float | None = None, **changed: object
) -> Runner:
    """A network whose gradient changes by so many powers of ten along 101 steps, and its mean gate."""
    curve = np.concatenate([[decades], np.linspace(decades, 0.0, 101)]) - 1.0
    kind = {"lstm": "forget", "lstm-no-forget-bias": "forget", "gru": "update"}.get(cell, "")
    mechanism: Mechanism | None = None
    if gate is not None and MEASURED.mechanism is not None:
        mechanism = replace(MEASURED.mechanism, gate=kind, gate_mean=np.full(101, gate))
    flow = replace(MEASURED.flow, log10_norms=curve)
    measured = {"cell": cell, "title": NETWORKS[cell].title, "flow": flow, "mechanism": mechanism}
    return replace(MEASURED, **{**measured, "recent_accuracy": accuracy, **changed})


def said(*runners: Runner, config: GradientFlowConfig = CONFIG, updates: int = 500) -> str:
    return finding(runners, config, CHANCE, updates)


def test_the_open_gate_keeps_it_and_who_has_it_learns() -> None:
    told = said(
        ran("rnn", -12, 0.13), ran("lstm", -2.2, 0.98, 0.95), ran("lstm-no-forget-bias", -30, 0.12, 0.5)
    )
    assert told == (
        "Back to the first step the gradient of the LSTM without forget bias shrinks by "
        "10³⁰, of the tanh RNN by 10¹² and of the LSTM by 10². It is the open gate that keeps it: the "
        "forget gate of the LSTM lets 95 % through a step, that of the LSTM without forget "
        "bias 50 %. After 500 updates the LSTM (98 % right) has learned the task; the tanh RNN (13 %) "
        "and the LSTM without forget bias (12 %) do no better than guessing; guessing: 12.5 %."
    )


def test_a_gate_that_is_half_closed_does_not_keep_it() -> None:
    told = said(ran("rnn", -20, 0.12), ran("gru", -25, 0.12, 0.5))
    assert "To have a gate is not enough: the update gate of the GRU lets 50 %" in told
    assert "in 100 steps 10⁻³⁰." in told  # 0.5^100
    assert "open gate" not in told


def test_a_gate_is_not_blamed_for_what_it_did_not_do() -> None:
    told = said(ran("rnn", -20, 0.12), ran("gru", -3, 0.12, 0.5))
    assert "gate" not in told


def test_a_gate_is_not_praised_where_a_network_without_one_keeps_as_much() -> None:
    assert "gate" not in said(ran("rnn", -1, 0.5), ran("gru", -1.5, 0.6, 0.95))
    assert "gate" not in said(ran("rnn", -0.1, 0.5), ran("gru", -5, 0.6, 0.95))
    assert "gate" not in said(ran("lstm", -9, 0.5, 0.95), ran("gru", -1.5, 0.6, 0.95))


def test_an_explosion_is_told_with_its_update_and_size() -> None:
    gone = ran("relu", 0, exploded_at=37, log10_largest=24.2)
    told = said(gone, ran("gru", -3, 0.12, 0.6), ran("rnn", 2, 0.12), config=replace(CONFIG, clip=0.0))
    assert told.startswith(
        "The relu RNN exploded at update 37 (largest gradient 10²⁴), with nothing to clip it; the others go "
        "on. "
    )
    assert "relu" not in told.partition("go on.")[2]
    half = ran("gru", -25, 0.12, 0.5)
    assert "To have a gate" in said(ran("rnn", 2, 0.12), half)
    assert "gate" not in said(gone, ran("rnn", 2, 0.12), half)  # one thing at a time
    told = said(gone, replace(gone, exploded_at=2, log10_largest=-math.inf, title="IRNN"))
    assert told == (
        "The relu RNN exploded at update 37 (largest gradient 10²⁴) and the IRNN exploded at update 2, "
        "clipped as it was; no network is left."
    )
    assert "; the other goes on." in said(gone, ran("rnn", -3, 0.2))


def test_what_float32_would_have_lost_is_said() -> None:
    told = said(ran("rnn", -60), ran("gru", -43.5, gate=0.9), updates=0)
    assert "; at the first step of the tanh RNN float32 would have written 0." in told
    assert "float32" not in said(ran("rnn", -43.5))  # 10^−44.5 is a number yet


@pytest.mark.parametrize(
    ("decades", "told"),
    [
        (-12.4, "the gradient of the tanh RNN shrinks by 10¹²."),
        (-1.0, "the gradient of the tanh RNN shrinks to 10 %."),
        (-0.5, "the gradient of the tanh RNN shrinks to 32 %."),
        (0.1, "the gradient of the tanh RNN keeps its size."),
        (-0.1, "the gradient of the tanh RNN keeps its size."),
        (0.7, "the gradient of the tanh RNN grows by a factor of 5."),
        (8.0, "the gradient of the tanh RNN grows by 10⁸."),
    ],
)
def test_a_change_is_told_in_its_size(decades: float, told: str) -> None:
    assert said(ran("rnn", decades), updates=0) == (
        f"Back to the first step {told} Nothing has been learned yet."
    )


def test_nothing_at_all_is_told_as_that() -> None:
    dead = ran("relu", 0)
    curve = dead.flow.log10_norms.copy()
    curve[:50] = -math.inf
    gone = replace(dead, flow=replace(dead.flow, log10_norms=curve))
    assert "the gradient of the relu RNN vanishes altogether" in said(gone)
    nothing = replace(dead, flow=replace(dead.flow, log10_norms=np.full(102, -math.inf)))
    assert said(nothing) == "Nothing has been learned yet."
    no_number = replace(dead, flow=replace(dead.flow, log10_norms=np.full(102, math.nan)))
    assert said(no_number) == "Nothing has been learned yet."


def test_networks_that_are_alike_are_told_together() -> None:
    told = said(ran("rnn", -20.2), ran("lstm", -20.8, gate=0.75), ran("gru", -20.6, gate=0.75))
    assert "the gradient shrinks by 10²⁰ in all 3 networks, give or take a factor of 2.0." in told


def test_of_many_networks_the_two_ends_are_told() -> None:
    six = [ran(cell, -float(4 * place)) for place, cell in enumerate(NETWORKS)]
    assert (
        "of the GRU shrinks by 10²⁰ and of the tanh RNN keeps its size, of the other 4 something between."
        in (said(*six))
    )


def test_a_loss_at_every_step_is_not_taken_for_memory() -> None:
    told = said(ran("rnn", -12, 0.1), ran("gru", -1, 0.1, 0.95), config=replace(CONFIG, task="copy"))
    assert "though every step of this task has a loss of its own" in told
    assert "gate" not in told


def test_who_is_on_the_way_is_told_from_who_guesses() -> None:
    told = said(ran("rnn", -9, 0.13), ran("gru", -3, 0.3, 0.75))
    assert told.endswith(
        "After 500 updates the GRU (30 % right) does better than guessing; the tanh RNN (13 %) does no "
        "better than guessing; guessing: 12.5 %."
    )


def test_few_batches_prove_little() -> None:
    found = ran("rnn", -9, 0.2)
    assert "no better than guessing" in said(found, updates=1)
    assert "does better than guessing" in said(found, updates=20)


def test_when_all_guess_it_is_said_once() -> None:
    told = said(ran("rnn", -9, 0.12), ran("relu", -3, 0.13), updates=1)
    assert told.endswith("After 1 update none beats guessing (12.5 %): 13 % right at most.")


def test_of_numbers_the_error_is_told() -> None:
    """Long before a sum counts as right its error falls below that of always answering 1."""
    config = replace(CONFIG, task="adding", length=20)

    def adding(cell: str, *losses: float) -> Runner:
        steps = np.array([1, 301, 401, 501][-len(losses) :])
        return ran(cell, -1, 0.08, steps=steps, loss=np.array(losses))

    better, same = adding("rnn", 9.0, 0.17, 0.12, 0.10), adding("gru", 0.165, 0.161, 0.163, 0.164)
    assert finding([better, same], config, 0.078, 510).endswith(
        "After 510 updates the tanh RNN (0.100 squared error) does better than guessing; the GRU (0.164) "
        "does no better than guessing; guessing: 0.167."
    )
    assert finding([same, adding("lstm", 0.17)], config, 0.078, 510).endswith(
        "After 510 updates none beats guessing (0.167): 0.164 squared error at least."
    )
    nothing = ran("lstm", -1, 0.08, steps=np.zeros(0), loss=np.zeros(0))
    assert "no better than guessing" in finding([nothing], config, 0.078, 0)


def test_the_sentence_is_read_and_not_learned() -> None:
    told = said(ran("rnn", -9), ran("gru", -3, gate=0.75), config=replace(CONFIG, task="sentence"))
    assert told == (
        "Back to the first character the gradient of the tanh RNN shrinks by 10⁹ and of the GRU by 10³."
    )


def test_no_network_has_no_finding() -> None:
    assert said() == ""


def test_it_is_written_from_what_a_race_measures() -> None:
    config = GradientFlowConfig(cells="rnn,lstm", length=40, hidden=16, batch=8, gate_bias="chrono")
    race = Race(config, live=False)
    race.step()
    for _ in race.dig():
        pass
    runners = race.runners()
    told = finding(runners, config, CHANCE, race.steps)
    for runner in runners:
        curve = runner.flow.log10_norms
        assert f"by {power(float(curve[-1] - curve[1]))}" in told or "factor" in told or "%" in told
    gate = runners[1].mechanism.gate_mean.mean()
    assert f"the forget gate of the LSTM lets {share(float(gate))} through" in told
    assert "After 1 update " in told


def test_words() -> None:
    assert [power(each) for each in (24.2, -3.0, -math.inf, math.inf)] == ["10²⁴", "10⁻³", "0", "∞"]
    assert [scientific(each) for each in (-499.5, 0.0, 2.99999999, -math.inf)] == [
        "3.162 × 10⁻⁵⁰⁰", "1.000", "1000", "0",
    ]  # fmt: skip
    assert [share(each) for each in (0, 0.125, 0.12, 0.5, 0.994, 0.9996, 1)] == (
        ["0 %", "12.5 %", "12 %", "50 %", "99 %", "99.9 %", "100 %"]
    )
    assert [joined(each) for each in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    firsts = np.array([1, 2, 6])
    assert [updates(firsts, each, 9) for each in range(3)] == ["update 1", "updates 2 to 5", "updates 6 to 9"]
