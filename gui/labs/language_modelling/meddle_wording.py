"""What meddling is called: where it begins, what is done to which network, and what one will see of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from math import isnan

from engine.labs.language_modelling import CellReading, Meddling
from gui.labs.language_modelling import wording

ALL = "all"
"""In place of a network where something is done to all three."""
STATES = frozenset({"hidden", "cell"})
"""What a cell shows of each unit besides its gates."""
CANDIDATES = frozenset({"candidate", "new"})
"""What is written into the state, between −1 and 1: there is no open and shut, only nothing at all."""
NO_GATES = "A vanilla RNN has no gates: its state is overwritten at every character."
NO_NUMBERS = "Its weights give no numbers any more: its training failed."
ALREADY = "It is so already. Let go of it above the guesses."

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NAMELESS = {" ": "the space", "\n": "the new line", "\t": "the tab"}
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}
_HELD = {
    ("input", 1.0): "Every candidate is written into the cell state in full.",
    ("input", 0.0): "Nothing new is written into the cell state.",
    ("forget", 1.0): "Nothing in the cell state is forgotten: what is written adds up.",
    ("forget", 0.0): "The cell state keeps nothing from the character before.",
    ("output", 1.0): "The hidden state is tanh c: all of the cell state is heard.",
    ("output", 0.0): "The hidden state is 0: the cell state goes on, but nobody hears it.",
    ("candidate", 0.0): "There is nothing to write: the cell state only fades.",
    ("reset", 1.0): "The candidate sees all of the old state.",
    ("reset", 0.0): "The candidate sees the character alone, and nothing of the old state.",
    ("update", 1.0): "The old state is kept: nothing new gets in.",
    ("update", 0.0): "The candidate takes the place of the old state at every character.",
    ("new", 0.0): "There is nothing to take in: the state only fades.",
}
"""What a held gate does; the GRU's update gate is PyTorch's, whose 1 keeps (h = (1 − z) n + z h before)."""
_FOLLOW = "States, guesses and surprise follow."
_PICK = "Click a value in a heat map to pick another unit and character."


# Places ---------------------------------------------------------------------------------------------


def place_name(text: str, place: int) -> str:
    """A character by the word it stands in: “dark”, “r” of “dark”, the 2nd “the”, “.” after “dark”."""
    if place >= len(text):
        return "what comes next"
    before = None
    for word in _WORD.finditer(text):
        if word.start() > place:
            break
        before = word
    if before is None:
        return _character(text[place])
    if place >= before.end():
        return f"{_character(text[place])} after {_word(text, before)}"
    named = _word(text, before)
    return named if place == before.start() else f"{_character(text[place])} of {named}"


def since(text: str, place: int) -> str:
    """From which character on."""
    if place < 0:
        return "from the beginning of what is read"
    return "from the beginning" if place == 0 else f"from {place_name(text, place)}"


def before(text: str, place: int) -> str:
    """Before which character."""
    if place < 0:
        return "before what is read"
    return "at the beginning" if place == 0 else f"before {place_name(text, place)}"


def _word(text: str, word: re.Match[str]) -> str:
    """A word, numbered where it stood in the text before."""
    number = 1 + sum(each.group() == word.group() for each in _WORD.finditer(text, 0, word.start()))
    named = f"“{wording.quoted(word.group())}”"
    return named if number == 1 else f"the {_ordinal(number)} {named}"


def _ordinal(number: int) -> str:
    teen = 11 <= number % 100 <= 13
    return f"{number}{'th' if teen else _ORDINALS.get(number % 10, 'th')}"


def _character(character: str) -> str:
    if character in _NAMELESS:
        return _NAMELESS[character]
    return f"“{character}”" if character.isprintable() else f"U+{ord(character):04X}"


# Deeds ----------------------------------------------------------------------------------------------


def chip(text: str, done: Meddling) -> str:
    """What was done, as briefly as it can be said: "LSTM: unit 45 off from “dark”"."""
    who = "All three" if done.cell == ALL else wording.SHORT_NAMES[done.cell]
    if done.kind == "reset":
        return f"{who}: state reset {before(text, done.place)}"
    what = f"unit {done.unit} off" if done.kind == "off" else f"{_held_gate(done)} {_position(done)}"
    return f"{who}: {what} {since(text, done.place)}"


def deed(text: str, wanted: Meddling) -> str:
    """What may be done, in full, as a menu says it."""
    if wanted.kind == "reset":
        whose = "states of all three" if wanted.cell == ALL else f"state of the {_name(wanted.cell)}"
        return f"Reset the {whose} {before(text, wanted.place)}"
    start = f"{since(text, wanted.place)} on"
    if wanted.kind == "off":
        return f"Unit {wanted.unit} off {start}"
    value = "" if wanted.gate in CANDIDATES else f" ({wanted.value:g})"
    return f"Hold the {_held_gate(wanted)} {_position(wanted)}{value} {start}"


def effect(wanted: Meddling) -> str:
    """What it means, and what one will see."""
    if wanted.kind == "reset":
        return f"Before this character, once, all that was remembered is wiped out. {_FOLLOW}"
    if wanted.kind == "off":
        return f"Its hidden state is 0: neither the guesses nor the other units hear it. {_FOLLOW}"
    return f"{_HELD[wanted.gate, wanted.value]} {_FOLLOW}"


def _held_gate(wanted: Meddling) -> str:
    """The gate, and of which units: "update gate of all units"."""
    gate = wording.QUANTITY[wanted.gate].rsplit(" ", 1)[0]
    return f"{gate} of {'all units' if wanted.unit is None else f'unit {wanted.unit}'}"


def _position(wanted: Meddling) -> str:
    if wanted.gate in CANDIDATES:
        return f"at {wanted.value:g}"
    return {0.0: "shut", 1.0: "open"}[wanted.value]


def _name(cell: str) -> str:
    return "vanilla RNN" if cell == "rnn" else wording.NAMES[cell]


# Tools ----------------------------------------------------------------------------------------------

TOGETHER = "Meddle"
"""Over all that may be done, where there is little room."""


def long_labels(text: str, place: int, unit: int) -> tuple[str, str, str]:
    """To switch a unit off, to hold a gate, to reset the state."""
    short = "" if place == 0 else _character(text[place])
    off = f"from {short} on" if short else "from the beginning"
    return f"Unit {unit} off {off}", "Hold gate", f"Reset before {short}" if short else "Reset state"


def short_labels(unit: int) -> tuple[str, str, str]:
    """The same in fewer words."""
    return f"Unit {unit} off", "Hold gate", "Reset state"


def hold_entry(text: str, place: int) -> str:
    """Over the menu of all gates."""
    return f"Hold a gate {since(text, place)} on"


def hold_tip(text: str, place: int) -> str:
    """What it means to hold a gate."""
    return f"{hold_entry(text, place)}: open (1) or shut (0), whatever the network would have it."


def reset_tip(text: str, place: int) -> str:
    """What it means to reset the state."""
    return f"Wipe out, once, what was remembered {before(text, place)}. {_PICK}"


def together_tip(cell: str, unit: int, text: str, place: int) -> str:
    """What the menu of all that may be done is about."""
    return f"Meddle with the {_name(cell)}, its unit {unit}, {since(text, place)} on. {_PICK}"


# Sentences ------------------------------------------------------------------------------------------


def untrained_line(cells: Collection[str]) -> str:
    """Which networks are no longer what was trained."""
    names = [name for cell, name in wording.SHORT_NAMES.items() if cell in cells or ALL in cells]
    if len(names) == len(wording.SHORT_NAMES):
        return "None of the three is as it was trained."
    if len(names) == 1:
        return f"The {names[0]} is not as it was trained."
    return f"The {names[0]} and the {names[1]} are not as they were trained."


def surprise_line(reading: CellReading) -> str:
    """How well a network predicts the text, and how well it would if nothing were done to it."""
    if reading.nats_per_character is not None and isnan(reading.nats_per_character):
        return NO_NUMBERS
    line = wording.surprise_line(reading)
    if reading.untouched_nats is None:
        return line
    here = "nats a character here"
    return line.replace(here, f"{here} ({reading.untouched_nats:.2f} untouched)")
