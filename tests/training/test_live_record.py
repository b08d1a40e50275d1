"""What is written down of a network: bounded, in order, every parameter in its layer."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.character_model import CELLS, Cell, CharacterModel, CharacterModelConfig
from engine.training.live_record import LAYERS, WATCHED_BUCKETS, LearningRecord, layer_of


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_belongs_to_the_layer_it_is_computed_in(cell: Cell) -> None:
    model = CharacterModel(CharacterModelConfig(cell, 5, 3, layers=2))
    found: dict[str, set[int]] = {name: set() for name in LAYERS}
    for name, parameter in model.named_parameters():
        found[LAYERS[layer_of(name)]].add(id(parameter))
    recurrent = model.recurrent
    assert found["embedding"] == {id(model.embedding.weight)}
    assert found["output layer"] == {id(model.head.weight), id(model.head.bias)}
    for layer, kind in (("input weights", "ih"), ("recurrent weights", "hh")):
        names = [f"{what}_{kind}_l{number}" for what in ("weight", "bias") for number in (0, 1)]
        assert found[layer] == {id(getattr(recurrent, name)) for name in names}


def test_what_is_watched_comes_as_one_row_for_each_layer() -> None:
    record = LearningRecord()
    empty = record.watched()
    assert [array.shape for array in empty] == [(0,), (4, 0), (4, 0)]
    for step in range(1, 4):
        record.watch(step, [step, 2, 3, 4], [0.1, 0.2, 0.3, step / 10])
    steps, norms, ratios = record.watched()
    assert steps.tolist() == [1, 2, 3]
    assert norms.tolist() == [[1, 2, 3], [2] * 3, [3] * 3, [4] * 3]
    np.testing.assert_allclose(ratios[3], [0.1, 0.2, 0.3])
    assert not any(array.flags.writeable for array in record.watched())
    assert record.watched()[1] is norms


def test_however_long_it_goes_on_the_record_stays_small() -> None:
    record = LearningRecord()
    for step in range(1, 4 * WATCHED_BUCKETS):
        record.watch(step, [1.0] * 4, [2.0] * 4)
    steps, norms, ratios = record.watched()
    assert len(steps) <= WATCHED_BUCKETS
    assert norms.shape == ratios.shape == (4, len(steps))
