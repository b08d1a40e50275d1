"""Asking about what was understood beyond reading: every answer against autograd, NumPy or the definition."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.ask import Answer, Cell, Line, Step
from engine.data.reference import reference_text
from engine.explain.arithmetic_gradient import explain_input_gradient, norm
from engine.explain.through_time import gradients_through_time
from engine.explain.unit_tracking import FEATURES
from engine.labs.language_modelling import (
    Brush,
    LanguageModelling,
    LanguageModellingConfig,
    Meddling,
    questions_memory,
)
from engine.labs.language_modelling import insight as insight_module
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.brushing import Phrase
from engine.labs.language_modelling.insight import Insight
from engine.labs.language_modelling.question_words import quoted
from engine.labs.language_modelling.questions import answer
from engine.labs.language_modelling.questions_phrase import WRITTEN_OUT
from engine.labs.language_modelling.questions_trajectory import LARGEST
from engine.labs.language_modelling.reference import waypoints
from engine.models import language_models
from engine.models.byte_tokens import START, encode
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.models.meddled_steps import meddled_extend
from engine.models.meddling import Intervention
from engine.models.recurrent_trace import trace

TEXT = "The café was old. “Is anybody there?” she asked"
KEPT = "He ran home, and fast"
REFERENCE = reference_text()[:1200]
UNITS = 12
CONFIG = LanguageModellingConfig(threshold=0.1)
Models = dict[str, CharacterModel]


@pytest.fixture(scope="module")
def models() -> Models:
    torch.manual_seed(11)
    found = {cell: CharacterModel(CharacterModelConfig(cell, UNITS, 6)).eval() for cell in CELLS}
    with torch.no_grad():
        for model in found.values():
            model.embedding.weight *= 2
            model.head.weight *= 4
            candidate = {"rnn": 0, "lstm": 2, "gru": 2}[model.config.cell]
            steady = model.recurrent.bias_ih_l0.reshape(-1, UNITS)[candidate]
            steady[:4] += torch.tensor([3.0, -3.0, 2.0, -2.0])  # such as stay on
    return found


@pytest.fixture(scope="module")
def bench(models: Models) -> Bench:
    bench = Bench(models)
    read(bench, KEPT)
    return bench


@pytest.fixture(scope="module")
def insight(bench: Bench) -> Insight:
    """Has read the reference text, keeps one sentence, and has measured the memory of `TEXT`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(insight_module, "reference_text", lambda: REFERENCE)
        insight = Insight(bench)
    for _ in insight.reference.read("lstm"):
        pass
    insight.pin()
    read(bench, TEXT)
    for _ in insight.measure_memory():
        pass
    return insight


def read(bench: Bench, text: str) -> None:
    bench.take(text)
    for _ in bench.read_on():
        pass


@torch.no_grad()
def hidden(model: CharacterModel, text: str) -> np.ndarray:
    """(N, H) after each character, by one plain forward pass."""
    tokens = torch.tensor([[START, *encode(text).tolist()]])
    ends = np.cumsum([len(character.encode()) for character in text])
    return model.recurrent(model.embedding(tokens))[0][0].double().numpy()[ends]


def asked(bench: Bench, insight: Insight, config: LanguageModellingConfig, array: str, *index: int) -> Answer:
    found = answer(bench, insight, config, Cell(array, index), None)
    assert found is not None
    return found


def last(found: Answer) -> float:
    return found.steps[-1].lines[-1].value


def lines(step: Step) -> dict[str, Line]:
    return {line.label: line for line in step.lines}


# Trajectories -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["words", "characters"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_point_of_a_path_is_a_sum_over_the_units(
    cell: str, by: str, bench: Bench, insight: Insight, models: Models
):
    seen = hidden(models[cell], REFERENCE)[waypoints(REFERENCE, by)[0]]
    _, sizes, axes = np.linalg.svd(seen - seen.mean(0), full_matrices=False)
    shown = next(each for each in insight.trajectories(by) if each.cell == cell)
    config = replace(CONFIG, path=by)
    for path, text in enumerate((KEPT, TEXT)):
        states = hidden(models[cell], text)[waypoints(text, by)[0]]
        points = (shown.pinned[0][1], shown.points)[path]
        for point, (state, coordinates) in enumerate(zip(states, points, strict=True)):
            found = asked(bench, insight, config, f"trajectory-{cell}", path, point)
            wanted = (state - seen.mean(0)) @ axes[:3].T
            got = [step.lines[-1].value for step in found.steps[:3]]
            np.testing.assert_allclose(got, coordinates, atol=1e-12)
            np.testing.assert_allclose(np.abs(got), np.abs(wanted), atol=2e-5)
            assert found.value == pytest.approx(math.dist(coordinates, (0, 0, 0)))
            assert last(found) == pytest.approx(found.value, rel=1e-12)
            whole = found.steps[-1].lines[0].value
            assert whole == pytest.approx(float(np.linalg.norm(state - seen.mean(0))), rel=1e-4)
            assert (f"kept sentence {quoted(KEPT)}" in found.title) == (text == KEPT)
    shares = [step.operation for step in found.steps[:3]]
    assert shares == [f"{100 * share:.1f} % of the variance" for share in (sizes**2 / (sizes**2).sum())[:3]]


@pytest.mark.parametrize("cell", CELLS)
def test_the_units_that_are_named_add_most_to_a_coordinate(
    cell: str, bench: Bench, insight: Insight, models: Models
):
    found = asked(bench, insight, replace(CONFIG, path="characters"), f"trajectory-{cell}", 1, 6)
    space = insight.reference.spaces[cell, "characters"]
    seen = hidden(models[cell], REFERENCE)
    products = (hidden(models[cell], TEXT)[6] - seen.mean(0)) * space.axes
    for step, wanted in zip(found.steps[:3], products, strict=True):
        *named, others, coordinate = step.lines
        assert len(named) == LARGEST
        assert others.label == f"and {UNITS - LARGEST} more"
        assert sum(line.value for line in (*named, others)) == pytest.approx(coordinate.value, abs=1e-12)
        units = [int(line.label.removeprefix("unit ")) for line in named]
        assert sorted(units) == sorted(np.argsort(-np.abs(wanted))[:LARGEST].tolist())
        np.testing.assert_allclose([line.value for line in named], wanted[units], atol=2e-5)


# Memory -------------------------------------------------------------------------------------------


def gradient_norms(
    model: CharacterModel, text: str, target: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(T,) the norms of d ln P(target, or the most probable next byte) with respect to what each byte was
    read as, and to the hidden state after it, by autograd in float64."""
    model, tokens = deepcopy(model).double(), encode(text).tolist()
    x = model.embedding(torch.tensor([[START, *tokens]])).detach().requires_grad_()
    whole = torch.log_softmax(model.head(model.recurrent(x)[0][0, -1]), -1)
    aimed = int(whole.argmax()) if target is None else target
    (inputs,) = torch.autograd.grad(whole[aimed], x)
    state, after = None, []
    for step in range(len(tokens) + 1):
        _, state = model.recurrent(x.detach()[:, step : step + 1], state)
        after.append(state[0] if isinstance(state, tuple) else state)
        after[-1].retain_grad()
    torch.log_softmax(model.head(after[-1][0, 0]), -1)[aimed].backward()
    return inputs[0, 1:].norm(dim=1).numpy(), np.array([float(h.grad.norm()) for h in after[1:]])


@pytest.mark.parametrize("cell", CELLS)
def test_the_influence_of_a_character_is_followed_through_time(
    cell: str, bench: Bench, insight: Insight, models: Models
):
    of_bytes, after = gradient_norms(models[cell], TEXT)
    ends = np.cumsum([len(character.encode()) for character in TEXT])
    starts = ends - [len(character.encode()) for character in TEXT]
    of_characters = np.sqrt(np.add.reduceat(of_bytes**2, starts))
    for back in range(len(TEXT)):
        place = len(TEXT) - 1 - back
        found = asked(bench, insight, CONFIG, "memory", CELLS.index(cell), back)
        share = of_characters[place] / of_characters.max()
        assert found.value == pytest.approx(share, rel=1e-4)
        assert last(found) == pytest.approx(share, rel=1e-4)
        through_time, *entered, beside = found.steps
        assert through_time.lines[0].value == pytest.approx(after[-1], rel=1e-4)
        assert through_time.lines[min(1, back)].value == pytest.approx(after[ends[place] - 1], rel=1e-4)
        if back:
            kept = (after[ends[place] - 1] / after[-1]) ** (1 / (ends[-1] - ends[place]))
            assert through_time.lines[-1].value == pytest.approx(kept, rel=1e-4)
        wanted = of_bytes[starts[place] : ends[place]]
        np.testing.assert_allclose([step.lines[-1].value for step in entered], wanted, rtol=1e-4)
        together = of_characters[place] / of_characters.sum()
        assert beside.lines[-2].value == pytest.approx(together, rel=1e-4)
        largest = TEXT[int(of_characters.argmax())]
        assert f"“{'␣' if largest == ' ' else largest}”" in beside.lines[-1].label


@pytest.mark.parametrize("cell", CELLS)
def test_that_of_a_character_within_the_text_is_about_its_own_prediction(
    cell: str, bench: Bench, insight: Insight, models: Models
):
    place = TEXT.index("é")  # of which the first byte is predicted
    insight.predicted = place
    for _ in insight.measure_memory():
        pass
    try:
        of_bytes, after = gradient_norms(models[cell], TEXT[:place], encode(TEXT[place])[0])
        for back in (0, 3, place - 1):
            found = asked(bench, insight, CONFIG, "memory", CELLS.index(cell), back)
            share = of_bytes[place - 1 - back] / of_bytes.max()
            assert (found.value, last(found)) == pytest.approx((share, share), rel=1e-4)
            assert found.steps[0].lines[0].value == pytest.approx(after[-1], rel=1e-4)
            assert "which came after them" in found.meaning
        assert answer(bench, insight, CONFIG, Cell("memory", (CELLS.index(cell), place))) is None
    finally:
        insight.predicted = None
        for _ in insight.measure_memory():
            pass


GATE_NAMES = {
    "lstm": ("input gate", "forget gate", "candidate", "output gate"),
    "gru": ("reset gate", "update gate", "candidate, dn"),
    "rnn": ("sum",),
}


@pytest.mark.parametrize("cell", CELLS)
def test_the_gates_let_through_what_autograd_says(cell: str, bench: Bench, insight: Insight, models: Models):
    """The gradient of a gate's sum is that of its input bias, where only this step has the bias."""
    place = 9
    model, tokens = deepcopy(models[cell]).double(), encode(TEXT).tolist()
    step = int(bench.reading(cell).steps[place])
    x = model.embedding(torch.tensor([[START, *tokens]])).detach()
    state = model.recurrent(x[:, :step])[1]
    here = deepcopy(model.recurrent)
    state = tuple(each.detach() for each in state) if isinstance(state, tuple) else state.detach()
    state = here(x[:, step : step + 1], state)[1]
    end = model.recurrent(x[:, step + 1 :], state)[0][0, -1]
    torch.log_softmax(model.head(end), -1).max().backward()
    wanted = here.bias_ih_l0.grad.reshape(-1, UNITS).norm(dim=1).tolist()
    found = asked(bench, insight, CONFIG, "memory", CELLS.index(cell), len(TEXT) - 1 - place)
    gates = lines(found.steps[1])
    assert [gates[name].value for name in GATE_NAMES[cell]] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_enters_through_what_somebody_set(cell: str, models: Models):
    """Against the recursion over all steps, which has a test against autograd of its own."""
    gates = {"lstm": ("input", "forget", "cell", "output"), "gru": ("reset", "update", "new"), "rnn": ()}
    module = deepcopy(models[cell]).double().recurrent
    x = torch.randn(12, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    changes = [Intervention("off", 4, 3), Intervention("reset", 7), Intervention("off", 9)]
    changes += [Intervention("hold", 2, 5, gate, 0.4) for gate in gates[cell]]
    for done in (*([each] for each in changes), changes[:2] + changes[3:]):
        before = meddled_extend(trace(module, x[:1]), module, x[1:], done)
        upstream = np.linspace(-1, 1, 12 * UNITS).reshape(12, UNITS)
        found = gradients_through_time(before, module, upstream, interventions=done)
        for step, wanted in enumerate(found.input.log_norms):
            entered = explain_input_gradient(before, module, found, step, interventions=done)
            assert entered.lines[-1].value == pytest.approx(math.exp(wanted), rel=1e-10)
    with pytest.raises(IndexError, match="no step 12"):
        explain_input_gradient(before, module, found, 12)


@pytest.mark.parametrize("cell", CELLS)
def test_answers_are_about_the_network_as_it_is_changed(cell: str, models: Models):
    bench = Bench(models)
    insight = Insight(bench)
    read(bench, TEXT)
    gate = {"lstm": "forget", "gru": "update"}.get(cell)
    changes = [Meddling(cell, "off", 12, 3), Meddling(cell, "reset", 20), Meddling(cell, "reset", len(TEXT))]
    changes += [Meddling(cell, "hold", 5, None, gate, 0.7)] if gate else []
    untouched = [
        guess.probability for guess in next(r for r in bench.readings() if r.cell == cell).characters
    ]
    bench.meddle({cell: changes})
    for _ in insight.measure_memory():
        pass
    for back in range(len(TEXT)):
        reached = answer(bench, insight, CONFIG, Cell("memory", (CELLS.index(cell), back)))
        assert (reached is None) == (back >= len(TEXT) - 20)  # what was forgotten moves nothing
        assert reached is None or last(reached) == pytest.approx(reached.value, rel=1e-4)
    for _ in bench.find_words():
        pass
    for array in ("characters", "words"):
        for rank in range(10):
            found = answer(bench, insight, CONFIG, Cell(f"{array}-{cell}", (rank,)))
            assert found is None or last(found) == pytest.approx(found.value, rel=1e-4)
    guesses = next(r for r in bench.readings() if r.cell == cell).characters
    assert [guess.probability for guess in guesses] != pytest.approx(untouched, rel=1e-2)


def test_a_gradient_is_followed_once_and_let_go_with_its_text(models: Models):
    bench = Bench(models)
    read(bench, "Once upon")
    insight = Insight(bench)
    for _ in insight.measure_memory():
        pass
    asked(bench, insight, CONFIG, "memory", 1, 3)
    (followed,) = questions_memory._FOLLOWED.values()
    asked(bench, insight, CONFIG, "memory", 1, 4)
    assert next(iter(questions_memory._FOLLOWED.values())) is followed
    asked(bench, insight, CONFIG, "memory", 2, 4)
    assert len(questions_memory._FOLLOWED) == 1
    assert next(iter(questions_memory._FOLLOWED.values())) is not followed
    del bench, insight
    gc.collect()
    assert not questions_memory._FOLLOWED


# What units track ---------------------------------------------------------------------------------


def ranks_of(values: np.ndarray) -> np.ndarray:
    """From 1, by counting: how many are smaller, and half of those that are equal."""
    smaller = (values[None] < values[:, None]).sum(1)
    return smaller + ((values[None] == values[:, None]).sum(1) + 1) / 2


@pytest.mark.parametrize("cell", CELLS)
def test_what_a_unit_tracks_is_measured_by_the_definition(
    cell: str, bench: Bench, insight: Insight, models: Models
):
    config = replace(CONFIG, cell=cell, unit=4)
    state = hidden(models[cell], REFERENCE)[:, 4]
    tracks = insight.tracks(cell, 4)
    assert {track.measure for track in tracks} == {"ROC AUC", "Spearman's rho"}
    for rank, track in enumerate(tracks):
        found = asked(bench, insight, config, "features", rank)
        assert found.value == track.strength
        assert last(found) == pytest.approx(track.strength, abs=1e-9)
        assert track.definition in found.meaning
        feature = next(each for each in FEATURES if each.name == track.feature)
        values = feature.of(REFERENCE)
        text, measured = found.steps
        *_, figure, strength = measured.lines
        if feature.binary:
            inside, outside = state[values], state[~values]
            area = (inside[:, None] > outside).mean() + (inside[:, None] == outside).mean() / 2
            assert text.lines[0].value == pytest.approx(values.mean())
            assert str(int(values.sum())) in text.lines[0].formula
        else:
            inside, outside = state[values > values.mean()], state[values <= values.mean()]
            area = np.corrcoef(ranks_of(state), ranks_of(values))[0, 1]
            assert text.lines[0].value == pytest.approx(values.mean())
        means = [line.value for line in text.lines[1:]]
        np.testing.assert_allclose(means, [inside.mean(), outside.mean()], atol=1e-5)
        assert figure.value == pytest.approx(area, abs=1e-3)  # equal float32 states may differ here
        assert figure.value == pytest.approx(track.figure, abs=1e-9)
        assert strength.value == pytest.approx(abs(2 * area - 1) if feature.binary else abs(area), abs=2e-3)


@pytest.mark.parametrize("feature", ["a space was just read", "position in the word"])
def test_trackers_answer_for_their_own_unit(feature: str, bench: Bench, insight: Insight):
    config = replace(CONFIG, cell="gru", feature=feature)
    for rank, track in enumerate(insight.trackers("gru", feature)):
        found = asked(bench, insight, config, "trackers", rank)
        of_unit = insight.tracks("gru", track.unit)
        at = [each.feature for each in of_unit].index(feature)
        same = asked(bench, insight, replace(config, unit=track.unit), "features", at)
        assert (found.title, found.value, found.steps) == (same.title, track.strength, same.steps)
        assert f"unit {track.unit} " in found.title


def test_a_unit_that_never_moves_tracks_nothing(models: Models, monkeypatch: pytest.MonkeyPatch):
    still = deepcopy(models)
    with torch.no_grad():
        for weights in still["rnn"].recurrent.parameters():
            weights[0] = 0
    monkeypatch.setattr(insight_module, "reference_text", lambda: REFERENCE[:300])
    bench = Bench(still)
    insight = Insight(bench)
    for _ in insight.reference.read("rnn"):
        pass
    read(bench, "So it was")
    config = replace(CONFIG, cell="rnn", unit=0)
    for rank in range(len(insight.tracks("rnn", 0))):
        found = asked(bench, insight, config, "features", rank)
        assert (found.value, last(found)) == (0, pytest.approx(0, abs=1e-12))


# Phrases ------------------------------------------------------------------------------------------


def brushed(insight: Insight, cell: str, start: int, stop: int) -> Brush:
    found = insight.brush(Phrase(cell, start, stop), CONFIG.threshold)
    assert found is not None
    assert found.units
    return found


@pytest.mark.parametrize("phrase", [(4, 6), (4, 9), (4, 16)])
@pytest.mark.parametrize("cell", CELLS)
def test_a_unit_of_a_phrase_shows_its_state_at_each_character(
    cell: str, phrase: tuple[int, int], bench: Bench, insight: Insight, models: Models
):
    brush, states = brushed(insight, cell, *phrase), hidden(models[cell], TEXT)[slice(*phrase)]
    length = phrase[1] - phrase[0]
    for rank, unit in enumerate(brush.units):
        found = answer(bench, insight, CONFIG, Cell("phrase-units", (rank,)), brush)
        assert found is not None
        assert f"unit {unit} " in found.title
        assert found.value == brush.strengths[rank]
        assert last(found) == pytest.approx(states[:, unit].mean(), abs=1e-5)
        each, mean = found.steps
        named = [line.value for line in each.lines[:WRITTEN_OUT]]
        np.testing.assert_allclose(named, states[:WRITTEN_OUT, unit], atol=1e-5)
        assert sum(line.value for line in each.lines) == pytest.approx(states[:, unit].sum(), abs=1e-4)
        assert len(each.lines) == min(length, WRITTEN_OUT + 1)
        assert mean.lines[0].value == pytest.approx(min(states[:, unit], key=abs), abs=1e-5)
        assert {line.formula for line in each.lines[:WRITTEN_OUT]} == {
            "above 0.1" if states[0, unit] > 0 else "below −0.1"
        }


@pytest.mark.parametrize("phrase", [(4, 6), (4, 9), (4, 16)])
@pytest.mark.parametrize("cell", CELLS)
def test_a_place_counts_the_units_that_are_on_there(
    cell: str, phrase: tuple[int, int], bench: Bench, insight: Insight, models: Models
):
    brush, states = brushed(insight, cell, *phrase), hidden(models[cell], REFERENCE)
    signs, units = np.sign(brush.strengths), list(brush.units)
    assert brush.places
    for row, place in enumerate(brush.places):
        found = answer(bench, insight, CONFIG, Cell("phrase-places", (row,)), brush)
        assert found is not None
        on = states[place.start : place.stop, units] * signs > CONFIG.threshold
        assert found.value == place.share
        assert last(found) == pytest.approx(on.mean())
        each, together = found.steps
        named = [line.value for line in each.lines[:WRITTEN_OUT]]
        np.testing.assert_allclose(named, on.mean(1)[:WRITTEN_OUT])
        if len(on) > WRITTEN_OUT:
            assert each.lines[-1].value == pytest.approx(on[WRITTEN_OUT:].mean())
        assert together.lines[0].formula == f"{place.on} / {len(units)}"
        assert str(units[int(on.all(0).argmax())]) in together.lines[0].label


# What is not there, and the lab -------------------------------------------------------------------


def test_what_is_not_there_has_no_answer(bench: Bench, insight: Insight):
    brush = brushed(insight, "lstm", 4, 9)
    gone = [("trajectory-lstm", 2, 0), ("trajectory-lstm", -1, 0), ("trajectory-lstm", 1, 99)]
    gone += [("trajectory-transformer", 0, 0), ("memory", 3, 0), ("memory", 0, len(TEXT)), ("memory", 0, -1)]
    gone += [("features", 99), ("trackers", 10), ("trackers", -1), ("phrase-units", UNITS)]
    gone += [("phrase-places", 20), ("phrase-words", 0)]
    for array, *index in gone:
        assert answer(bench, insight, CONFIG, Cell(array, tuple(index)), brush) is None, (array, index)
    for array, *index in (("trajectory-lstm", 1, 0), ("memory", 0, 0), ("features", 0), ("phrase-units", 0)):
        assert answer(bench, None, CONFIG, Cell(array, tuple(index)), brush) is None, array
    assert answer(bench, insight, CONFIG, Cell("phrase-units", (0,))) is None
    unread = replace(brush, places=None)
    assert answer(bench, insight, CONFIG, Cell("phrase-places", (0,)), unread) is None
    longer = replace(brush, stop=len(TEXT) + 1)
    assert answer(bench, insight, CONFIG, Cell("phrase-units", (0,)), longer) is None


@pytest.fixture
def lab(models: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageModelling]:
    monkeypatch.setattr(language_models, "load_language_models", lambda kind: models)
    monkeypatch.setattr(language_models, "language_models", lambda: ("prose",))
    monkeypatch.setattr(insight_module, "reference_text", lambda: REFERENCE)
    lab = LanguageModelling(replace(CONFIG, text=TEXT), torch.device("cpu"))
    lab.start()
    while lab.jobs:
        lab.jobs.advance()
    yield lab
    lab.jobs.cancel()
    lab.close()


def test_the_lab_answers_for_every_view(lab: LanguageModelling):
    lab.brush("gru", 4, 9)
    snapshot = lab.snapshot()
    memory = snapshot.memory[2]
    shown = {
        ("trajectory-rnn", (0, 2)): float(np.linalg.norm(snapshot.trajectories[0].points[2])),
        ("memory", (2, 5)): math.exp(memory.log_norms[len(TEXT) - 6] - memory.log_norms.max()),
        ("features", (1,)): snapshot.tracks[1].strength,
        ("trackers", (3,)): snapshot.trackers[3].strength,
        ("phrase-units", (0,)): snapshot.brush.strengths[0],
        ("phrase-places", (4,)): snapshot.brush.places[4].share,
    }
    for (array, index), value in shown.items():
        lab.ask(Cell(array, index))
        found = lab.snapshot().answer
        assert found is not None, array
        assert found.value == pytest.approx(value), array
        assert last(found) == pytest.approx(value, rel=1e-5), array


def test_the_norm_is_the_euclidean_one():
    assert norm(np.array([3.0, 4.0])) == 5
