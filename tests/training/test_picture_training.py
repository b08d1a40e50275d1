"""Training on pictures: the numbers of a plain PyTorch loop, going on from anywhere, scores that are true."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix, log_loss
from torch import nn

from engine.data.pictures import LabelledPictures
from engine.models.designs import Design, DesignedNetwork, build
from engine.models.designs.block import Convolution, Dense, Dropout, Pooling, Pretrained
from engine.training.pictures.evaluation import Evaluation
from engine.training.pictures.recipe import Augmentation, Recipe
from engine.training.pictures.trainer import WATCHED, PictureTraining, copied

SHAPE, CLASSES, COUNT = (1, 8, 8), 4, 70
DESIGN = Design(
    "test", (Convolution(6, normalise="batch"), Pooling(), Dropout(0.2), Dense(12, normalise="batch"))
)
RECIPES = {
    "adam": Recipe(epochs=3, batch=16, optimiser="adam", learning_rate=0.01, weight_decay=0.01, seed=3),
    "sgd": Recipe(epochs=3, batch=16, optimiser="sgd", learning_rate=0.1, weight_decay=0.001, seed=4),
    "varied": Recipe(
        epochs=3,
        batch=16,
        learning_rate=0.05,
        label_smoothing=0.1,
        schedule="constant",
        augmentation=Augmentation(shift=2, mirror=True, cutout=3),
        seed=5,
    ),
}


def pictures(count: int = COUNT, seed: int = 0, channels: int = 1) -> LabelledPictures:
    """Squares of noise, brighter in the quarter that is their class."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (count,), generator=draw)
    found = torch.randint(0, 160, (count, channels, 8, 8), generator=draw)
    for picture, label in zip(found, labels.tolist(), strict=True):
        top, left = 4 * (label // 2), 4 * (label % 2)
        picture[:, top : top + 4, left : left + 4] += 90
    return LabelledPictures(found.to(torch.uint8), labels, tuple(f"{n}" for n in range(count)))


def network(seed: int = 0, design: Design = DESIGN, channels: int = 1) -> DesignedNetwork:
    mean, std = (0.4,) * channels, (0.3,) * channels
    return build(design, (channels, *SHAPE[1:]), CLASSES, mean=mean, std=std, seed=seed)


def training(recipe: Recipe, **details: Any) -> PictureTraining:
    return PictureTraining(network(**details), pictures(), recipe)


def finished(slices: Generator[tuple[int, int], None, Evaluation]) -> Evaluation:
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def plain_loop(recipe: Recipe, steps: int) -> DesignedNetwork:
    """What anyone would write, with PyTorch's own optimisers, on the batches of a run that never starts."""
    model, batches = network().train(), training(recipe)._need_batches()
    if recipe.optimiser == "adam":
        optimiser: torch.optim.Optimizer = torch.optim.AdamW(
            model.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
    else:
        optimiser = torch.optim.SGD(
            model.parameters(), recipe.learning_rate, recipe.momentum,
            weight_decay=recipe.weight_decay, nesterov=True, fused=True,
        )  # fmt: skip
    for step in range(steps):
        inputs, labels = batches.batch(step, recipe.augmentation)
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(step, recipe.epochs * batches.per_epoch)
        torch.manual_seed(
            int(np.random.SeedSequence((recipe.seed, 2, step)).generate_state(1, np.uint64)[0]) >> 1
        )
        loss = F.cross_entropy(model(inputs), labels, label_smoothing=recipe.label_smoothing)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(
        torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("name", RECIPES)
def test_the_weights_are_bit_for_bit_those_of_a_plain_loop(name: str):
    run = training(RECIPES[name])
    for _ in range(9):
        run.step()
    assert run.steps == 9
    assert same(run.network, plain_loop(RECIPES[name], 9))


def test_watching_changes_nothing():
    alone, watched = training(RECIPES["adam"]), training(RECIPES["adam"])
    held = watched.hold(pictures(30, seed=9))
    for _ in range(8):
        alone.step()
        watched.step()
        finished(watched.score(held))
        torch.randn(3)  # whoever else takes random numbers
    assert same(alone.network, watched.network)


@pytest.mark.parametrize("name", RECIPES)
def test_going_back_and_on_gives_the_weights_of_never_having_stopped(name: str):
    whole, other = training(RECIPES[name]), training(RECIPES[name])
    for _ in range(4):
        whole.step()
    state = {name: tensor.clone() for name, tensor in whole.state().items()}
    for _ in range(5):
        whole.step()
        other.step()  # it has been elsewhere meanwhile
    other.go_on_from(state, 4)
    for _ in range(5):
        other.step()
    assert same(whole.network, other.network)
    assert all(torch.equal(a, b) for a, b in zip(whole.state().values(), other.state().values(), strict=True))


def test_a_state_of_another_network_is_refused_and_nothing_changes():
    run = training(RECIPES["adam"])
    wider = PictureTraining(
        network(design=replace(DESIGN, blocks=DESIGN.blocks[:3])), pictures(), RECIPES["adam"]
    )
    before = copied(run.network)
    with pytest.raises(KeyError):
        run.go_on_from(wider.state(), 0)
    assert same(run.network, before)


def test_the_run_ends_after_its_epochs_and_can_be_lengthened():
    recipe = RECIPES["adam"]
    run = training(recipe)
    while not run.is_over:
        run.step()
    assert run.steps == run.planned == 3 * run.steps_per_epoch
    after = copied(run.network)
    run.step()
    assert run.steps == run.planned
    assert same(run.network, after)
    run.change(replace(recipe, epochs=4))
    run.step()
    assert run.steps == 3 * run.steps_per_epoch + 1
    for other in (replace(recipe, batch=8), replace(recipe, optimiser="sgd"), replace(recipe, seed=1)):
        with pytest.raises(ValueError, match="another run"):
            run.change(other)


def test_it_learns():
    run = training(replace(RECIPES["adam"], epochs=25))
    before = finished(run.score(run.hold(pictures(60, seed=8))))
    while not run.is_over:
        run.step()
    after = finished(run.score(run.hold(pictures(60, seed=8))))
    assert after.accuracy > 0.9 > 0.6 > before.accuracy
    assert after.loss < before.loss


def test_a_score_is_that_of_scikit_learn_on_plain_outputs():
    run = training(RECIPES["sgd"])
    for _ in range(6):
        run.step()
    unseen = pictures(41, seed=11)
    found = finished(run.score(run.hold(unseen)))
    model = copied(run.network).eval()
    with torch.no_grad():
        expected = model(unseen.pictures.float() / 255)
    np.testing.assert_allclose(found.logits, expected, rtol=1e-4, atol=1e-5)
    shares = expected.double().softmax(1).numpy()
    labels = unseen.labels.numpy()
    assert found.loss == pytest.approx(log_loss(labels, shares, labels=range(CLASSES)), rel=1e-5)
    assert found.accuracy == (shares.argmax(1) == labels).mean()
    np.testing.assert_array_equal(
        found.confusion, confusion_matrix(labels, shares.argmax(1), labels=range(CLASSES))
    )
    np.testing.assert_array_equal(found.indices, np.arange(41))
    assert found.step == 6


def test_a_score_of_some_pictures_is_of_those_and_the_same_every_time():
    run = training(RECIPES["sgd"])
    held = run.hold(pictures(50, seed=2))
    whole, some = finished(run.score(held)), finished(run.score(held, most=20))
    assert len(set(some.indices.tolist())) == 20
    np.testing.assert_allclose(some.logits, whole.logits[some.indices], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(some.indices, finished(run.score(held, most=20)).indices)


def test_a_score_is_of_the_network_as_it_was_when_it_began():
    run = training(RECIPES["sgd"])
    held = run.hold(pictures(600, seed=2))
    whole = finished(run.score(held))
    slices = run.score(held)
    next(slices)
    run.step()
    np.testing.assert_allclose(finished(slices).logits, whole.logits, rtol=1e-4, atol=1e-5)


def test_gradient_norms_and_update_ratios_are_those_of_autograd():
    run = training(replace(RECIPES["adam"], epochs=9))
    for step in range(2 * WATCHED + 1):
        before = copied(run.network).train()
        inputs, labels = run._need_batches().batch(step, run.recipe.augmentation)
        torch.manual_seed(
            int(np.random.SeedSequence((run.recipe.seed, 2, step)).generate_state(1, np.uint64)[0]) >> 1
        )
        F.cross_entropy(before(inputs), labels).backward()
        run.step()
        steps, norms = run.record.norms.arrays()
        assert steps[-1] == step + 1
        for layer, norm in zip(run.record.layers, norms[-1], strict=True):
            parameters = list(before.get_submodule(layer).parameters())
            expected = sum(float((p.grad.double() ** 2).sum()) for p in parameters) ** 0.5
            assert norm == pytest.approx(expected, rel=1e-4, abs=1e-7)
        run.read_back()
        watched, ratios = run.record.ratios.arrays()
        assert watched[-1] == step // WATCHED * WATCHED + 1
        if step % WATCHED == 0:
            for layer, ratio in zip(run.record.layers, ratios[-1], strict=True):
                old = torch.cat([p.detach().flatten() for p in before.get_submodule(layer).parameters()])
                new = torch.cat([p.detach().flatten() for p in run.network.get_submodule(layer).parameters()])
                expected = float((new.double() - old.double()).norm() / old.double().norm())
                assert ratio == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_is_no_number_stops_the_run_with_the_weights_before_it():
    run = training(replace(RECIPES["sgd"], learning_rate=1e6, schedule="constant", epochs=50))
    before = copied(run.network)
    while not run.is_over:
        before = copied(run.network)
        run.step()
    assert run.record.failed_at is not None
    assert run.record.failed_at == run.steps + 1
    weights = dict(before.named_parameters())
    assert all(torch.equal(p, weights[name]) or p.isnan().any() for name, p in run.network.named_parameters())
    assert all(np.isfinite(array).all() for array in run.record.loss.arrays())


@pytest.mark.parametrize("thawed", [None, "head"])
def test_features_of_frozen_layers_are_computed_once_and_train_as_the_whole_network_would(
    thawed: str | None,
):
    design = Design("transfer", (Pretrained("stem" if thawed is None else "whole", thawed_from=thawed),))
    data, recipe = pictures(6, channels=3), Recipe(epochs=2, batch=3, optimiser="sgd", learning_rate=0.1)
    run = PictureTraining(network(design=design, channels=3), data, recipe)
    done = list(run.prepare())
    assert done[-1] == (6, 6)
    assert not list(run.prepare())
    assert run.held.inputs.dtype == torch.float32
    model = network(design=design, channels=3).train()
    learning = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learning, 0.1, 0.9, weight_decay=5e-4, nesterov=True, fused=True)
    for step in range(2):
        run.step()
        chosen = run._need_batches().indices(step)
        optimiser.param_groups[0]["lr"] = recipe.rate(step, 4)
        loss = F.cross_entropy(model(data.pictures[chosen].float() / 255), data.labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for (name, own), other in zip(run.network.named_parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=2e-4, atol=2e-6, msg=name)
    assert all("stem" not in name for name in run.state())
