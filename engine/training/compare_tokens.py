"""Bytes or byte-pair encodings for text that is being typed: one LSTM on each, trained alike, compared.

    python -m engine.training compare-tokens --data DATA --out OUT --seconds 300

trains the same recurrent layer on the same novels with each encoding, for the same CPU time, and writes
OUT/tokens.json and the table OUT/tokens.md: nats a character on the novels kept back, and what shows while
one types. The models take turns, one update each, so that whatever else the machine does meets all alike.
The seed decides everything but how many updates fit into the time, which is recorded.

A byte-pair model predicts tokens, and the person types characters. Three ways from the one to the other:

- "as typed": the next token after what was typed, encoded as it stands. An unfinished word is then often
  spelled with tokens that would not be there if it were finished.
- "last token": the last token is taken back, and all ways on are weighed that spell what it spelled and
  more ("token healing").
- "last word": all tokens of the last word are. As no token crosses words, this is the model's probability of
  the next byte over every spelling of what was typed (Vieira et al., From Language Models over Tokens to
  Language Models over Characters, 2024), but for the most improbable ones.

Bytes need none of it. Nats a character of a byte-pair model count the one spelling that its encoding gives,
and so are an upper bound of the text's surprise.
"""

from __future__ import annotations

import heapq
import math
import random
import re
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count, pairwise, takewhile
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from engine.checkpoint import save_json, write_bytes_atomically
from engine.models.byte_tokens import START
from engine.models.character_evaluation import surprises
from engine.models.character_model import CharacterModel, CharacterModelConfig, State, detached
from engine.training import language_model
from engine.training.byte_pairs import BYTES, BytePairs, learn, words
from engine.training.corpus import Corpus, ShuffledStreams
from engine.training.language_model import BETAS, CLIP, WEIGHT_DECAY
from engine.training.schedule import Trapezoid

VOCABULARIES = (BYTES, 512, 2048)
HIDDEN, EMBEDDING = 256, 64
STREAMS, LENGTH = 32, 32
"""Texts side by side and mean tokens an update, as in the narrow stage of the preset "prose"."""
RATES = (3e-3, 6e-3, 1.2e-2)
TRIAL_SHARE, WARM_UP_SHARE = 1 / 15, 1 / 20
"""Of a training's CPU time: for each learning rate that is tried before, and while the rate rises."""
SENTENCES = 300
"""Typed, of each held-out text."""
NEGLIGIBLE = 1e-3
"""Ways to spell a word are left out when this much less probable than what was found."""

Clock = Callable[[], float]
Excerpt = tuple[bytes, bytes]
"""What is read for the state, and what is scored."""
TakenBack = Literal["as typed", "last token", "last word"]
Place = Literal["word begins", "inside"]

_SENTENCE = re.compile(rb"(?<=[ \n])[A-Z][^.!?\n]{20,160} [a-z]{2,}(?=[.!?])")


def compare(
    corpus: Corpus, out: Path, seconds: float, seed: int = 0, clock: Clock = time.process_time
) -> dict[str, Any]:
    """Train a model on each encoding for `seconds` of CPU, measure all; writes and returns the results."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    largest = learn((text.tobytes() for text in corpus.train.values()), max(VOCABULARIES))
    encodings = [largest.smaller(vocabulary) for vocabulary in VOCABULARIES]
    texts = [text.tobytes() for text in corpus.held_out.values()]
    pieces = [piece for text in texts for piece in excerpts(text)]
    typed = [sentence for text in texts for sentence in sentences(text, SENTENCES, seed)]
    runs, trials = _best_runs(encodings, corpus, pieces, Plan(seconds, seed, clock))
    curves = _watched(runs, pieces, seconds)
    found = [_measured(run, pieces, typed, clock) for run in runs]
    for entry, run, trial, curve in zip(found, runs, trials, curves, strict=True):
        entry |= {"learning_rate": run.peak, "trials": trial, "curve": curve}
    _compared_with_bytes(found)
    result = {"seconds": seconds, "seed": seed, "sentences": len(typed), "encodings": found}
    out.mkdir(parents=True, exist_ok=True)
    save_json(out / "tokens.json", result)
    write_bytes_atomically(out / "tokens.md", table(found).encode())
    return result


class Plan(NamedTuple):
    """How long a model is trained, in CPU seconds by `clock`, and with which seed."""

    seconds: float
    seed: int
    clock: Clock


class Run:
    """One model in training; it counts the CPU time of its own updates."""

    def __init__(self, encoding: BytePairs, texts: Sequence[np.ndarray], peak: float, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        self.encoding, self.peak = encoding, peak
        self.model = token_model(len(encoding))
        self.seconds, self.updates, self.tokens = 0.0, 0, 0
        self._clock = plan.clock
        self._schedule = Trapezoid.of_length(peak, WARM_UP_SHARE * plan.seconds, plan.seconds)
        self._streams = ShuffledStreams(texts, STREAMS, LENGTH, plan.seed)
        self._state = self.model.initial_state(STREAMS)
        self._optimiser = torch.optim.AdamW(
            self.model.parameters(), peak, BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )

    def step(self) -> None:
        """One update at the rate that the time spent so far calls for."""
        began = self._clock()
        for group in self._optimiser.param_groups:
            group["lr"] = self._schedule.rate(self.seconds)
        batch = self._streams.next()
        logits, state = self.model(batch[:, :-1], self._state)
        self._state = detached(state)
        loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self._optimiser.step()
        self.updates, self.tokens = self.updates + 1, self.tokens + batch[:, 1:].numel()
        self.seconds += self._clock() - began


def token_model(vocabulary: int) -> CharacterModel:
    """The LSTM of the shipped models, smaller, with `vocabulary` tokens in the place of the bytes."""
    model = CharacterModel(CharacterModelConfig("lstm", HIDDEN, EMBEDDING))
    if vocabulary != BYTES:
        model.embedding = nn.Embedding(vocabulary, EMBEDDING)
        model.head = nn.Linear(HIDDEN, vocabulary)
        nn.init.zeros_(model.head.bias)
    return model


def train(runs: Iterable[Run], seconds: float) -> None:
    """Bring every run to `seconds` of CPU time, always the one that has had least."""
    waiting = [(run.seconds, index, run) for index, run in enumerate(runs)]
    heapq.heapify(waiting)
    while waiting and waiting[0][0] < seconds:
        _, index, run = waiting[0]
        run.step()
        heapq.heapreplace(waiting, (run.seconds, index, run))


def excerpts(text: bytes) -> list[Excerpt]:
    """The excerpts on which the shipped models are watched, each bound moved on to the end of a word.

    No token crosses it, so that every encoding is scored on the very same characters.
    """
    warm_up = language_model.EXCERPT_WARM_UP
    whole = warm_up + language_model.EXCERPT
    last = max(0, len(text) - whole)
    begins = np.linspace(min(language_model.FRONT_MATTER * len(text), last), last, language_model.EXCERPTS)
    cuts = [[_word_end(text, int(begin) + more) for more in (0, warm_up, whole)] for begin in begins]
    return [(text[begin:scored], text[scored:end]) for begin, scored, end in cuts]


def nats(run: Run, pieces: Sequence[Excerpt]) -> list[float]:
    """Nats a character of each excerpt: the surprise of its tokens over its characters."""
    before = [run.encoding.encode(warm_up) for warm_up, _ in pieces]
    scored = [run.encoding.encode(text) for _, text in pieces]
    tokens = [np.array(a + b) for a, b in zip(before, scored, strict=True)]
    values = surprises(run.model, tokens, [len(warm_up) for warm_up in before])
    totals = [float(each.sum(dtype=np.float64)) for each in values]
    return [total / len(text.decode()) for total, (_, text) in zip(totals, pieces, strict=True)]


def sentences(text: bytes, number: int, seed: int) -> list[bytes]:
    """At most `number` sentences up to the end of their last word, which has at least two letters."""
    found = _SENTENCE.findall(text)
    return random.Random(seed).sample(found, min(number, len(found)))


def taken_back(encoding: BytePairs, sentence: bytes) -> list[int]:
    """For each key of `sentence`, how many tokens of what was typed before are no longer there after it."""
    spelled = [encoding.encode(sentence[:end]) for end in range(len(sentence) + 1)]
    return [len(before) - _common(before, after) for before, after in pairwise(spelled)]


class Typist:
    """A model reading what is typed: it keeps what it knows after each token and runs only new tokens."""

    def __init__(self, model: CharacterModel, encoding: BytePairs, negligible: float = NEGLIGIBLE) -> None:
        self._model, self._encoding, self._negligible = model, encoding, negligible
        self._token = {piece: token for token, piece in enumerate(encoding.pieces)}
        self._sorted = sorted(encoding.pieces)
        self._ways: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
        self._tokens: list[int] = []
        self._text = b""
        self._after = [self._run(START, None)]

    def read(self, text: bytes) -> None:
        """Take `text` in the place of the text before."""
        tokens = self._encoding.encode(text)
        kept = _common(self._tokens, tokens)
        del self._after[kept + 1 :]
        for token in tokens[kept:]:
            self._after.append(self._run(token, self._after[-1][1]))
        self._tokens, self._text = tokens, text

    def next_bytes(self, back: TakenBack) -> np.ndarray:
        """P(next byte | what was typed), (256,), with so much of its spelling taken back."""
        kept, rest = self._kept(back)
        order, mass = count(), np.zeros(BYTES)
        ways = [(-1.0, next(order), rest, None, self._after[kept])]
        while ways and -ways[0][0] > self._negligible * mass.sum():
            negative, _, rest, token, after = heapq.heappop(ways)
            after = after if token is None else self._run(token, after[1])
            probability = after[0]
            longer, following = self._longer(rest)
            mass += np.bincount(following, -negative * probability[longer], BYTES)
            for end in range(1, len(rest) + 1):
                if (token := self._token.get(rest[:end])) is not None:
                    way = (negative * probability[token], next(order), rest[end:], token, after)
                    heapq.heappush(ways, way)
        return mass / mass.sum()

    def _kept(self, back: TakenBack) -> tuple[int, bytes]:
        """How many tokens stay, and the bytes of the others."""
        if back == "as typed" or not self._tokens:
            return len(self._tokens), b""
        if back == "last token":
            return len(self._tokens) - 1, self._encoding.pieces[self._tokens[-1]]
        word = words(self._text)[-1]
        return len(self._tokens) - len(self._encoding.encode(word)), word

    def _longer(self, rest: bytes) -> tuple[np.ndarray, np.ndarray]:
        """The tokens that begin with `rest` and are longer, and the byte of each that follows it."""
        if rest not in self._ways:
            following = self._sorted[bisect_left(self._sorted, rest) :]
            begun = takewhile(lambda piece: piece.startswith(rest), following)
            pieces = [piece for piece in begun if len(piece) > len(rest)]
            tokens = np.array([self._token[piece] for piece in pieces], int)
            self._ways[rest] = tokens, np.array([piece[len(rest)] for piece in pieces], int)
        return self._ways[rest]

    @torch.inference_mode()
    def _run(self, token: int, state: State | None) -> tuple[np.ndarray, State]:
        """P(token) (V,) after one token more, and the state."""
        logarithms, state = self._model.step(torch.tensor([token]), state)
        return logarithms[0].exp().double().numpy(), state


class Key(NamedTuple):
    """After one key: was the true next byte the most probable, its probability, CPU time until predicted."""

    place: Place
    right: bool
    probability: float
    milliseconds: float


def type_last_word(
    typist: Typist, sentence: bytes, backs: Sequence[TakenBack], clock: Clock
) -> dict[TakenBack, list[Key]]:
    """Type the last word of `sentence` key by key, from the space before it to its last letter but one."""
    begin = sentence.rindex(b" ") + 1
    typist.read(sentence[: begin - 1])
    keys: dict[TakenBack, list[Key]] = {back: [] for back in backs}
    for end in range(begin, len(sentence)):
        began = clock()
        typist.read(sentence[:end])
        reading = clock() - began
        for back in backs:
            began = clock()
            probabilities = typist.next_bytes(back)
            milliseconds = 1e3 * (reading + clock() - began)
            place: Place = "inside" if end > begin else "word begins"
            right = int(probabilities.argmax()) == sentence[end]
            keys[back].append(Key(place, right, float(probabilities[sentence[end]]), milliseconds))
    return keys


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """The results as a Markdown table, a row for each encoding and way of taking back."""
    head = (
        "tokens", "parameters", "characters read", "nats a character", "± against bytes", "prediction",
        "inside a word: right", "P(true)", "word begins: right", "P(true)", "tokens taken back a key",
        "keys that take back", "ms a key, median", "95 %",
    )  # fmt: skip
    rows = [head, tuple("---" for _ in head)]
    for entry in found:
        for back, way in entry["typing"].items():
            inside, begins = way["inside"], way["word begins"]
            rows.append((
                str(entry["vocabulary"]), f"{entry['parameters']:,}", f"{entry['characters_read']:,}",
                f"{entry['nats_per_character']:.3f}", _signed(entry["against_bytes"]), back,
                f"{inside['right']:.1%} ± {inside['right_error']:.1%}", f"{inside['probability']:.3f}",
                f"{begins['right']:.1%}", f"{begins['probability']:.3f}",
                f"{entry['taken_back_per_key']:.3f}", f"{entry['keys_that_take_back']:.1%}",
                f"{way['milliseconds']:.2f}", f"{way['milliseconds_95']:.2f}",
            ))  # fmt: skip
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _best_runs(
    encodings: Sequence[BytePairs], corpus: Corpus, pieces: Sequence[Excerpt], plan: Plan
) -> tuple[list[Run], list[dict[str, float]]]:
    """For each encoding a new run at the best of RATES, and the nats a character of each rate's trial."""
    runs, trials = [], []
    brief = plan._replace(seconds=plan.seconds * TRIAL_SHARE)
    for encoding in encodings:
        texts = [np.array(encoding.encode(text.tobytes()), np.uint16) for text in corpus.train.values()]
        tried = [Run(encoding, texts, rate, brief) for rate in RATES]
        train(tried, brief.seconds)
        found = {run.peak: fmean(nats(run, pieces)) for run in tried}
        best = min((rate for rate in RATES if math.isfinite(found[rate])), key=found.__getitem__)
        runs.append(Run(encoding, texts, best, plan))
        trials.append({f"{rate:g}": round(value, 4) for rate, value in found.items()})
    return runs, trials


def _watched(runs: Sequence[Run], pieces: Sequence[Excerpt], seconds: float) -> list[list[dict[str, float]]]:
    """Train to the end; for each run its nats a character at each quarter of the time."""
    curves: list[list[dict[str, float]]] = [[] for _ in runs]
    for quarter in range(1, 5):
        train(runs, seconds * quarter / 4)
        for curve, run in zip(curves, runs, strict=True):
            spent = {"seconds": round(run.seconds, 1), "updates": run.updates, "tokens": run.tokens}
            curve.append({**spent, "nats_per_character": fmean(nats(run, pieces))})
            print(f"{len(run.encoding)} tokens: {curve[-1]}", file=sys.stderr, flush=True)
    return curves


def _measured(run: Run, pieces: Sequence[Excerpt], typed: Sequence[bytes], clock: Clock) -> dict[str, Any]:
    """Everything that is compared of one trained model."""
    each = nats(run, pieces)
    length = fmean(len(text) / len(run.encoding.encode(text)) for _, text in pieces)
    back = [number for sentence in typed for number in taken_back(run.encoding, sentence)]
    backs: tuple[TakenBack, ...] = ("as typed", *(("last token", "last word") if run.encoding.merges else ()))
    typist = Typist(run.model.eval(), run.encoding)
    keys: dict[TakenBack, list[Key]] = {way: [] for way in backs}
    for sentence in typed:
        for way, more in type_last_word(typist, sentence, backs, clock).items():
            keys[way] += more
    return {
        "vocabulary": len(run.encoding),
        "parameters": sum(weight.numel() for weight in run.model.parameters()),
        "bytes_per_token": length,
        "characters_read": round(run.tokens * length),
        "nats_per_excerpt": each,
        "nats_per_character": fmean(each),
        "taken_back_per_key": fmean(back),
        "keys_that_take_back": fmean(number > 0 for number in back),
        "typing": {way: _summary(found) for way, found in keys.items()},
    }


def _summary(keys: Sequence[Key]) -> dict[str, Any]:
    times = [key.milliseconds for key in keys]
    ninety_five = float(np.percentile(times, 95))
    found: dict[str, Any] = {"milliseconds": median(times), "milliseconds_95": ninety_five}
    for place in ("word begins", "inside"):
        here = [key for key in keys if key.place == place]
        right = fmean(key.right for key in here)
        error = math.sqrt(right * (1 - right) / len(here))
        found[place] = {"keys": len(here), "right": right, "right_error": error}
        found[place]["probability"] = fmean(key.probability for key in here)
    return found


def _compared_with_bytes(found: Sequence[dict[str, Any]]) -> None:
    """Add the mean difference in nats a character over the excerpts, and its standard error."""
    for entry in found:
        pairs = zip(entry["nats_per_excerpt"], found[0]["nats_per_excerpt"], strict=True)
        differences = [nats_here - nats_of_bytes for nats_here, nats_of_bytes in pairs]
        error = stdev(differences) / math.sqrt(len(differences))
        entry["against_bytes"] = {"mean": fmean(differences), "error": error}


def _signed(difference: Mapping[str, float]) -> str:
    return f"{difference['mean']:+.3f} ± {difference['error']:.3f}" if any(difference.values()) else "0"


def _word_end(text: bytes, index: int) -> int:
    """The first space or line end at or after `index`, or the end."""
    return next((at for at in range(index, len(text)) if text[at] in b" \n"), len(text))


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
