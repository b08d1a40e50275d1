"""What a run gives without a screen: figures, arrays, the network's source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.checkpoint import write_bytes_atomically
from engine.labs.convnet_training.looking import Looking
from engine.labs.convnet_training.run import TrainingRun
from engine.models.designs import examine, source_text
from engine.training.pictures.evaluation import Evaluation
from engine.training.pictures.held import Held

TOP = 5


KEYS = (
    *("train_accuracy", "test_accuracy", "loss", "test_loss", "confusion", "train_pictures", "test_pictures"),
    *("seconds", "images_per_second", "epochs", "failed_at", "split", "skipped"),
    *("parameters", "multiply_adds", "classes", "top"),
)
"""Of every result; what was not measured is None."""


def result(run: TrainingRun, looking: Looking) -> dict[str, Any]:
    """Accuracies, cost and speed; of a picture of the person's own, what it is taken for."""
    found = examine(run.design, run.data.shape, len(run.data.classes))
    is_own = looking.pinned.truth is None and len(run.data.classes) > 0
    known: dict[str, Any] = {
        "parameters": found.parameters,
        "multiply_adds": found.multiply_adds,
        "classes": list(run.data.classes),
        "split": run.data.split,
        "skipped": [error.sentence for error in run.data.skipped],
        "top": _top(looking) if is_own else None,
    }
    if run.step_count or not is_own:
        known |= _figures(run)
    return dict.fromkeys(KEYS) | known


def _figures(run: TrainingRun) -> dict[str, Any]:
    """How the network does on all pictures, and how long its updates took."""
    run.training.read_back()
    train, test = _scored(run, run.training.held), _scored(run, run.test)
    run.verdict = test
    return {
        "train_accuracy": train.accuracy,
        "test_accuracy": test.accuracy,
        "loss": train.loss,
        "test_loss": test.loss,
        "confusion": test.confusion.tolist(),
        "train_pictures": len(train.labels),
        "test_pictures": len(test.labels),
        "seconds": round(run.seconds, 3),
        "images_per_second": run.pictures / run.seconds if run.seconds else None,
        "epochs": run.step_count / run.training.steps_per_epoch if run.step_count else 0.0,
        "failed_at": run.training.record.failed_at,
    }


def _top(looking: Looking) -> list[dict[str, Any]]:
    classes = looking.inspection.classifier.classes
    best = looking.look.probabilities.topk(min(TOP, len(classes)))
    return [
        {"label": classes[index], "index": index, "probability": value}
        for value, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]


def _scored(run: TrainingRun, held: Held) -> Evaluation:
    return _last(run.training.score(held))


def _last(slices: Iterator[tuple[int, int]]) -> Evaluation:
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def arrays(run: TrainingRun) -> Mapping[str, np.ndarray]:
    """Curves by update, the layers' gradient norms, and what the network says of every test picture."""
    record = run.training.record
    steps, low, high, mean = record.loss.arrays()
    watched, norms = record.norms.arrays()
    found = {
        "loss": np.stack([steps, mean, low, high]),
        "gradient_norms": np.column_stack([watched, norms]),
        "test_scores": np.array(record.test_scores, np.float64).reshape(-1, 3),
    }
    if run.verdict is not None:
        found |= {"test_logits": run.verdict.logits, "test_labels": run.verdict.labels}
    return found


def write_source(run: TrainingRun, path: Path) -> None:
    """The network as a plain PyTorch module."""
    scale = run.network.get_submodule("normalise")
    mean, std = (getattr(scale, name).flatten().tolist() for name in ("mean", "std"))
    text = source_text(run.design, run.data.shape, len(run.data.classes), mean=mean, std=std)
    write_bytes_atomically(path, text.encode())
