"""A model card: what a shipped model learned from, how, and how well it does on texts it has never seen."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.checkpoint import write_bytes_atomically
from engine.models.byte_tokens import decode, encode
from engine.models.character_evaluation import nats_per_character, total_nats
from engine.models.character_model import CELLS, CharacterModel, load_character_model
from engine.training.corpus import Corpus, load_corpus
from engine.training.presets import PRESETS
from engine.training.run import CURVE, NARROW, WEIGHTS
from engine.training.schedule import DECAY_SHARE

TITLES = {"rnn": "vanilla RNN (tanh)", "lstm": "LSTM", "gru": "GRU"}
ABOUT = {
    "prose": "Seventeen English novels in the public domain (A Room with a View, Alice’s Adventures in "
    "Wonderland, Dracula, Emma, Great Expectations, Jane Eyre, Little Women, Peter Pan, Pride and Prejudice, "
    "The Adventures of Sherlock Holmes, The Adventures of Tom Sawyer, The Picture of Dorian Gray, The Return "
    "of Sherlock Holmes, The Secret Garden, The Time Machine, The Wonderful Wizard of Oz, Treasure Island), "
    "from the GITenberg repositories, headers and licence pages removed, quotes and dashes in ASCII, a "
    "paragraph a line",
    "shakespeare": "Plays of Shakespeare in the public domain (the text known as tinyshakespeare), the first "
    "nine tenths",
    "names": "First names given in the United States (Social Security Administration, as collected in "
    "makemore, MIT), a name a line, the first nine tenths",
}
"""The data and its licence, by preset."""
ROWS = 10
"""Lines of the curve that the card shows."""
FIRST = 32
"""Characters at the beginning of a line that are scored by `from_zeros`."""
BATCH = 512
"""Lines scored at once; it changes memory and speed and not the result."""


@dataclass(frozen=True)
class Score:
    """How well a model predicts one text, in nats a character."""

    whole: float
    """Over all of the text, the state carried through."""
    from_zeros: float
    """Over the beginnings of its lines, each read from a state of zeros."""


def ship(preset: str, runs: Mapping[str, Path], data: Path, folder: Path) -> None:
    """Put the weights of finished `runs` (by cell) into `folder`, each with its card beside it.

    Raises UserError where a run is not finished or the texts are not there.
    """
    corpus = load_corpus(data, PRESETS[preset])
    for cell in CELLS:
        weights = runs[cell] / WEIGHTS
        model, notes = load_character_model(weights)
        target = folder / f"{preset}-{cell}.safetensors"
        write_bytes_atomically(target, weights.read_bytes())
        text = card(model, notes, held_out_scores(model, corpus), read_curve(runs[cell]))
        write_bytes_atomically(target.with_suffix(".md"), text.encode())


def held_out_scores(model: CharacterModel, corpus: Corpus) -> dict[str, Score]:
    """How well each text that was kept back is predicted, by its name."""
    texts = {name: decode(text) for name, text in corpus.held_out.items()}
    wholes = nats_per_character(model, list(texts.values()))
    return {
        name: Score(whole, from_zeros(model, text))
        for (name, text), whole in zip(texts.items(), wholes, strict=True)
    }


def from_zeros(model: CharacterModel, text: str) -> float:
    """Mean nats of the first `FIRST` characters of each line of `text`, the line alone: what a person meets.

    Every line begins with a state of zeros, as an empty text field does. Its end is scored where it is
    among them; empty lines are left out. NaN where all are.
    """
    lines = [f"{line}\n"[:FIRST] for line in text.split("\n") if line]
    batches = (lines[begin : begin + BATCH] for begin in range(0, len(lines), BATCH))
    nats = math.fsum(sum(total_nats(model, [encode(line) for line in batch])) for batch in batches)
    return nats / sum(map(len, lines)) if lines else math.nan


def read_curve(run: Path) -> list[dict[str, object]]:
    """The lines that a run has written, its narrow stage's first."""
    files = [path for path in (run / NARROW / CURVE, run / CURVE) if path.exists()]
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def card(
    model: CharacterModel,
    notes: Mapping[str, str],
    held_out: Mapping[str, Score],
    curve: list[dict[str, object]],
) -> str:
    """The card as Markdown."""
    config, preset = model.config, notes["preset"]
    if not PRESETS[preset].held_out:
        held_out = {f"the last tenth of {name}": score for name, score in held_out.items()}
    parameters = sum(weight.numel() for weight in model.parameters())
    characters, decay_from = float(notes["characters"]), float(notes["decay_from"])
    restarts = float(notes.get("restarts", 0))
    again = f", begun again at zeros at {100 * restarts:.0f} % of the lines that begin a stream's next bytes"
    states = f"state carried on{again if restarts else ''}"
    facts = {
        "Model": f"embedding of the 256 bytes ({config.embedding}), one {TITLES[config.cell]} layer of "
        f"{config.hidden} units, a linear layer; {parameters:,} parameters, stored in float16.",
        "Use": "to be looked into while it predicts the next character; it is far too small to write by.",
        "Data": f"{ABOUT[preset]}.",
        "Kept back": f"{', '.join(held_out)}; never trained on, watched, and scored below.",
        "Schedule": f"{characters / 1e6:.2f} million characters ({notes['epochs']} epochs), AdamW, learning "
        f"rate {notes['learning_rate']} (chosen for this cell by `python -m engine.training search`): "
        f"warm-up, constant to {decay_from / 1e6:.2f} million, then linear to zero; {notes['streams']} "
        f"streams, {states}, back-propagation through time cut every {notes['length']} bytes on average, "
        f"gradient norm clipped at 1; seed {notes['seed']}.",
        "Again": f"`python -m engine.training language-model --preset {preset} --cell {config.cell} "
        f"--data DATA --out OUT --characters {decay_from / (1 - DECAY_SHARE):.0f}`",
    }
    parts = [
        f"# {TITLES[config.cell]}, {preset}\n",
        *(f"- **{name}**: {text}" for name, text in facts.items()),
        f"\n| kept-back text | nats a character, whole | first {FIRST} of each line, from a state of zeros |"
        "\n|---|---|---|",
        *(f"| {name} | {score.whole:.4f} | {score.from_zeros:.4f} |" for name, score in held_out.items()),
        "\n| million characters read | nats a character in training | kept-back excerpts |\n|---|---|---|",
        *_rows(curve),
    ]
    return "\n".join(parts) + "\n"


def _rows(curve: list[dict[str, object]]) -> list[str]:
    """Lines with kept-back figures, evenly chosen, the last among them."""
    watched = [line for line in curve if line.get("held_out")]
    step = max(1, len(watched) // ROWS)
    return [
        f"| {float(str(line['characters'])) / 1e6:.2f} | {line['train']} | {_excerpts(line['held_out'])} |"
        for line in watched[::-1][::step][::-1]
    ]


def _excerpts(held_out: object) -> str:
    return ", ".join(str(nats) for nats in held_out.values()) if isinstance(held_out, dict) else ""
