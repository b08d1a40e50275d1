"""Ask any pixel of the language modelling lab: what was read and guessed here, what was understood beside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from engine.ask import Answer, Cell, Line, Step
from engine.explain.arithmetic_format import added, factor, number
from engine.explain.arithmetic_pointwise import softmax_lines
from engine.explain.arithmetic_recurrent import explain_unit
from engine.explain.arithmetic_window import numbers
from engine.explain.next_characters import Guess
from engine.explain.next_words import NextWord
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.insight import Insight
from engine.labs.language_modelling.question_words import FULL_NAMES
from engine.labs.language_modelling.questions_memory import of_memory
from engine.labs.language_modelling.questions_phrase import of_phrase
from engine.labs.language_modelling.questions_training import KINDS as OF_TRAINING
from engine.labs.language_modelling.questions_training import of_training
from engine.labs.language_modelling.questions_trajectory import of_point
from engine.labs.language_modelling.questions_units import of_track
from engine.labs.language_modelling.snapshot import Brush, Training
from engine.labs.language_modelling.states import COLUMNS
from engine.models.byte_tokens import character_label, encode, label
from engine.models.character_model import CharacterModel
from engine.models.character_reader import Reader

OF_INSIGHT = ("trajectory", "memory", "features", "trackers", "phrase")


def answer(
    bench: Bench,
    insight: Insight | None,
    config: LanguageModellingConfig,
    cell: Cell,
    brush: Brush | None = None,
    training: Training | None = None,
) -> Answer | None:
    """How the value under the pointer came about; None where there is none (any more).

    Arrays: "states" (unit, character), "gates" (row, character), and for each network "surprise-lstm"
    (character,), "characters-lstm" (rank,) and "words-lstm" (rank,). Of the `insight` "trajectory-lstm"
    (path, point), "memory" (network, characters back), "features" and "trackers" (rank,), and of the
    `brush` "phrase-units" and "phrase-places" (rank,). Of the `training` "loss-lstm" (start, stop),
    "heldout-lstm" (step, step + 1), "gradient-lstm" and "update-lstm" (layer, start, stop), in steps.
    """
    kind, _, network = cell.array.partition("-")
    if kind in ("states", "gates"):
        return _of_states(bench, config, kind, cell.index)
    if kind in OF_INSIGHT:
        return None if insight is None else _of_insight(bench, insight, config, cell, brush)
    if kind in OF_TRAINING:
        return None if training is None else of_training(training, kind, network, cell.index)
    if network not in bench.readers:
        return None
    if kind == "surprise":
        return _of_surprise(bench, network, cell.index[0])
    reading = next(each for each in bench.readings() if each.cell == network)
    if kind == "words":
        return _of_word(bench, network, reading.words, cell.index[0])
    return _of_character(bench, network, reading.characters, cell.index[0]) if kind == "characters" else None


def _of_insight(
    bench: Bench, insight: Insight, config: LanguageModellingConfig, cell: Cell, brush: Brush | None
) -> Answer | None:
    kind, _, part = cell.array.partition("-")
    if kind == "trajectory":
        return of_point(bench, insight, part, config.path, cell.index)
    if kind == "memory":
        return of_memory(bench, insight.memory, cell.index)
    if kind == "phrase":
        return None if brush is None else of_phrase(bench, insight, brush, part, cell.index[0])
    return of_track(bench, insight, config, kind, cell.index[0])


def _of_states(
    bench: Bench, config: LanguageModellingConfig, kind: str, index: tuple[int, ...]
) -> Answer | None:
    shown = bench.states(config)
    row, place = index
    reading, module = bench.reading(config.cell), bench.readers[config.cell].model.recurrent
    if shown is None or not 0 <= place < len(reading.text):
        return None
    rows = len(shown.gates) if kind == "gates" else len(shown.units)
    if not 0 <= row < rows:
        return None
    quantity, unit = (shown.gates[row], shown.unit) if kind == "gates" else (shown.quantity, row)
    return explain_unit(
        reading.trace,
        module,
        COLUMNS[config.cell][quantity],
        int(reading.steps[place]),
        unit,
        interventions=reading.interventions,
    )


def _of_surprise(bench: Bench, network: str, place: int) -> Answer | None:
    reading, model = bench.reading(network), bench.readers[network].model
    if not 0 <= place < len(reading.text):
        return None
    character, end = reading.text[place], int(reading.steps[place])
    tokens = encode(character).tobytes()
    hidden = reading.trace.layers[-1].h[end - len(tokens) : end]
    bytes_steps = tuple(_byte(model, h, token) for h, token in zip(hidden, tokens, strict=True))
    together = _together(bytes_steps)
    nats = -math.log(together.value) if together.value > 0 else math.inf
    line = Line("surprise", f"−ln {number(together.value)}", nats)
    return Answer(
        f"Surprise of the {FULL_NAMES[network]} at character {place + 1}, {character_label(character)}",
        "How improbable the network found this character after all that stood before it, in nats: "
        "0 if it was certain of it.",
        float(reading.surprise[place]),
        (len(reading.text),),
        (*bytes_steps, Step("output layer", "surprise", (together, line))),
    )


def _of_character(bench: Bench, network: str, guesses: Sequence[Guess], rank: int) -> Answer | None:
    if not 0 <= rank < len(guesses):
        return None
    guess = guesses[rank]
    steps = _spelled_out(bench.readers[network], guess.text)
    if len(steps) > 1:
        steps = (*steps, Step("output layer", "probability", (_together(steps),)))
    return Answer(
        f"Probability of {character_label(guess.text)}, {FULL_NAMES[network]}",
        "How probable the network finds this character as the next one: the softmax of the output layer, "
        "after each of its bytes.",
        guess.probability,
        (len(guesses),),
        steps,
    )


def _of_word(bench: Bench, network: str, words: Sequence[NextWord], rank: int) -> Answer | None:
    if not 0 <= rank < len(words):
        return None
    word = words[rank]
    return Answer(
        f"Probability of “{word.word}”, {FULL_NAMES[network]}",
        "The product of the probabilities of its characters, each after those before it, and of the word "
        "ending there.",
        word.probability,
        (len(words),),
        (Step("output layer", "probability", _word_lines(bench, network, word)),),
    )


def _word_lines(bench: Bench, network: str, word: NextWord) -> tuple[Line, ...]:
    """P of each byte, and of an end after them, which the search for words has summed up."""
    if "\N{REPLACEMENT CHARACTER}" in word.continuation:  # bytes that spell nothing cannot be named
        return (Line("P", "its bytes and an end after them", word.probability),)
    steps = _spelled_out(bench.readers[network], word.continuation)
    spelled = [Line(step.operation, "softmax of the output layer", step.lines[-1].value) for step in steps]
    reached = math.prod(line.value for line in spelled)
    end = word.probability / reached
    return (
        *spelled,
        Line("then an end", "all that may end the word, summed", end),
        Line(
            "P",
            " × ".join(factor(value) for value in (*(line.value for line in spelled), end)),
            reached * end,
        ),
    )


@torch.inference_mode()
def _spelled_out(reader: Reader, text: str) -> tuple[Step, ...]:
    """The probability of each byte of `text`, were it to follow what was read."""
    onward, state = reader.onward, reader.reading.next_state
    steps, top = [], reader.reading.state
    for token in encode(text).tolist():
        hidden = top[0] if isinstance(top, tuple) else top
        steps.append(_byte(reader.model, numbers(hidden[-1, 0]), token))
        _, state = onward.step(torch.tensor([token]), state)
        top = state
    return tuple(steps)


def _byte(model: CharacterModel, hidden: np.ndarray, token: int) -> Step:
    """The probability of one byte after the hidden state (H,): its logit and the softmax, in float64."""
    bias = numbers(model.head.bias)
    sums = numbers(model.head.weight) @ hidden.astype(np.float64)
    formula = f"{len(hidden)} products summed, {number(sums[token])} {added(float(bias[token]))}"
    logits = sums + bias
    lines = (Line("logit", formula, float(logits[token])), *softmax_lines(logits, token))
    return Step("output layer", f"softmax, {label(token)}", lines)


def _together(steps: Sequence[Step]) -> Line:
    """The product of the probabilities of a character's bytes."""
    shares = [step.lines[-1].value for step in steps]
    return Line("P", " × ".join(map(number, shares)), math.prod(shares))
