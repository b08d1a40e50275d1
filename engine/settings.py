"""Config: everything a person may set in a lab, described once beside its default.

The form on screen, the command line and the saved session are all made from the same fields.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from engine.errors import UserError


@dataclass(frozen=True)
class Setting:
    """What form, tooltip and command line need to know about one field of a `Config`."""

    label: str
    help: str
    group: str = ""
    """The heading under which the form shows it."""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    """Allowed values of a text field; with `open_choices` only suggestions."""
    open_choices: bool = False
    """The lab knows the choices only while it runs and sends them with its snapshots."""
    optional: bool = False
    """May be None, which the form shows as `none_label`."""
    none_label: str = ""
    on_page: bool = False
    """The lab's page has a control for it, so that the form has none."""
    by_command: bool = False
    """Set by a command of the lab's own; `configure` leaves it as it is."""


def setting(default: Any, label: str, help: str, **details: Any) -> Any:
    """A dataclass field of a `Config`; `details` are the further fields of `Setting`."""
    return dataclasses.field(default=default, metadata={"setting": Setting(label, help, **details)})


@dataclass(frozen=True)
class Config:
    """Base of every lab's settings. Fields are int, float, bool, str, or one of them or None."""

    seed: int = setting(
        0,
        "Seed",
        "Starts every random choice; the same seed gives the same result.",
        group="Run",
        low=0,
        high=2**31 - 1,
    )

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Field name to its `Setting`, in order, the lab's own first and the seed last."""
        found = {field.name: field.metadata["setting"] for field in dataclasses.fields(cls)}
        found["seed"] = found.pop("seed")
        return found

    @classmethod
    def type_of(cls, name: str) -> type:
        """The plain type of a field: int, float, bool or str (without "or None")."""
        hint = _hints(cls)[name]
        if isinstance(hint, types.UnionType):
            hint = next(part for part in typing.get_args(hint) if part is not type(None))
        return hint

    @classmethod
    def parse(cls, name: str, text: str) -> Any:
        """A field's value from the text of a command line. Raises `UserError` where it does not fit."""
        about, kind = cls.settings()[name], cls.type_of(name)
        word = text.strip().lower()
        if about.optional and word in ("", "none", "auto"):
            return None
        try:
            value = _TRUTH[word] if kind is bool else kind(text)
        except (KeyError, ValueError):
            wanted = {int: "a whole number", float: "a number", bool: "yes or no"}[kind]
            raise UserError(f"{about.label} cannot be “{text}”", f"it takes {wanted}") from None
        return cls.check(name, value)

    @classmethod
    def check(cls, name: str, value: Any) -> Any:
        """`value` in the field's own type. Raises `UserError` outside the type, range or choices."""
        about, kind = cls.settings()[name], cls.type_of(name)
        if value is None and about.optional:
            return None
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise UserError(f"{about.label} cannot be {value!r}", f"it takes {kind.__name__}")
        if about.choices and not about.open_choices and value not in about.choices:
            raise UserError(
                f"{about.label} cannot be “{value}”", "", f"Choose one of {', '.join(about.choices)}"
            )
        if kind in (int, float):
            _check_range(about, value)
        return value

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """A config from a saved session: what no longer fits falls back to its default."""
        kept = {}
        for name in cls.settings().keys() & saved.keys():
            try:
                kept[name] = cls.check(name, saved[name])
            except UserError:
                continue
        return cls(**kept)

    def as_dict(self) -> dict[str, Any]:
        """Field name to value, ready for JSON."""
        return dataclasses.asdict(self)


_TRUTH = {
    "1": True,
    "yes": True,
    "true": True,
    "on": True,
    "0": False,
    "no": False,
    "false": False,
    "off": False,
}


@cache
def _hints(cls: type[Config]) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _check_range(about: Setting, value: float) -> None:
    low, high = about.low, about.high
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{low if low is not None else 'any'} to {high if high is not None else 'any'}"
        raise UserError(
            f"{about.label} cannot be {value}",
            f"its range is {bounds}{' ' + about.unit if about.unit else ''}",
        )
