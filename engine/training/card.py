"""A model card: what a shipped model learned from, how, and how well it does on texts it has never seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from engine.checkpoint import write_bytes_atomically
from engine.models.byte_tokens import decode
from engine.models.character_evaluation import nats_per_character
from engine.models.character_model import CELLS, CharacterModel, load_character_model
from engine.training.corpus import Corpus, load_corpus
from engine.training.presets import PRESETS
from engine.training.run import CURVE, NARROW, WEIGHTS

TITLES = {"rnn": "vanilla RNN (tanh)", "lstm": "LSTM", "gru": "GRU"}
ABOUT = {
    "prose": "Seventeen English novels in the public domain, from the GITenberg repositories, headers and "
    "licence pages removed, quotes and dashes in ASCII, a paragraph a line",
    "shakespeare": "Plays of Shakespeare in the public domain (the text known as tinyshakespeare), the first "
    "nine tenths",
    "names": "First names given in the United States (Social Security Administration, as collected in "
    "makemore, MIT), a name a line, the first nine tenths",
}
"""The data and its licence, by preset."""
ROWS = 10
"""Lines of the curve that the card shows."""


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


def held_out_scores(model: CharacterModel, corpus: Corpus) -> dict[str, float]:
    """Nats a character over each whole text that was kept back, the state carried through."""
    names = list(corpus.held_out)
    texts = [decode(corpus.held_out[name]) for name in names]
    return dict(zip(names, nats_per_character(model, texts), strict=True))


def read_curve(run: Path) -> list[dict[str, object]]:
    """The lines that a run has written, its narrow stage's first."""
    files = [path for path in (run / NARROW / CURVE, run / CURVE) if path.exists()]
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def card(
    model: CharacterModel,
    notes: Mapping[str, str],
    held_out: Mapping[str, float],
    curve: list[dict[str, object]],
) -> str:
    """The card as Markdown."""
    config, preset = model.config, notes["preset"]
    if not PRESETS[preset].held_out:
        held_out = {f"the last tenth of {name}": nats for name, nats in held_out.items()}
    parameters = sum(weight.numel() for weight in model.parameters())
    characters, decay_from = float(notes["characters"]), float(notes["decay_from"])
    facts = {
        "Model": f"embedding of the 256 bytes ({config.embedding}), one {TITLES[config.cell]} layer of "
        f"{config.hidden} units, a linear layer; {parameters:,} parameters, stored in float16.",
        "Use": "to be looked into while it predicts the next character; it is far too small to write by.",
        "Data": f"{ABOUT[preset]}.",
        "Kept back": f"{', '.join(held_out)}; never trained on, watched, and scored below.",
        "Schedule": f"{characters / 1e6:.2f} million characters ({notes['epochs']} epochs), AdamW, learning "
        f"rate {notes['learning_rate']} (chosen for this cell by `python -m engine.training search`): "
        f"warm-up, constant to {decay_from / 1e6:.2f} million, then linear to zero; {notes['streams']} "
        f"streams, state carried on, back-propagation through time cut every {notes['length']} bytes on "
        f"average, gradient norm clipped at 1; seed {notes['seed']}.",
        "Again": f"`python -m engine.training language-model --preset {preset} --cell {config.cell} "
        f"--data DATA --out OUT --characters {characters:.0f}`",
    }
    parts = [
        f"# {TITLES[config.cell]}, {preset}\n",
        *(f"- **{name}**: {text}" for name, text in facts.items()),
        "\n| kept-back text, whole | nats a character |\n|---|---|",
        *(f"| {name} | {nats:.4f} |" for name, nats in held_out.items()),
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
