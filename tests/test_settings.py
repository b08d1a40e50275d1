"""Config: parsing, checking and restoring what a person set."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.errors import UserError
from engine.settings import Config, setting


@dataclass(frozen=True)
class Example(Config):
    size: int = setting(64, "Size", "How large.", low=1, high=1000, unit="px")
    rate: float = setting(0.5, "Rate", "How fast.", low=0.0, high=1.0)
    kind: str = setting("round", "Kind", "Which.", choices=("round", "square"))
    layer: str | None = setting(None, "Layer", "Where.", open_choices=True, optional=True)
    mirror: bool = setting(False, "Mirror", "Left to right.")


def test_settings_are_in_order_with_the_seed_last():
    assert list(Example.settings()) == ["size", "rate", "kind", "layer", "mirror", "seed"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("size", "12", 12), ("rate", "1", 1.0), ("kind", "square", "square"), ("layer", "stem", "stem"),
     ("layer", "none", None), ("mirror", "yes", True), ("mirror", "off", False), ("seed", "7", 7)],
)  # fmt: skip
def test_parse(name: str, text: str, value: object):
    parsed = Example.parse(name, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [("size", "big", "whole number"), ("size", "0", "1 to 1000 px"), ("rate", "1.5", "0.0 to 1.0"),
     ("rate", "nan", "range"), ("kind", "oval", "round, square"), ("mirror", "maybe", "yes or no")],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_reason(name: str, text: str, word: str):
    with pytest.raises(UserError, match=word):
        Example.parse(name, text)


def test_restore_keeps_what_fits_and_defaults_the_rest():
    saved = {"size": 8, "rate": 7.0, "kind": 3, "layer": "stem", "mirror": True, "gone": 1, "seed": -1}
    assert Example.restore(saved) == Example(size=8, layer="stem", mirror=True)


def test_round_trip_through_a_dictionary():
    config = Example(size=3, rate=0.25, kind="square", layer="a.b", mirror=True, seed=9)
    assert Example.restore(config.as_dict()) == config
