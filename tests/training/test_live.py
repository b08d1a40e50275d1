"""Lockstep training: the numbers of each model trained alone, what is measured on the way, and failures."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.models.byte_tokens import START
from engine.models.character_model import CELLS, Cell, CharacterModel, CharacterModelConfig, detached
from engine.training import live_held_out
from engine.training.corpus import Corpus, ShuffledStreams
from engine.training.language_model import BETAS, CLIP, WEIGHT_DECAY
from engine.training.live import FRESH, WARM_UP_STEPS, LiveTraining
from engine.training.live_record import LAYERS
from engine.training.own_corpus import corpus_of

STREAMS, LENGTH, SEED = 4, 12, 3
RATES: dict[Cell, float] = {"rnn": 0.01, "lstm": 0.05, "gru": 0.02}
WORDS = "the a of river stone was old and cold she he saw under bright morning naïve house €".split()


def text(words: int) -> str:
    chance = random.Random(words)
    return "".join(chance.choice(WORDS) + chance.choice("    \n") for _ in range(words))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of({"a": text(700), "b": text(500)}, STREAMS, LENGTH)


def models(layers: int = 1) -> dict[Cell, CharacterModel]:
    torch.manual_seed(11)
    return {cell: CharacterModel(CharacterModelConfig(cell, 14, 6, layers)) for cell in CELLS}


def live(corpus: Corpus, rates: dict[Cell, float] = RATES, seed: int = SEED) -> LiveTraining:
    return LiveTraining(corpus, models(), rates, STREAMS, LENGTH, seed)


def trained_alone(
    corpus: Corpus, cell: Cell, steps: int, pace: Callable[[int], float], layers: int = 1
) -> tuple[CharacterModel, list[dict[str, Any]]]:
    """The plain loop: torch.optim.AdamW, clip_grad_norm_, now and then a fresh stream; what was before."""
    model, seen = models(layers)[cell], []
    optimiser = torch.optim.AdamW(model.parameters(), 1.0, BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    reading = ShuffledStreams(list(corpus.train.values()), STREAMS, LENGTH, SEED)
    state = model.initial_state(STREAMS)
    for step in range(1, steps + 1):
        batch = reading.next()
        state = detached(state)
        if (step - 1) % (FRESH // LENGTH // STREAMS) == 0:
            row = (step - 1) // (FRESH // LENGTH // STREAMS) % STREAMS
            mask = (torch.arange(STREAMS) != row).float()[None, :, None]
            state = (state[0] * mask, state[1] * mask) if isinstance(state, tuple) else state * mask
        logits, state = model(batch[:, :-1], state)
        loss = F.cross_entropy(logits.reshape(-1, 256), batch[:, 1:].reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        weights = {name: p.detach().clone() for name, p in model.named_parameters()}
        seen.append({"nats": loss.item(), "batch": batch, "gradients": gradients, "weights": weights})
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.param_groups[0]["lr"] = RATES[cell] * (pace(step) * min(1.0, step / WARM_UP_STEPS))
        optimiser.step()
    return model, seen


def parts(layer: str) -> tuple[str, ...]:
    """The parameters of a layer of a model of one layer, spelt out."""
    return {
        "embedding": ("embedding.weight",),
        "input weights": ("recurrent.weight_ih_l0", "recurrent.bias_ih_l0"),
        "recurrent weights": ("recurrent.weight_hh_l0", "recurrent.bias_hh_l0"),
        "output layer": ("head.weight", "head.bias"),
    }[layer]


def norm(tensors: dict[str, torch.Tensor], layer: str) -> float:
    return torch.cat([tensors[name].double().flatten() for name in parts(layer)]).norm().item()


def test_each_model_learns_exactly_what_it_would_learn_alone(corpus: Corpus) -> None:
    training = live(corpus)
    for step in range(1, 106):
        training.step(0.5 if step > 50 else 1.0, watch=step % 2 == 0)
    for cell in CELLS:
        alone, _ = trained_alone(corpus, cell, 105, lambda step: 0.5 if step > 50 else 1.0)
        for name, weight in alone.state_dict().items():
            assert weight.equal(training.weights()[f"{cell}.{name}"]), (cell, name)


def test_the_losses_are_those_of_the_batches_in_nats_a_character(corpus: Corpus) -> None:
    training = live(corpus)
    for _ in range(6):
        training.step()
    read = 0
    for cell in CELLS:
        _, seen = trained_alone(corpus, cell, 6, lambda _: 1.0)
        targets = [step["batch"][:, 1:].numpy() for step in seen]
        counts = [sum(byte >> 6 != 0b10 for byte in t.flatten().tolist()) for t in targets]
        expected = [step["nats"] * t.size / n for step, t, n in zip(seen, targets, counts, strict=True)]
        steps, _, _, losses = training.records[cell].loss.arrays()
        assert steps.tolist() == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(losses, expected, rtol=1e-12)
        read = sum(counts)
    assert training.characters == read
    assert training.steps == 6


def test_gradient_norms_and_update_ratios_are_those_of_the_very_step(corpus: Corpus) -> None:
    training = live(corpus)
    for step in range(1, 6):
        training.step(watch=step % 2 == 0)
    for cell in CELLS:
        _, seen = trained_alone(corpus, cell, 6, lambda _: 1.0)
        steps, norms, ratios = training.records[cell].watched()
        assert steps.tolist() == [2, 4]
        for row, layer in enumerate(LAYERS):
            for column, step in enumerate((2, 4)):
                before, after = seen[step - 1]["weights"], seen[step]["weights"]
                change = {name: after[name] - before[name] for name in before}
                assert norms[row, column] == pytest.approx(norm(seen[step - 1]["gradients"], layer), rel=1e-5)
                assert ratios[row, column] == pytest.approx(
                    norm(change, layer) / norm(before, layer), rel=1e-5
                )
    assert training.records["rnn"].watched()[1].max() > 0.1


def test_it_learns_and_what_is_kept_back_says_so(corpus: Corpus) -> None:
    training = live(corpus)
    list(training.score_held_out())
    for _ in range(120):
        training.step()
    list(training.score_held_out())
    assert training.epochs > 1
    for cell in CELLS:
        steps, _, _, nats = training.records[cell].held_out.arrays()
        assert steps.tolist() == [0, 120]
        assert nats[0] == pytest.approx(5.7, abs=0.3)
        assert nats[1] < 3.2


def test_a_second_run_from_the_same_seed_is_the_same_and_of_another_is_not(corpus: Corpus) -> None:
    runs = [live(corpus), live(corpus), live(corpus, seed=4)]
    for run in runs:
        for _ in range(3):
            run.step()
    first, second, other = (run.weights() for run in runs)
    assert all(weight.equal(second[name]) for name, weight in first.items())
    assert not any(weight.equal(other[name]) for name, weight in first.items())


def test_a_step_may_be_done_in_slices(corpus: Corpus) -> None:
    whole, sliced = live(corpus), live(corpus)
    for _ in range(3):
        whole.step(0.7, watch=True)
        assert list(sliced.updates(0.7, watch=True)) == list(CELLS)
    assert all(weight.equal(sliced.weights()[name]) for name, weight in whole.weights().items())
    assert (sliced.steps, sliced.characters) == (3, whole.characters)


def second_figure(model: CharacterModel, corpus: Corpus, piece: int, warm_up: int, most: int) -> float:
    """Nats a character of what is kept back, one token at a time in float64, piece by piece."""
    model, total, count = model.double(), 0.0, 0
    pieces = [(t.tolist(), begin) for t in corpus.held_out.values() for begin in range(0, len(t), piece)]
    if len(pieces) > most:
        pieces = [pieces[round(i * (len(pieces) - 1) / (most - 1))] for i in range(most)]
    for held_out, begin in pieces:
        state, before = None, START if begin <= warm_up else held_out[begin - warm_up - 1]
        for place in range(max(0, begin - warm_up), min(begin + piece, len(held_out))):
            log_p, state = model.step(torch.tensor([before]), state)
            before = held_out[place]
            if place >= begin:
                total -= log_p[0, before].item()
                count += before >> 6 != 0b10
    return total / count


@pytest.mark.parametrize("most", [4, 100])
def test_the_figure_of_what_is_kept_back_computed_a_second_way(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for name, value in {"EXCERPT": 100, "WARM_UP": 30, "EXCERPTS": most}.items():
        monkeypatch.setattr(live_held_out, name, value)
    corpus = corpus_of({"a": text(1000), "b": text(300)}, STREAMS, LENGTH)
    training = live(corpus)
    for _ in range(2):
        training.step()
    expected = {cell: trained_alone(corpus, cell, 2, lambda _: 1.0)[0] for cell in CELLS}
    slices = list(training.score_held_out())
    assert slices[-1][0] == slices[-1][1]
    assert slices == sorted(slices)
    for cell in CELLS:
        steps, _, _, nats = training.records[cell].held_out.arrays()
        assert steps.tolist() == [2]
        with torch.no_grad():
            assert nats[0] == pytest.approx(second_figure(expected[cell], corpus, 100, 30, most), rel=1e-6)


def test_a_long_text_is_scored_in_part_and_training_meanwhile_changes_nothing() -> None:
    corpus = corpus_of({"a": "".join(random.Random(5).choices("abcde \n", k=300_000))}, STREAMS, LENGTH)
    still, learning = live(corpus), live(corpus)
    list(still.score_held_out())
    for _ in learning.score_held_out():
        learning.step()
    assert learning.steps > 3
    for cell in CELLS:
        figures = [training.records[cell].held_out.arrays()[3].tolist() for training in (still, learning)]
        assert figures[0] == figures[1]
        assert learning.records[cell].held_out.arrays()[0].tolist() == [0]
    assert 18_000 <= still._excerpts.characters <= 20_480
    assert still.kept_back == pytest.approx(30_000, rel=0.01)
    assert still.kept_back + still.trained_on == pytest.approx(300_000, abs=2)


def test_a_model_whose_loss_is_no_number_rests_and_the_others_go_on(corpus: Corpus) -> None:
    training = live(corpus, {**RATES, "gru": 1e38})
    history = []
    while not training.failed_at and training.steps < 100:
        history.append({name: weight.clone() for name, weight in training.weights().items()})
        training.step(watch=True)
    failed = training.failed_at["gru"]
    assert failed == training.steps
    assert not training.over
    sound = history[failed - 2]
    for name in (name for name in sound if name.startswith("gru.")):
        assert training.weights()[name].equal(sound[name])
    for _ in range(5):
        training.step()
    list(training.score_held_out())
    assert training.failed_at == {"gru": failed}
    assert len(training.records["gru"].loss) == failed - 1
    alone, _ = trained_alone(corpus, "lstm", training.steps, lambda _: 1.0)
    assert all(w.equal(training.weights()[f"lstm.{name}"]) for name, w in alone.state_dict().items())
    assert all(weight.isfinite().all() for weight in training.weights().values())


def test_where_the_gradient_is_no_number_the_update_is_not_made(corpus: Corpus) -> None:
    started = models()
    training = LiveTraining(corpus, started, RATES, STREAMS, LENGTH, SEED)
    training.step()
    before = {name: weight.clone() for name, weight in training.weights().items()}
    started["rnn"].head.bias.register_hook(lambda gradient: gradient * float("nan"))
    training.step()
    assert training.failed_at == {"rnn": 2}
    same = {name: weight.equal(before[name]) for name, weight in training.weights().items()}
    assert all(same[name] == name.startswith("rnn.") for name in same)


def test_where_all_rest_it_is_over(corpus: Corpus) -> None:
    started = models()
    training = LiveTraining(corpus, started, RATES, STREAMS, LENGTH, SEED)
    with torch.no_grad():
        for model in started.values():
            model.head.bias.fill_(float("inf"))
    training.step()
    assert training.over
    assert training.failed_at == dict.fromkeys(CELLS, 1)
    assert all(weight.isfinite().all() for weight in training.weights().values())


def test_weights_are_put_back(corpus: Corpus) -> None:
    training = live(corpus)
    training.step()
    kept = {name: weight.clone() for name, weight in training.weights().items()}
    training.step()
    training.load(kept)
    assert all(weight.equal(kept[name]) for name, weight in training.weights().items())
    training.step()
    changed = {name: weight.clone() for name, weight in training.weights().items()}
    lacking = {name: weight for name, weight in kept.items() if name != "gru.head.bias"}
    with pytest.raises(KeyError, match=r"gru\.head\.bias"):
        training.load(lacking)
    assert all(weight.equal(changed[name]) for name, weight in training.weights().items())


def test_a_text_of_which_nothing_can_be_kept_back_has_no_figure() -> None:
    training = live(corpus_of({str(number): "x" for number in range(400)}, STREAMS, LENGTH))
    training.step()
    assert list(training.score_held_out()) == []
    assert all(len(record.held_out) == 0 for record in training.records.values())
