"""What the lab answers without a screen: the entry in the command line's results, and the files beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.desk import Desk
from engine.labs.language_modelling.snapshot import CellReading, Training
from engine.labs.language_modelling.sources import Source
from engine.labs.language_modelling.training_run import TrainingRun
from engine.models.character_model import save_character_model


def result(
    desk: Desk, config: LanguageModellingConfig, document: Source | None, run: TrainingRun | None
) -> dict[str, Any]:
    """The whole entry: of the opened file or of the text, and how the networks learned where they have."""
    if run is not None:
        for _ in run.score():
            pass
        run.go_to(None)
        desk.read_again()
    found = (
        of_text(desk.bench, config, desk.typed) if document is None else of_file(desk.bench, document.text)
    )
    return found if run is None else {**found, "training": of_training(run.view)}


def of_text(bench: Bench, config: LanguageModellingConfig, typed: str) -> dict[str, Any]:
    """Next characters and words of each network, and its surprise at all that was typed."""
    for _ in bench.find_words():
        pass
    cells = {reading.cell: _of_cell(bench, config, typed, reading) for reading in bench.readings()}
    return {"text": typed, "cells": cells}


def _of_cell(
    bench: Bench, config: LanguageModellingConfig, typed: str, reading: CellReading
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "tokens": [{"token": each.text, "probability": each.probability} for each in reading.characters],
        "words": [{"word": each.word, "probability": each.probability} for each in reading.words],
        "nats_per_character": bench.nats(reading.cell, typed),
    }
    if config.generate:
        found["generated"] = bench.write(reading.cell, config.generate, config)
    return found


def of_file(bench: Bench, text: str) -> dict[str, Any]:
    """The nats per character of each network over the whole file, as it is now."""
    for _ in bench.score(text):
        pass
    scores = {each.cell: {"nats_per_character": each.file_nats} for each in bench.readings()}
    return {"characters": len(text), "cells": scores}


def of_training(training: Training) -> dict[str, Any]:
    """How each network learned: its loss in nats per character by step, and that on what was kept back."""
    return {
        "text": training.text,
        "characters": training.characters,
        "held_out_characters": training.held_out,
        "steps": training.step,
        "epochs": training.epochs,
        "cells": {
            each.cell: {
                "parameters": each.parameters,
                "steps": each.steps.tolist(),
                "loss": each.loss.tolist(),
                "held_out_nats_per_character": float(each.held_out[-1]) if len(each.held_out) else None,
                "failed_at": each.failed_at,
            }
            for each in training.cells
        },
    }


def weight_files(bench: Bench) -> Mapping[str, Callable[[Path], None]]:
    """A file of weights for each network, which `load_character_model` reads."""
    return {
        f"{cell}.safetensors": partial(save_character_model, model=reader.model)
        for cell, reader in bench.readers.items()
    }
