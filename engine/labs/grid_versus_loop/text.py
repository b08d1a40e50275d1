"""Experiment "text": a convolution over characters and loops say which language a sentence is in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.data.series.languages import load_languages
from engine.data.series.text_classes import read_text_folder
from engine.labs.grid_versus_loop.data import Data
from engine.labs.grid_versus_loop.finding_versus import finding_versus
from engine.labs.grid_versus_loop.finding_words import joined, sentence
from engine.labs.grid_versus_loop.learning import LearningExperiment
from engine.labs.grid_versus_loop.snapshot import Opened


class Text(LearningExperiment):
    """Sentences by language, or a person's own texts by class, and the sentence that is typed."""

    name = "text"
    asks = "Is a text known by its groups of letters anywhere, or by reading it to the end?"
    suits = ("logistic", "cnn", "rnn", "gru", "lstm")

    def load(self) -> Data:
        if self.config.data:
            path = Path(self.config.data).expanduser()
            return Data.of_texts(read_text_folder(path, seed=self.config.seed))
        return Data.of_texts(load_languages())

    def finding(self) -> str:
        found = finding_versus(
            self.contest.seen(),
            len(self.data.arrays[3]),
            self.chance,
            grid_does="looks for groups of letters anywhere",
            loop_does="reads letter after letter",
        )
        if not found or not self.config.text:
            return found
        titles = {key: entrant.counted.title for key, entrant in self.contest.entrants.items()}
        return f"{found} {said_of(self.opened(), titles, self.data.classes)}"


def said_of(opened: Opened, titles: dict[str, str], classes: Sequence[str]) -> str:
    """Which class the networks, by their titles, give to what was typed."""
    answers: dict[str, list[str]] = {}
    for key, probabilities in opened.probabilities.items():
        answers.setdefault(classes[int(probabilities.argmax())], []).append(titles[key])
    told = [f"{name} by the {joined(who)}" for name, who in answers.items()]
    return sentence(f"what you typed is taken for {joined(told)}")
