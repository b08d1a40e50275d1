"""An update in slow motion is the trainer's own: what it shows is what autograd computes, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.ask import Cell
from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, Stage
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense, Dropout, Residual

BLOCKS = (Convolution(4, normalise="batch"), Residual(4, normalise="batch"), Dropout(0.3), Dense(16))
SMALL = Design("small", BLOCKS).to_json()


def begun(**settings: object) -> ConvnetTraining:
    config = ConvnetTrainingConfig(**({"design": SMALL, "epochs": 20} | settings))  # ty: ignore[invalid-argument-type]
    lab = ConvnetTraining(config, torch.device("cpu"))
    lab.start()
    return lab


@pytest.fixture
def lab() -> Iterator[ConvnetTraining]:
    found = begun(shift=1, batch=32)
    yield found
    found.close()


def state(lab: ConvnetTraining) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in lab._need().run.training.state().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def stages(lab: ConvnetTraining) -> list[Stage]:
    """All stages of the next update."""
    lab.go_through()
    found = [shown] if (shown := lab.snapshot().stage) is not None else []
    while lab.can_step:
        lab.step()
        shown = lab.snapshot().stage
        assert shown is not None
        found.append(shown)
    return found


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_it_makes_the_very_update_and_none_before_its_last_stage(optimiser: str) -> None:
    slow, plain = begun(shift=1, optimiser=optimiser), begun(shift=1, optimiser=optimiser)
    try:
        before = state(slow)
        slow.go_through()
        while (stage := slow.snapshot().stage) is not None and stage.phase != "update":
            assert same(state(slow), before)
            slow.step()
        plain.step()
        assert same(state(slow), state(plain))
        record, other = (each._need().run.training.record for each in (slow, plain))
        np.testing.assert_array_equal(record.loss.arrays()[1], other.loss.arrays()[1])
        np.testing.assert_array_equal(record.norms.arrays()[1], other.norms.arrays()[1])
        slow.leave_step()
        slow.step(), plain.step()
        assert same(state(slow), state(plain))
    finally:
        slow.close(), plain.close()


def test_leaving_it_anywhere_leaves_the_run_as_it_was(lab: ConvnetTraining) -> None:
    alone = begun(shift=1, batch=32)
    try:
        for stops in (1, 5, 12, 20):
            lab.go_through()
            for _ in range(stops):
                lab.step()
            lab.leave_step()
            assert lab.snapshot().stage is None
        lab.step(), alone.step()
        assert same(state(lab), state(alone))
        assert not any(module._forward_hooks for module in lab._need().run.training.network.modules())
    finally:
        alone.close()


def test_what_it_shows_is_what_autograd_computes(lab: ConvnetTraining) -> None:
    run = lab._need().run
    network, training = run.training.network, run.training
    indices, inputs, labels = training.batch_at(training.steps)
    kept: dict[str, torch.Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _m, _a, out, name=name: kept.update({name: out}))
        for name, module in network.named_modules()
        if name and not any(module.children())
    ]
    before = state(lab)
    network.train()
    with training._own_dropout():
        logits = network(inputs)
    for hook in hooks:
        hook.remove()
    loss = F.cross_entropy(logits, labels)
    reached = {name: out for name, out in kept.items() if out.requires_grad}
    wanted = dict(zip(reached, torch.autograd.grad(loss, list(reached.values())), strict=True))
    for name, buffer in network.named_buffers():
        buffer.copy_(before.get(f"network.{name}", buffer))
    found = stages(lab)
    forward = [stage for stage in found if stage.phase == "forward"]
    assert [stage.layer for stage in forward] == list(kept)
    for stage in forward:
        assert stage.shown is not None
        np.testing.assert_array_equal(
            stage.shown.values.ravel(), kept[stage.layer][0].detach().numpy().ravel()
        )
    backward = [stage for stage in found if stage.phase == "backward"]
    assert [stage.layer for stage in backward] == list(reversed(wanted))
    for stage in backward:
        assert stage.gradients is not None
        np.testing.assert_allclose(
            stage.gradients.values.ravel(), wanted[stage.layer][0].numpy().ravel(), rtol=1e-5, atol=1e-9
        )
    told = next(stage for stage in found if stage.phase == "loss")
    assert told.loss == pytest.approx(float(loss.detach()), rel=1e-6)
    assert told.truth == int(labels[0])
    assert told.name == run.data.train.names[int(indices[0])]
    np.testing.assert_array_equal(told.picture[..., 0], (inputs[0, 0] * 255).round().numpy())


def test_the_last_stage_says_what_every_layer_gained(lab: ConvnetTraining) -> None:
    before = state(lab)
    last = stages(lab)[-1]
    after, record = state(lab), lab._need().run.training.record
    assert last.phase == "update"
    assert {each.layer for each in last.updates} == set(record.layers)
    for each in last.updates:
        names = [name for name in after if name.startswith(f"network.{each.layer}.")]
        learned = [name for name in names if name.rpartition(".")[2] in ("weight", "bias")]
        moved = torch.cat([(after[name] - before[name]).flatten() for name in learned])
        own = torch.cat([before[name].flatten() for name in learned])
        assert each.size == pytest.approx(float(moved.norm()), rel=1e-5)
        assert each.ratio == pytest.approx(float(moved.norm() / own.norm()), rel=1e-5)
    assert last.loss_after < last.loss


def test_playing_stops_when_the_update_is_made_and_goes_on_with_the_next(lab: ConvnetTraining) -> None:
    steps = lab._need().run.step_count
    lab.go_through()
    assert lab.begins_playing
    assert lab.speed is not None
    while lab.can_step:
        lab.step()
    lab.rest()
    assert lab._need().run.step_count == steps + 1
    assert lab.can_step
    lab.step()
    stage = lab.snapshot().stage
    assert stage is not None
    assert (stage.phase, stage.update) == ("batch", steps + 2)
    lab.branch()
    assert lab.snapshot().stage is None
    assert lab.speed is None


def test_every_value_of_it_explains_itself(lab: ConvnetTraining) -> None:
    lab.go_through()
    asked = 0
    while lab.can_step:
        lab.step()
        stage = lab.snapshot().stage
        assert stage is not None
        for array, shown in (("stage-maps", stage.shown), ("stage-gradients", stage.gradients)):
            if shown is None or (array == "stage-maps" and stage.phase != "forward"):
                continue
            lab.ask(Cell(array, (0, 1 if shown.map.shape[0] > 1 else 0, 0)))
            answer = lab.snapshot().answer
            assert answer is not None
            value = shown.values[0, 1 if shown.map.shape[0] > 1 else 0, 0]
            assert answer.value == pytest.approx(float(value), rel=1e-6)
            assert answer.steps[-1].lines[-1].value == pytest.approx(float(value), rel=1e-4, abs=1e-6)
            asked += 1
    assert asked > 20
    lab.ask(Cell("stage-top", (3,)))
    answer = lab.snapshot().answer
    assert answer is not None
    assert answer.value == pytest.approx(float(stage.probabilities[3]), rel=1e-5)


def test_a_run_that_is_over_has_no_update_left(lab: ConvnetTraining) -> None:
    lab.configure(replace(lab.config, epochs=1))
    while lab.can_step:
        lab.step()
    with pytest.raises(UserError, match="no update left"):
        lab.go_through()
    assert lab.snapshot().stage is None


def test_a_loss_that_is_no_number_makes_no_update(lab: ConvnetTraining) -> None:
    with torch.no_grad():
        next(lab._need().run.training.network.parameters()).fill_(float("nan"))
    last = stages(lab)[-1]
    assert last.updates == ()
    assert lab.snapshot().learning is not None
    assert lab.snapshot().learning.failed_at == last.update
    lab.rest()
    assert not lab.can_step
