"""The memory meter against the same networks trained plainly with torch.optim."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from engine.data.sequence_tasks import TASKS
from engine.errors import UserError
from engine.labs.gradient_flow import meter as meter_module
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.meter import DEFAULT_LENGTHS, MemoryMeter, parse_lengths
from engine.models.recurrent_networks import NetworkConfig, RecurrentNetwork

SMALL = GradientFlowConfig(cells="rnn,lstm,gru", gate_bias="chrono", hidden=8, batch=8, sweep_steps=24)
EASY = GradientFlowConfig(
    cells="rnn,gru", hidden=24, batch=32, noise=0.0, learning_rate=0.03, sweep_steps=150
)
HOPELESS = GradientFlowConfig(cells="rnn,gru", hidden=4, batch=8, learning_rate=1e-5, sweep_steps=22)


def of(config: GradientFlowConfig, **changed: object) -> GradientFlowConfig:
    return GradientFlowConfig(**{**config.as_dict(), **changed})


def swept(config: GradientFlowConfig, *lengths: int) -> MemoryMeter:
    meter = MemoryMeter(config, lengths)
    for _ in meter.sweep():
        pass
    return meter


def trained_plainly(config: GradientFlowConfig, cell: str, length: int) -> list[float]:
    """The accuracies of all batches, by the plain loop that everybody writes."""
    task = TASKS[config.task]
    start = {"gate_bias": config.gate_bias, "initialisation": config.init, "gain": config.gain}
    network = RecurrentNetwork(
        NetworkConfig(cell, task.inputs, config.hidden, task.outputs, config.seed, length=length, **start)
    )
    make = torch.optim.Adam if config.optimiser == "adam" else torch.optim.SGD
    optimiser = make(network.parameters(), lr=config.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(config.seed + 2**32)  # not what the weights are drawn from
    accuracies = []
    for _ in range(config.sweep_steps):
        batch = task.batch(generator, config.batch, length)
        outputs, _ = network(batch.inputs, task.every_step)
        loss = task.loss(outputs, batch.targets)
        accuracies.append(float(task.accuracy(outputs, batch.targets)))
        optimiser.zero_grad()
        loss.backward()
        if config.clip:
            nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        if config.clip_value:
            nn.utils.clip_grad_value_(network.parameters(), config.clip_value)
        optimiser.step()
    return accuracies


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"task": "copy"},
        {"task": "adding", "optimiser": "sgd", "learning_rate": 0.1},
        {"task": "order", "clip": 0.0, "clip_value": 0.01},
    ],
    ids=lambda changed: changed.get("task", "recall"),
)
def test_it_is_as_accurate_as_the_same_networks_trained_plainly(changed: dict[str, object]) -> None:
    config = of(SMALL, **changed)
    view = swept(config, 9).view
    for cell in ("rnn", "lstm", "gru"):
        wanted = trained_plainly(config, cell, 9)[-20:]
        assert view.accuracy[cell] == pytest.approx((sum(wanted) / 20,), abs=1e-12)


def test_it_is_the_same_every_time_and_for_every_company() -> None:
    config = of(SMALL, sweep_steps=6)
    together, again = swept(config, 4, 6).view, swept(config, 4, 6).view
    assert together == again
    alone = swept(of(config, cells="gru"), 4, 6).view
    assert alone.accuracy["gru"] == together.accuracy["gru"]
    assert swept(of(config, seed=5), 4, 6).view.accuracy != together.accuracy


def test_it_stops_where_a_length_is_solved_and_the_total_shrinks() -> None:
    meter = MemoryMeter(EASY, (2, 4))
    progress = list(meter.sweep())
    full = 2 * (2 + 4) * 2 * EASY.sweep_steps
    assert progress[0][1] == full
    done, total = progress[-1]
    assert 2 * (2 + 4) * 2 * 20 <= done == total < full  # twenty batches are seen at least
    assert meter.view.longest == {"rnn": 4, "gru": 4}
    assert all(min(found) >= meter.solved for found in meter.view.accuracy.values())


def test_progress_never_goes_back() -> None:
    dones, totals = zip(*MemoryMeter(EASY, (2, 3)).sweep(), strict=True)
    assert list(dones) == sorted(dones)
    assert list(totals) == sorted(totals, reverse=True)
    assert all(done <= total for done, total in zip(dones, totals, strict=True))


def test_who_failed_twice_is_not_tried_at_longer_ones() -> None:
    meter = MemoryMeter(HOPELESS, (3, 4, 5, 6))
    *_, (done, total) = meter.sweep()
    assert done == total == 2 * (3 + 4) * 2 * HOPELESS.sweep_steps
    view = meter.view
    assert {cell: len(found) for cell, found in view.accuracy.items()} == {"rnn": 2, "gru": 2}
    assert view.longest == {"rnn": None, "gru": None}


def test_one_failure_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([0.99, 0.5, 0.99, 0.5, 0.5])

    class Scripted:
        def __init__(self, *_: object) -> None:
            self.accuracy = next(scores)

        def learn(self, _: float) -> Iterator[int]:
            yield 1

    monkeypatch.setattr(meter_module, "_Learner", Scripted)
    view = swept(of(SMALL, cells="gru"), 2, 3, 4, 5, 6, 7).view
    assert view.accuracy == {"gru": (0.99, 0.5, 0.99, 0.5, 0.5)}
    assert view.longest == {"gru": 4}


def test_who_explodes_scores_what_it_had_and_the_others_go_on() -> None:
    config = of(
        SMALL, cells="relu,gru", init="gaussian", gain=4.0, clip=0.0, optimiser="sgd", learning_rate=0.5
    )
    exploding = swept(config, 120).view.accuracy
    assert exploding["relu"] == (0.0,)  # the first loss is no number already
    assert 0 < exploding["gru"][0] < 1
    assert all(math.isfinite(each) for found in exploding.values() for each in found)


def test_solved_is_nine_tenths_of_the_way_from_chance() -> None:
    view = MemoryMeter(SMALL, (5,)).view
    assert (view.chance, view.solved, view.steps) == (0.125, 0.9125, 24)
    assert view.lengths == (5,)
    assert view.accuracy == {"rnn": (), "lstm": (), "gru": ()}


def test_the_noise_that_was_set_is_what_they_learn_through() -> None:
    quiet, loud = (swept(of(EASY, cells="rnn", sweep_steps=60, noise=n), 8).view for n in (0.0, 2.0))
    assert quiet.accuracy["rnn"] > loud.accuracy["rnn"]


def networks_alive() -> int:
    gc.collect()
    return sum(type(each) is RecurrentNetwork for each in gc.get_objects())


def test_cancelling_leaves_nothing_but_what_is_measured() -> None:
    before = networks_alive()
    meter = MemoryMeter(of(SMALL, sweep_steps=4), (4, 50))
    slices = meter.sweep()
    while not meter.view.accuracy["rnn"]:
        next(slices)
    assert networks_alive() > before
    slices.close()  # type: ignore[attr-defined]
    assert networks_alive() == before
    assert [len(found) for found in meter.view.accuracy.values()] == [1, 0, 0]
    for _ in meter.sweep():  # begins again
        pass
    assert [len(found) for found in meter.view.accuracy.values()] == [2, 2, 2]


def test_a_finished_sweep_keeps_no_network() -> None:
    before = networks_alive()
    meter = swept(of(SMALL, sweep_steps=2), 3)
    assert networks_alive() == before
    gone = weakref.ref(meter)
    del meter
    assert gone() is None


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", DEFAULT_LENGTHS),
        (" , ", DEFAULT_LENGTHS),
        ("10,20,50", (10, 20, 50)),
        ("50, 10 ,20,10", (10, 20, 50)),
        ("2,1000", (2, 1000)),
    ],
)
def test_lengths_are_read(text: str, lengths: tuple[int, ...]) -> None:
    assert parse_lengths(text) == lengths


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10,abc", "“abc” is no length for the memory meter: it takes whole numbers from 2 to 1000."),
        ("1", "“1” is no length"),
        ("1001", "“1001” is no length"),
        ("-5", "“-5” is no length"),
        ("2.5", "“2.5” is no length"),
        ("10 20", "“10 20” is no length"),
        ("²", "“²” is no length"),
        ("9" * 5000, "is no length"),
        (",".join(map(str, range(2, 15))), "13 lengths are too many: the memory meter takes at most 12."),
    ],
)
def test_wrong_lengths_are_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_lengths(text)
    assert said in refused.value.sentence


@pytest.mark.parametrize(
    ("task", "lengths", "said"),
    [
        ("rows", (10,), "“A digit, row by row” at several lengths: its sequences always have 8 steps"),
        ("sentence", (10,), "nothing is learned from it"),
        ("order", (2, 10), "it needs at least 4 steps"),
    ],
)
def test_what_has_no_length_to_try_is_refused(task: str, lengths: tuple[int, ...], said: str) -> None:
    with pytest.raises(UserError) as refused:
        MemoryMeter(of(SMALL, task=task), lengths)
    assert said in refused.value.sentence
