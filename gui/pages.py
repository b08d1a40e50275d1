"""Finds the page of each lab: the `View` in the module of the same name in `gui.labs`."""

from __future__ import annotations

import importlib
import inspect

from engine.registry import labs, module_name
from gui.view import View


def load_pages() -> None:
    """Import every page's module, so that building a page later waits for nothing."""
    for name in labs():
        page_type(name)


def page_type(lab_name: str) -> type[View]:
    """The page of a lab. Raises TypeError where its module does not define exactly one."""
    path = f"gui.labs.{module_name(lab_name)}"
    module = importlib.import_module(path)
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, View) and value.__module__.startswith(path)
    ]
    if len(own) != 1:
        raise TypeError(f"{path} must define exactly one View, not {len(own)}")
    return own[0]
