"""Finds the labs: one file or folder in `engine.labs`, one lab, found by name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

import engine.labs
from engine.errors import UserError
from engine.lab import GROUPS, Lab


@cache
def labs() -> dict[str, type[Lab[Any, Any]]]:
    """Every lab by its name ("image-classification" for image_classification.py), by group, then title."""
    found = {
        module.name.replace("_", "-"): _lab_in(f"{engine.labs.__name__}.{module.name}")
        for module in pkgutil.iter_modules(engine.labs.__path__)
    }
    return dict(sorted(found.items(), key=lambda item: (GROUPS.index(item[1].group), item[1].title)))


def lab_named(name: str) -> type[Lab[Any, Any]]:
    """The lab of that name. Raises `UserError` where there is none."""
    try:
        return labs()[name]
    except KeyError:
        raise UserError(f"There is no lab “{name}”", "", f"The labs are: {', '.join(labs())}") from None


def lab_for(kind: str, preferred: str = "") -> str | None:
    """The lab that opens this kind of thing (`engine.data.kinds`), the preferred one if it does."""
    takers = [name for name, lab in labs().items() if kind in lab.opens]
    return preferred if preferred in takers else next(iter(takers), None)


def lab_with(command: str, preferred: str = "") -> str | None:
    """The lab that has this command of its own, the preferred one if it does."""
    takers = [name for name, lab in labs().items() if hasattr(lab, command)]
    return preferred if preferred in takers else next(iter(takers), None)


def module_name(name: str) -> str:
    """The module of a lab and of its page: "image_classification" for "image-classification"."""
    return name.replace("-", "_")


def _lab_in(module_path: str) -> type[Lab[Any, Any]]:
    module = importlib.import_module(module_path)
    own = {
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Lab)
        and f"{value.__module__}.".startswith(f"{module_path}.")
    }
    if len(own) != 1:
        raise TypeError(f"{module_path} must define exactly one Lab, not {len(own)}")
    return own.pop()
