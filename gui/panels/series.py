"""Colours of curves: the theme's own for what has a meaning, six that can be told apart for what has none."""

from __future__ import annotations

from functools import cache

from gui.theme import Theme, readable, theme

PAGE = ""
"""Stands for the page's own ground."""
_SERIES = (
    # Okabe & Ito's colour, and the grounds it is made readable on in the dark and in the light theme. On
    # white alone they would all become equally dark, and then hue alone would have to tell them apart, which
    # colour-blind eyes cannot: so some keep more distance to the page than they need for reading.
    ("#E69F00", PAGE, PAGE),
    ("#0072B2", PAGE, PAGE),
    ("#009E73", PAGE, PAGE),
    ("#CC79A7", "#505050", "#b4b4b4"),
    ("#F0E442", PAGE, "#c8c8c8"),
    ("#56B4E9", PAGE, "#e0e0e0"),
)
COUNT = len(_SERIES)
"""How many unnamed series can be told apart; further ones begin anew."""


def series_colour(colour: str | int) -> str:
    """The "#rrggbb" of a curve in the theme in force.

    `colour` is a name of one of the theme's colours ("lstm", "reference", "accent", ...) or the place, from
    0, of a series that has no colour of its own, such as one of the leading classes.
    """
    if isinstance(colour, int):
        return _of_series(theme(), colour % COUNT)
    return getattr(theme(), colour)


@cache
def _of_series(colours: Theme, place: int) -> str:
    base, in_dark, in_light = _SERIES[place]
    ground = in_dark if colours.name == "dark" else in_light
    return readable(base, ground or colours.page)
