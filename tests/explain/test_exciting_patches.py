"""The most exciting places are those that were planted, and their boxes hold what excited the channel."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine.ask import Box
from engine.errors import UserError
from engine.explain.exciting_patches import Excitation, exciting_patches
from engine.models.layer import ReceptiveField

FIELD = ReceptiveField(size_y=3, size_x=3, jump_y=2, jump_x=2, start_y=-1, start_x=-1)


@pytest.fixture
def model() -> nn.Sequential:
    """Channel 1 adds up 3 x 3 pixels around every second one."""
    model = nn.Sequential(nn.Conv2d(3, 2, 3, stride=2, padding=1, bias=False), nn.Flatten(), nn.Linear(72, 4))
    nn.init.constant_(model[0].weight, 1.0)
    nn.init.constant_(model[0].weight[:1], -1.0)
    return model.eval().requires_grad_(False)


def spot(row: int, column: int, brightness: float) -> Tensor:
    picture = torch.zeros(1, 3, 12, 12)
    picture[0, :, row, column] = brightness
    return picture


def final(*args, **options) -> tuple[Excitation, ...]:
    *_, ranking = exciting_patches(*args, **options)
    return ranking.found


def test_the_brightest_spots_are_found_in_order(model):
    pictures = [spot(4, 6, 1.0), spot(0, 0, 3.0), spot(10, 2, 2.0)]
    found = final(model, model[0], 1, pictures, field=FIELD)
    assert found == (
        Excitation(1, 0, 0, 9.0, Box(0, 0, 2, 2)),
        Excitation(2, 5, 1, 6.0, Box(9, 1, 12, 4)),
        Excitation(0, 2, 3, 3.0, Box(3, 5, 6, 8)),
    )


def test_each_box_holds_all_that_excited_the_channel(model):
    generator = torch.Generator().manual_seed(0)
    pictures = [torch.rand(1, 3, 12, 12, generator=generator) for _ in range(4)]
    for place in final(model, model[0], 1, pictures, field=FIELD):
        box, picture = place.box, pictures[place.picture_index]
        inside = picture[0, :, box.top : box.bottom, box.left : box.right]
        assert float(inside.sum()) == pytest.approx(place.value, rel=1e-5)
        best = torch.nn.functional.conv2d(picture, model[0].weight[1:], stride=2, padding=1).max()
        assert place.value == pytest.approx(float(best), rel=1e-5)


def test_the_ranking_grows_picture_by_picture_and_keeps_the_best(model):
    pictures = [spot(4, 4, brightness) for brightness in (1.0, 5.0, 3.0, 4.0)]
    rankings = list(exciting_patches(model, model[0], 1, pictures, field=FIELD, count=2))
    assert [(ranking.done, ranking.total) for ranking in rankings] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    kept = [[place.picture_index for place in ranking.found] for ranking in rankings]
    assert kept == [[0], [1, 0], [1, 2], [1, 3]]


def test_a_dense_unit_sees_the_whole_picture(model):
    pictures = [spot(4, 4, 1.0), spot(2, 8, 2.0)]
    found = final(model, model[2], 3, pictures, field=None)
    logits = [float(model(picture)[0, 3]) for picture in pictures]
    assert [place.value for place in found] == pytest.approx(sorted(logits, reverse=True))
    assert {(place.row, place.column, place.box) for place in found} == {(0, 0, Box(0, 0, 12, 12))}


def test_no_pictures_give_no_ranking(model):
    assert list(exciting_patches(model, model[0], 1, [], field=FIELD)) == []


def test_the_network_runs_only_as_far_as_the_layer_and_keeps_no_hook(model):
    model[1].register_forward_pre_hook(lambda *_: pytest.fail("ran past the layer"))
    abandoned = exciting_patches(model, model[0], 1, [spot(0, 0, 1.0)] * 3, field=FIELD)
    next(abandoned)
    assert torch.is_grad_enabled()
    assert not model[0]._forward_hooks
    abandoned.close()


def test_a_channel_that_does_not_exist_is_refused(model):
    with pytest.raises(UserError, match="Choose a channel from 0 to 1"):
        next(exciting_patches(model, model[0], 2, [spot(0, 0, 1.0)], field=FIELD))
    assert not model[0]._forward_hooks
