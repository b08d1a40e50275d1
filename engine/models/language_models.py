"""The character models that come with the application: three cells, trained alike, for each kind of text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.errors import UserError
from engine.models.character_model import CELLS, CharacterModel, load_character_model

FOLDER = Path(__file__).parents[2] / "assets" / "language_models"


@cache
def language_models() -> tuple[str, ...]:
    """The kinds of text there are models of all three cells for, "prose" first."""
    stems = {path.stem for path in FOLDER.glob("*.safetensors")}
    kinds = {stem.rpartition("-")[0] for stem in stems}
    complete = (kind for kind in kinds if all(f"{kind}-{cell}" in stems for cell in CELLS))
    return tuple(sorted(complete, key=lambda kind: (kind != "prose", kind)))


def load_language_models(kind: str) -> dict[str, CharacterModel]:
    """The model of each cell by its name. Raises UserError where there is none or a file is damaged."""
    if kind not in language_models():
        raise UserError(
            f"There are no models called “{kind}”", "", f"Choose one of {', '.join(language_models())}"
        )
    return {cell: load_character_model(FOLDER / f"{kind}-{cell}.safetensors")[0] for cell in CELLS}
