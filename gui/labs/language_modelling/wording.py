"""What the language modelling page says in words."""

from __future__ import annotations

from engine.labs.language_modelling import (
    Brush,
    CellReading,
    LanguageModellingConfig,
    LanguageModellingSnapshot,
    Memory,
    States,
    Track,
    Trajectory,
)
from gui.labs.language_modelling.plain_marks import strange_line

NAMES = {"rnn": "Vanilla RNN", "lstm": "LSTM", "gru": "GRU"}
NAMED = 3
"""Characters that a sentence names."""
SHORT = 24
"""Characters of a kept sentence that are shown."""
QUOTED = 16
"""Characters of a brushed phrase that are shown: it is marked in its text."""
LOWEST_THRESHOLD = LanguageModellingConfig.settings()["threshold"].low or 0.0
SHORT_NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
QUANTITY = {
    "hidden": "hidden state h",
    "cell": "cell state c",
    "input": "input gate i",
    "forget": "forget gate f",
    "candidate": "candidate g",
    "output": "output gate o",
    "reset": "reset gate r",
    "update": "update gate z",
    "new": "candidate n",
}
NAMELESS = {" ": "space", "\n": "new line", "\t": "tab"}
ORDERS = {
    "number": "by number",
    "activity": "most active first",
    "variance": "most varied first",
    "similarity": "units that act alike side by side",
}


def network_line(snapshot: LanguageModellingSnapshot) -> str:
    """The muted line under the lab's question."""
    if not snapshot.readings:
        return "Three networks, trained alike on the same texts."
    sizes = ", ".join(f"{NAMES[each.cell]} {each.hidden} units" for each in snapshot.readings)
    parameters = sum(each.parameters for each in snapshot.readings) / len(snapshot.readings)
    line = f"{sizes}; each {parameters / 1e6:.2f} million parameters, trained alike on the same texts."
    if snapshot.unread:
        return f"{line} {snapshot.unread:,} characters are still to be read."
    if snapshot.left_out:
        return f"{line} Only the last {len(snapshot.text):,} characters are read."
    strange = strange_line(snapshot)
    if snapshot.file:
        return f"{snapshot.file}: {snapshot.note}. {strange or 'Its beginning is on the line.'}"
    return strange or line


def surprise_line(reading: CellReading) -> str:
    """How well one network predicts the text."""
    parts = []
    if reading.nats_per_character is not None:
        parts.append(f"{reading.nats_per_character:.2f} nats a character here")
    if reading.file_nats is not None:
        parts.append(f"{reading.file_nats:.3f} over the whole file")
    return f"Surprise: {', '.join(parts)}." if parts else "It has read nothing yet."


def unit_colour_line(states: States) -> str:
    """What gives the text its colours, where it is a unit."""
    return f"Coloured by the {QUANTITY[states.quantity]} of unit {states.unit}."


def percent(share: float) -> str:
    """A share as a whole number of per cent; what is there is never nothing."""
    return "<1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def words_line(reading: CellReading) -> str:
    """How much of all that may come the first words cover."""
    return f"The first {len(reading.words)} hold {percent(sum(each.probability for each in reading.words))}."


def characters_line(reading: CellReading) -> str:
    """The first of the next characters, where their bars stand elsewhere."""
    first = ((mark_name(each.text), percent(each.probability)) for each in reading.characters[:NAMED])
    return "Next: " + ", ".join(f"{name} {share}" for name, share in first)


def mark_name(character: str) -> str:
    """A character within a sentence, in which a mark would be lost, and a quote in quotes be no better."""
    name = {'"': "double quote", "'": "apostrophe"}.get(character, character_name(character))
    return name if name[0].isalnum() else f"“{name}”"


def character_name(character: str) -> str:
    """A character as a row's label."""
    is_control = len(character) == 1 and not character.isprintable()
    return NAMELESS.get(character, f"U+{ord(character):04X}" if is_control else character)


def word_name(word: str) -> str:
    """A word as a row's label; the empty one ends the word that is being typed."""
    return word or "(the word ends)"


def states_line(snapshot: LanguageModellingSnapshot, states: States) -> str:
    """What the heat map shows."""
    order = ORDERS[snapshot.config.order]
    return f"{len(states.units)} units, {order}, after each character. Click one to see all of it."


def unit_line(states: States) -> str:
    """What the picked unit's rows show."""
    return "Everything this unit computed at each character. Point at a value to see its sum."


def memory_title(snapshot: LanguageModellingSnapshot) -> str:
    """Of which prediction the gradient is."""
    place, text = snapshot.predicted, snapshot.text
    if place is None:
        return "Gradient of the most probable next byte"
    before = on_one_line(text[max(0, place - QUOTED) : place])
    after = f" after “{'…' if place > QUOTED else ''}{before}”" if place else ""
    named = character_name(text[place])
    return f"Gradient of {f'“{named}”' if named == text[place] else named}{after}"


def memory_line(memory: tuple[Memory, ...], *, is_chosen: bool) -> str:
    """Among how many of the last characters half of what moved each network's prediction lies."""
    known = [each for each in memory if each.half_distance is not None]
    parts = [f"{each.half_distance} ({SHORT_NAMES[each.cell]})" for each in known]
    half = f"Half lies in the last {', '.join(parts)} characters. " if parts else ""
    return f"{half}Click one above to choose its prediction{'; again lets go' if is_chosen else ''}."


def track_line(track: Track) -> str:
    """What a unit tracks most closely, with its measure."""
    return f"{track.feature.capitalize()} most closely: {track.measure} {track.figure:.3f}."


def track_figure(track: Track) -> str:
    """The measure itself: 0.5 is nothing for an area under the curve, 0 for rho."""
    if track.measure == "ROC AUC":
        return f"AUC {track.figure:.3f}"
    return f"ρ {track.figure:+.3f}".replace("-", "−")


def brush_title(brush: Brush) -> str:
    """How many units stay on through the brushed phrase."""
    stay = "stays" if len(brush.units) == 1 else "stay"
    return f"{NAMES[brush.cell]}: {len(brush.units)} of {brush.hidden} units {stay} on"


def brush_line(brush: Brush, phrase: str) -> str:
    """When a unit stays on."""
    return f"|h| > {brush.threshold:.2f} through “{quoted(phrase)}”."


def none_line(brush: Brush) -> str:
    """What to do where no unit stays on."""
    if brush.steadiest < LOWEST_THRESHOLD:
        hidden = " What its cell state c keeps, its output gate hides from h." if brush.cell == "lstm" else ""
        return f"No unit’s h stays on one side of zero for as long: brush less.{hidden}"
    return f"The steadiest unit stays above {brush.steadiest:.2f}: set “On above” lower, or brush less."


def places_line(brush: Brush) -> str:
    """What the places of a brush are."""
    if not brush.places:
        return ""
    return "In the reference text; at the right how many of them stay on."


def quoted(phrase: str) -> str:
    """A phrase on one line, its middle left out where it is long."""
    phrase = on_one_line(phrase)
    return phrase if len(phrase) <= QUOTED else f"{phrase[: QUOTED // 2]}…{phrase[-QUOTED // 2 :]}"


def on_one_line(text: str) -> str:
    """A text with its line ends as marks."""
    return text.replace("\n", "↵").replace("\t", " ")


def trajectory_line(trajectory: Trajectory, by: str, axes: int) -> str:
    """How much of the state's movement so many axes show."""
    return f"{percent(sum(trajectory.share[:axes]))} of the variance, by {by[:-1]}."


def shortened(text: str) -> str:
    """The end of a kept sentence, as the name of its path."""
    return text if len(text) <= SHORT else f"…{text[-SHORT:]}"
