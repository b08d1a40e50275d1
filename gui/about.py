"""What this Gridloop is made of, for a person and for a report of a fault; nothing about the person."""

from __future__ import annotations

import platform
from importlib import metadata

from engine.device import DeviceInfo

PARTS = ("gridloop", "torch", "PySide6", "pyqtgraph", "numpy", "pillow")


def about_text(device: DeviceInfo | None) -> str:
    """Versions and device in one line."""
    versions = ", ".join(f"{part} {_version(part)}" for part in PARTS)
    where = f"{device.title}, {device.threads} threads" if device is not None else "no device yet"
    return f"{versions}, Python {platform.python_version()}, {platform.system()}; computing on {where}."


def _version(part: str) -> str:
    try:
        return metadata.version(part)
    except metadata.PackageNotFoundError:
        return "?"
