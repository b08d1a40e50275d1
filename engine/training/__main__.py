"""Trains the language models that ship with the application.

One command trains one of them from nothing, and goes on with `--resume` after an interruption:

    python -m engine.training language-model --cell lstm --data DATA --out OUT --characters 40e6

DATA holds the texts (for the preset "prose" a folder `novels` of .txt files, one paragraph a line). OUT
receives curve.jsonl (one JSON object every half a minute: characters read, nats a character in training
and on held-out excerpts, learning rate, characters a second, gradient norm), checkpoints every two minutes,
and at the end model.safetensors, the weights in float16.

The preset "prose" trains models of half the width first, in OUT/narrow, and widens them: three times the
characters a second where most is learned. The small presets begin streams at a state of zeros again, at
lines, because a text that is typed begins there. The learning rate is constant up to the last quarter, which
anneals it to zero. A run can be lengthened (`--resume` with more characters goes on from the last constant
checkpoint) and annealed at any moment (`--decay`). `--turn N` stops after N more characters, for machines
with more models than cores.

    python -m engine.training search --cell lstm --data DATA --out OUT --characters 700e3

trains briefly, at the final width or at `--hidden`, with each learning rate of one grid, the same for every
cell, and writes OUT/search-lstm.json.

    python -m engine.training ship --preset prose --runs RUNS --data DATA --out assets/language_models

puts the weights of the finished runs RUNS/rnn, RUNS/lstm and RUNS/gru into a folder, each with its card.

    python -m engine.training compare-tokens --data DATA --out OUT --seconds 180

trains an LSTM on bytes and on two byte-pair encodings for the same CPU time each, and writes OUT/tokens.md:
how they predict, and how they read while one types.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

from engine.errors import UserError
from engine.models.character_model import CELLS
from engine.training.card import ship
from engine.training.compare_tokens import compare
from engine.training.corpus import Corpus, load_corpus
from engine.training.language_model import LanguageModelTraining, Options
from engine.training.presets import PRESETS
from engine.training.run import NARROW, STABLE, prepare, run
from engine.training.schedule import DECAY_SHARE
from engine.training.search import GRID, search


def main(arguments: list[str]) -> int:
    """Run one command; 0 when it did what was asked, 2 with one sentence on standard error if not."""
    given = _parser().parse_args(arguments)
    try:
        return given.command(given)
    except UserError as error:
        print(error.sentence, file=sys.stderr)
        return 2


def _train(given: argparse.Namespace) -> int:
    corpus = load_corpus(given.data, PRESETS[given.preset])
    turn, grow_from = given.turn, None
    if PRESETS[given.preset].narrow and not given.hidden:
        turn, grow_from = _train_narrow(given, corpus), given.out / NARROW / STABLE
        if turn <= 0:
            return 0
    training = LanguageModelTraining(_options(given), corpus)
    schedule = prepare(
        training,
        given.out,
        given.characters,
        resume=given.resume,
        decay=given.decay,
        grow_from=grow_from,
    )
    run(training, schedule, given.out, turn)
    return 0


def _train_narrow(given: argparse.Namespace, corpus: Corpus) -> float:
    """Train the preset's narrow stage up to its end, if it is not there; what is left of the turn."""
    if given.decay or (given.resume and (given.out / STABLE).exists()):
        return given.turn
    options = Options.of_preset(given.preset, given.cell, seed=given.seed, narrow=True)
    until = PRESETS[given.preset].narrow_characters
    training = LanguageModelTraining(options, corpus)
    schedule = prepare(training, given.out / NARROW, until / (1 - DECAY_SHARE), resume=given.resume)
    begun = training.characters
    run(training, schedule, given.out / NARROW, min(given.turn, until - begun))
    left = given.turn - (training.characters - begun)
    return left if training.characters >= until else 0.0


def _search(given: argparse.Namespace) -> int:
    corpus = load_corpus(given.data, PRESETS[given.preset])
    search(_options(given), corpus, given.characters, given.rates, given.out)
    return 0


def _ship(given: argparse.Namespace) -> int:
    ship(given.preset, {cell: given.runs / cell for cell in CELLS}, given.data, given.out)
    return 0


def _compare_tokens(given: argparse.Namespace) -> int:
    compare(load_corpus(given.data, PRESETS["prose"]), given.out, given.seconds, given.seed)
    return 0


def _options(given: argparse.Namespace) -> Options:
    """The preset's options with those replaced that were given."""
    names = ("hidden", "streams", "length", "learning_rate")
    chosen = {name: getattr(given, name, None) for name in names}
    options = Options.of_preset(given.preset, given.cell, seed=given.seed)
    return replace(options, **{name: value for name, value in chosen.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine.training", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("language-model", help="train one model")
    train.set_defaults(command=_train)
    train.add_argument("--learning-rate", type=float, help="default: the preset's, chosen by search")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoints in OUT")
    train.add_argument("--decay", action="store_true", help="anneal the last constant checkpoint in OUT now")
    train.add_argument("--turn", type=float, default=math.inf, help="stop after so many more characters")
    searching = commands.add_parser("search", help="compare learning rates briefly")
    searching.set_defaults(command=_search)
    searching.add_argument("--rates", type=float, nargs="+", default=GRID, help=f"default: {GRID}")
    shipping = commands.add_parser("ship", help="put finished models into a folder, with their cards")
    shipping.set_defaults(command=_ship)
    shipping.add_argument("--preset", choices=tuple(PRESETS), default="prose")
    shipping.add_argument("--runs", type=Path, required=True, help="the folder with a run for each cell")
    shipping.add_argument("--data", type=Path, required=True, help="the folder with the texts")
    shipping.add_argument("--out", type=Path, required=True, help="the folder for weights and cards")
    comparing = commands.add_parser("compare-tokens", help="bytes against byte-pair encodings")
    comparing.set_defaults(command=_compare_tokens)
    comparing.add_argument("--data", type=Path, required=True, help="the folder with the texts")
    comparing.add_argument("--out", type=Path, required=True, help="the folder for what comes of it")
    comparing.add_argument("--seconds", type=float, default=300.0, help="CPU time for each encoding")
    comparing.add_argument("--seed", type=int, default=0)
    for command, characters in ((train, 40e6), (searching, 700e3)):
        _add_common(command, characters)
    return parser


def _add_common(command: argparse.ArgumentParser, characters: float) -> None:
    command.add_argument("--cell", choices=CELLS, required=True)
    command.add_argument("--data", type=Path, required=True, help="the folder with the texts")
    command.add_argument("--out", type=Path, required=True, help="the folder for what comes of it")
    command.add_argument("--preset", choices=tuple(PRESETS), default="prose")
    command.add_argument("--characters", type=float, default=characters, help="length of the whole run")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--hidden", type=int, help="units, from the start; default: the preset's")
    command.add_argument("--streams", type=int, help="texts read side by side; default: the preset's")
    command.add_argument("--length", type=int, help="mean bytes between updates; default: the preset's")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
