"""What the training tab says in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.labs.language_modelling import LanguageModellingConfig, Learning, Training
from gui.labs.language_modelling.wording import percent

TITLE = "Watch the three learn a text of yours"
INVITATION = (
    "A vanilla RNN, an LSTM and a GRU read the same batches. Loss, gradients and what they write are drawn "
    "while they learn, and you can go back to any moment of it."
)
DROP = "You may also drop a .txt file or a folder anywhere on the window."
REFERENCE = "Learn from the reference text"
SAMPLES = "What they write"
NO_SAMPLE = "It has written nothing yet."
NOT_SCORED = "Held-out text has not been scored yet."
NAMES = {"rnn": "vanilla RNN", "lstm": "LSTM", "gru": "GRU"}
"""In the middle of a sentence."""
LONGEST = 28
"""Characters of a file's name that are shown."""
WORSE = 0.01
"""Nats a character by which the held-out loss must have risen before it is called overfitting."""
FALLING = 0.005
"""Nats a character by which the training loss must have fallen since."""
MARKS = {"\n": " ↵ ", "\t": " "}
LATER = 2
"""Scores after the best one that must be worse: a single one may be chance."""


def file_name(name: str) -> str:
    """A file's name on a button, its middle left out where it is long."""
    half = LONGEST // 2
    return name if len(name) <= LONGEST else f"{name[:half]}…{name[-half:]}"


def learn_from(file: str) -> str:
    """What begins to learn at once: from the opened file, else from the text that ships."""
    return f"Learn from {file_name(file)}" if file else REFERENCE


def networks(config: LanguageModellingConfig) -> str:
    """Which networks a new run begins with."""
    return "the networks that ship" if config.from_default else f"new {config.size} networks"


def begin_line(config: LanguageModellingConfig) -> str:
    """Which networks a new run begins with, and how to choose others."""
    if config.from_default:
        return "The networks that ship go on learning; the settings under Train have new ones instead."
    return f"New {config.size} networks begin with random weights; the settings under Train have others."


def begin_again(training: Training, config: LanguageModellingConfig) -> str:
    """The run that would take the place of this one."""
    return f"Begin again: {file_name(training.text)}, {networks(config)}"


def source_line(training: Training) -> str:
    """What is learned from."""
    held_out = f", and {training.held_out:,} more are held out" if training.held_out else ""
    return f"{training.text}: {training.characters:,} characters are learned from{held_out}."


def dashed_line(training: Training, *, brief: bool) -> str:
    """What the dashed curves are."""
    if not training.held_out:
        return "Nothing is held out."
    return "Dashed: held out." if brief else f"Dashed: on {training.held_out:,} characters held out."


def layers_line(cell: str) -> str:
    """Whose layers are shown."""
    return f"{NAMES[cell][0].upper()}{NAMES[cell][1:]}, by layer."


def samples_line(training: Training, *, brief: bool) -> str:
    """When the samples were written, where that is not when one looks, and what a click does."""
    latest = max((each.sample_step for each in training.cells if each.sample), default=None)
    if latest is not None and not training.follows and latest > training.shown:
        return f"Later: at step {latest:,}."
    if brief:
        return "" if latest is None else f"At step {latest:,}."
    return "After the text on the line. Click one to see its layers."


def readable(text: str) -> str:
    """A sample on one line, ends of lines and what cannot be printed as marks; it goes on with the line."""
    marked = (MARKS.get(each) or (each if each.isprintable() else "·") for each in text)
    return f"…{''.join(marked)}" if text else ""


def findings(training: Training) -> tuple[str, ...]:
    """Sentences about the run, what matters most first."""
    if not training.follows:
        return (_past_line(training), *_failures(training))
    if not training.step:
        return (f"Nothing is learned yet of {training.text}. Press play below to begin.",)
    sentences = (*_failures(training), _standing_line(training), _overfitting_line(training))
    return tuple(sentence for sentence in sentences if sentence)


def _standing_line(training: Training) -> str:
    """Where the networks stand, the best first."""
    seen = (
        f"{training.epochs:.1f} readings of {file_name(training.text)}"
        if training.epochs >= 1
        else f"{percent(training.epochs)} of {file_name(training.text)} read"
    )
    after = f"After {_steps(training.step)} ({seen})"
    scored = [each for each in _alive(training) if len(each.held_out)]
    if scored:
        scores = {each.cell: float(each.held_out[-1]) for each in scored}
        return f"{after} {_ranking(scores)} on {_unread(scored, training.step)}."
    losses = {each.cell: float(each.loss[-1]) for each in _alive(training) if len(each.loss)}
    return f"{after} {_ranking(losses)} on what is being read. {NOT_SCORED}" if losses else ""


def _past_line(training: Training) -> str:
    """That one looks at the past, and how the networks stood then."""
    line = (
        f"You look at the past: every view shows the networks as they were after {_steps(training.shown)} "
        f"of {training.step:,}."
    )
    scores = {each.cell: score for each in training.cells if (score := score_at(each, training.shown))}
    if not scores:
        return line
    scored = [each for each in training.cells if each.cell in scores]
    return f"{line} Then {_ranking(scores, was=True)} on {_unread(scored, training.shown)}."


def score_at(learning: Learning, step: int) -> float | None:
    """The held-out loss as it was last measured by a step; None before the first."""
    measured = _scores_by(learning, step)
    value = float(learning.held_out[measured - 1]) if measured else np.nan
    return value if np.isfinite(value) else None


def _scores_by(learning: Learning, step: int) -> int:
    """How often the held-out text had been scored by a step."""
    return int(np.searchsorted(learning.held_out_steps, step, side="right"))


def _ranking(scores: dict[str, float], *, was: bool = False) -> str:
    """ "the LSTM is at 1.92 nats a character, the GRU at 1.95", the best first."""
    first, *others = sorted(scores, key=lambda cell: scores[cell])
    begin = f"the {NAMES[first]} {'was' if was else 'is'} at {scores[first]:.2f} nats a character"
    return ", ".join([begin, *(f"the {NAMES[cell]} at {scores[cell]:.2f}" for cell in others)])


def _unread(scored: Sequence[Learning], by: int) -> str:
    """The held-out text, and the step of its last score by a step: of the first and last in turn, of several.

    The networks are scored one after the other, so that for a moment some are a score ahead of the others.
    """
    steps = [int(each.held_out_steps[_scores_by(each, by) - 1]) for each in scored]
    first, last = min(steps), max(steps)
    when = f"step {last:,}" if first == last else f"steps {first:,} to {last:,}"
    return f"text {'they have' if len(scored) > 1 else 'it has'} not read, scored at {when}"


def _failures(training: Training) -> tuple[str, ...]:
    """Which networks rest because their loss was no number, and who goes on."""
    failed = [each for each in training.cells if each.failed_at is not None]
    if not failed:
        return ()
    said = "the {}’s loss was no number at step {:,}"
    text = _listed([said.format(NAMES[each.cell], each.failed_at) for each in failed])
    rests = "it rests" if len(failed) == 1 else "they rest"
    return (f"{text[0].upper()}{text[1:]}: {rests}, {_who_goes_on(_alive(training))}.",)


def _who_goes_on(alive: Sequence[Learning]) -> str:
    if not alive:
        return "and nothing is learned any more. Begin again with a lower learning rate"
    return "the others go on" if len(alive) > 1 else f"the {NAMES[alive[0].cell]} goes on"


def _overfitting_line(training: Training) -> str:
    """Which networks get worse on what they have not read while they get better on what they read."""
    found = [(each.cell, best) for each in _alive(training) if (best := overfits_since(each)) is not None]
    if not found:
        return ""
    who = _listed([f"the {NAMES[cell]} (best at step {best:,})" for cell, best in found])
    gets, its = ("get", "their") if len(found) > 1 else ("gets", "its")
    return f"Overfitting: {who} {gets} worse on held-out text while {its} training loss falls."


def overfits_since(learning: Learning) -> int | None:
    """The step of the best held-out loss, where it has risen since though the training loss fell."""
    scores = learning.held_out
    if len(scores) <= LATER or not np.isfinite(scores).all():
        return None
    best = int(scores.argmin())
    has_risen = len(scores) - 1 - best >= LATER and bool((scores[best + 1 :] > scores[best] + WORSE).all())
    step = int(learning.held_out_steps[best])
    then = int(np.searchsorted(learning.steps, step, side="right")) - 1
    if not has_risen or not 0 <= then < len(learning.loss) - 1:
        return None
    return step if _recent(learning.loss) < _recent(learning.loss[: then + 1]) - FALLING else None


def _recent(loss: np.ndarray) -> float:
    """The mean of the last tenth, since single batches differ."""
    return float(loss[-max(1, len(loss) // 10) :].mean())


def _alive(training: Training) -> list[Learning]:
    return [each for each in training.cells if each.failed_at is None]


def _steps(count: int) -> str:
    return f"{count:,} {'step' if count == 1 else 'steps'}"


def _listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
