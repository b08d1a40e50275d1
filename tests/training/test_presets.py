"""The three models of each preset are of one size, and all fit in the weights' allowance."""

from __future__ import annotations

import pytest
import torch

from engine.models.character_model import CELLS, CharacterModel
from engine.training.language_model import Options
from engine.training.presets import PRESETS


def parameters(preset: str, cell: str) -> int:
    with torch.device("meta"):
        model = CharacterModel(Options.of_preset(preset, cell).model)  # type: ignore[arg-type]
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("preset", PRESETS)
def test_the_three_cells_have_the_same_number_of_parameters(preset: str) -> None:
    counts = [parameters(preset, cell) for cell in CELLS]
    assert max(counts) <= 1.01 * min(counts)


def test_all_weights_in_float16_fit_in_twenty_megabytes() -> None:
    assert sum(2 * parameters(preset, cell) for preset in PRESETS for cell in CELLS) < 20e6


def test_the_narrow_stage_is_half_as_wide() -> None:
    prose = PRESETS["prose"]
    assert prose.narrow is not None
    assert {cell: 2 * prose.narrow.hidden[cell] for cell in CELLS} == prose.final.hidden


def test_a_preset_without_a_narrow_stage_says_so() -> None:
    with pytest.raises(KeyError, match="names has no narrow stage"):
        Options.of_preset("names", "gru", narrow=True)


def test_the_small_models_learn_to_begin_and_those_on_prose_go_on_as_they_began() -> None:
    assert PRESETS["prose"].restarts == 0.0
    assert all(0 < PRESETS[name].restarts <= 1 for name in ("shakespeare", "names"))
