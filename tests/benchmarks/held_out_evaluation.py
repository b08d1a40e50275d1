"""Nats a character of text that was kept back, against PyTorch's plain forward pass over the same batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.models.character_model import CharacterModel

    Task = tuple[Callable[[], object], torch.Tensor]
    """What evaluates, and the tokens (B, T + 1) that it is about."""

SENTENCE = "Scoring text that was kept back, against a plain batched forward pass and its cross entropy."
LIMIT = 1.0
ROUNDS = 12
KINDS = ("names", "prose")
"""Networks as small as those that learn before one's eyes, and the largest that ship."""
ROWS, COLUMNS = 4, 1024
"""Texts that are scored side by side, and bytes of each."""
WHOLE = 1024
"""Bytes of the one text that is scored from end to end."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """For each network: texts side by side and one whole text; of small ones also the excerpts of a run."""
    from engine.device import prepare_thread
    from engine.models.language_models import load_language_models

    prepare_thread()
    for kind in KINDS:
        for cell, model in load_language_models(kind).items():
            for name, (evaluate, rows) in _tasks(model, is_small=kind == KINDS[0]).items():
                others = Others()
                runs = {"evaluation": timed(evaluate)}
                timings = interleave(timed(partial(_plain, model, rows)), runs, rounds, warm_up=1)
                yield Finding(
                    f"{kind} {cell}, {name}",
                    timings.ratio("evaluation"),
                    LIMIT,
                    others.cores(),
                    control=timings.control,
                    note=timings.fastest("evaluation"),
                )


def _tasks(model: CharacterModel, *, is_small: bool) -> dict[str, Task]:
    from engine.models.character_evaluation import total_nats
    from engine.training.live_held_out import EXCERPT, EXCERPTS, Excerpts

    texts, whole = _texts(ROWS, COLUMNS), _texts(1, WHOLE)
    tasks: dict[str, Task] = {
        f"{ROWS} texts": (partial(total_nats, model, texts), _rows(texts)),
        "a whole text": (partial(total_nats, model, whole), _rows(whole)),
    }
    if is_small:  # each excerpt is a text of its own, so that plain rows are as long
        kept_back = _texts(EXCERPTS, EXCERPT)
        excerpts = Excerpts(kept_back)
        tasks["excerpts"] = (lambda: list(excerpts.nats(model)), _rows(kept_back))
    return tasks


def _texts(count: int, length: int) -> list[np.ndarray]:
    """Pieces of the reference text, read again from its beginning where it ends, each at another place."""
    import numpy as np

    from engine.data.reference import reference_text
    from engine.models.byte_tokens import encode

    text = encode(reference_text())
    return [np.resize(np.roll(text, -100 * place), length) for place in range(count)]


def _rows(texts: list[np.ndarray]) -> torch.Tensor:
    """(B, T + 1) int64: `texts` of one length after the token with which a text begins."""
    import numpy as np
    import torch

    from engine.models.byte_tokens import START

    table = np.stack(texts).astype(np.int64)
    return torch.from_numpy(np.insert(table, 0, START, axis=1))


def _plain(model: CharacterModel, rows: torch.Tensor) -> float:
    """The summed surprise of all rows, as one writes it down with PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy

    with torch.inference_mode():
        logits = model(rows[:, :-1])[0]
        return float(cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="sum"))
