"""Chooses the field that suits a setting."""

from __future__ import annotations

from typing import Any

from engine.settings import Config, Setting
from gui.form.choice_fields import BoolField, ChoiceField, SearchField, SegmentField, TextField
from gui.form.field import Field
from gui.form.number_fields import NumberOnlyField, OptionalNumberField, SliderField
from gui.form.scale import scale_of
from gui.form.wording import choice_names

FEW = 3
"""At most this many choices stand side by side."""
SHORT = 22
"""At most this many letters in all do."""


def make_field(config_type: type[Config], name: str) -> Field:
    """The field that suits a setting's type, range and choices."""
    about, kind = config_type.settings()[name], config_type.type_of(name)
    default = getattr(config_type(), name)
    none_label = (about.none_label or "None") if about.optional else None
    if kind is str and about.open_choices:
        return SearchField(about.choices, none_label)
    if kind is str and not about.choices:
        return TextField(none_label)
    if kind is bool and not about.optional:
        return BoolField()
    if kind in (bool, str):
        names = choice_names(config_type, name)
        return _choice_field(_entries(names, kind, none_label))
    return _number_field(about, kind, default, none_label)


def _entries(names: dict[str, str], kind: type, none_label: str | None) -> dict[str, Any]:
    """What is written to what it means, in order."""
    first = {} if none_label is None else {none_label: None}
    if kind is bool:
        return first | {"On": True, "Off": False}
    return first | {text: choice for choice, text in names.items()}


def _choice_field(entries: dict[str, Any]) -> Field:
    side_by_side = len(entries) <= FEW and sum(map(len, entries)) <= SHORT
    return SegmentField(entries) if side_by_side else ChoiceField(entries)


def _number_field(about: Setting, kind: type, default: float | None, none_label: str | None) -> Field:
    home = default if default is not None else about.low if about.low is not None else 0
    scale = scale_of(about, kind, home)
    field: Field
    field = SliderField(scale, about.unit, home) if scale.has_slider else NumberOnlyField(scale, about.unit)
    return field if none_label is None else OptionalNumberField(field, none_label, scale.clamped(home))
