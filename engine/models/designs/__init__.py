"""Networks built without code: blocks in a row, examined by arithmetic, built, exported and opened again.

What describes a design (`Design`, `PRESETS`, `examine`) loads neither torch nor NumPy, so that forms and
command lines can know it at once; what builds networks is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.models.designs.block import KINDS, Block
    from engine.models.designs.design import Design
    from engine.models.designs.examination import BlockFacts, Examined, examine
    from engine.models.designs.exports import source_text
    from engine.models.designs.files import open_network, save_network
    from engine.models.designs.network import DesignedNetwork, build
    from engine.models.designs.presets import PRESETS, fitted, preset_for
    from engine.models.designs.program import export_program

__all__ = [
    "KINDS",
    "PRESETS",
    "Block",
    "BlockFacts",
    "Design",
    "DesignedNetwork",
    "Examined",
    "build",
    "examine",
    "export_program",
    "fitted",
    "open_network",
    "preset_for",
    "save_network",
    "source_text",
]

_HOMES = {
    "block": ("KINDS", "Block"),
    "design": ("Design",),
    "examination": ("BlockFacts", "Examined", "examine"),
    "exports": ("source_text",),
    "files": ("open_network", "save_network"),
    "network": ("DesignedNetwork", "build"),
    "presets": ("PRESETS", "fitted", "preset_for"),
    "program": ("export_program",),
}


def __getattr__(name: str) -> Any:
    """The public names, each from its own file, which is imported only now (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
