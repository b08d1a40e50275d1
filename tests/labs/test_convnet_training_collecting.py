"""Pictures collected in the lab become its data; the batch is shown as the network gets it; handing over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig
from engine.labs.image_classification import ImageClassification, ImageClassificationConfig
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense

CPU = torch.device("cpu")
SMALL = Design("small", (Convolution(4, normalise="batch"), Dense(16))).to_json()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[ConvnetTraining]:
    found = ConvnetTraining(ConvnetTrainingConfig(design=SMALL, epochs=20), CPU)
    found.folder = tmp_path / "lab"
    found.start()
    yield found
    found.close()


def bar(seed: int, *, upright: bool) -> np.ndarray:
    pixels = np.zeros((112, 112), np.uint8)
    row, column, *size = np.random.default_rng(seed).integers((5, 5, 30, 8), (60, 60, 45, 14))
    high, wide = size if upright else size[::-1]
    pixels[row : row + high, column : column + wide] = 255
    return pixels


def collect(lab: ConvnetTraining, count: int) -> None:
    for label, name in enumerate(("upright", "lying")):
        lab.collect_class(name)
        for seed in range(count):
            lab.collect_drawing(label, bar(100 * label + seed, upright=not label))


def test_drawings_are_learned_from_at_once_and_told_apart(lab: ConvnetTraining) -> None:
    collect(lab, 10)
    assert lab.snapshot().collected.problem == ""
    assert not lab.snapshot().collected.is_trained
    lab.train_on_collected()
    shown = lab.snapshot()
    assert lab.begins_playing
    assert shown.collected.is_trained
    assert shown.data is not None
    assert (shown.data.title, shown.data.classes) == ("Your pictures", ("lying", "upright"))
    assert shown.data.shape == (1, 32, 32)
    assert shown.network is not None
    assert shown.network.title == "plain"
    assert lab.config.shift > 0
    assert shown.learning is not None
    assert shown.learning.planned >= 300
    for _ in range(40):
        lab.step()
    lab.rest()
    while lab.jobs:
        lab.jobs.advance()
    assert lab.snapshot().verdict.accuracy == 1.0
    lab.draw(bar(999, upright=True))
    assert lab.snapshot().seen.probabilities[1] > 0.9


def test_photographs_are_learned_from_by_transfer(lab: ConvnetTraining) -> None:
    for label, colour in enumerate((200, 40)):
        lab.collect_class(f"class {label}")
        for _ in range(2):
            lab.collect_photograph(label, np.full((48, 64, 3), (colour, 90, 30), np.uint8))
    lab.train_on_collected()
    assert lab.snapshot().network.title == "transfer"
    assert lab.config.shift == 0


def test_too_little_is_refused_and_the_run_goes_on(lab: ConvnetTraining) -> None:
    run = lab._need().run
    collect(lab, 1)
    with pytest.raises(UserError, match="only one picture"):
        lab.train_on_collected()
    assert lab._need().run is run
    assert "only one picture" in lab.snapshot().collected.problem


def test_the_collection_is_saved_beside_what_is_there_and_opened_again(
    lab: ConvnetTraining, tmp_path: Path
) -> None:
    collect(lab, 2)
    for _ in range(2):
        lab.save_collected(str(tmp_path))
    assert {path.name for path in tmp_path.glob("Your*")} == {"Your pictures", "Your pictures 2"}
    before = lab.snapshot().collected
    lab.remove_class(0)
    lab.open_collected(str(tmp_path / "Your pictures"))
    after = lab.snapshot().collected
    assert set(after.classes) == set(before.classes)
    lab.undo_collecting(), lab.undo_collecting()
    assert lab.snapshot().collected.classes == before.classes


def test_the_batch_is_shown_as_the_network_got_it(lab: ConvnetTraining) -> None:
    lab.configure(replace(lab.config, shift=2, mirror=True, cutout=3))
    kept: list[torch.Tensor] = []
    network = lab._need().run.training.network
    handle = network.register_forward_pre_hook(lambda _module, args: kept.append(args[0]))
    lab.step()
    handle.remove()
    lab.rest()
    batch, data = lab.snapshot().batch, lab._need().run.data
    assert batch is not None
    assert batch.is_varied
    assert batch.update == lab._need().run.step_count
    np.testing.assert_array_equal(batch.pictures[..., 0], (kept[0][:, 0] * 255).round().numpy())
    for label, name in zip(batch.labels, batch.names, strict=True):
        assert label == int(data.train.labels[list(data.train.names).index(name)])
    lab.attend("layers")
    assert lab.snapshot().batch is None


@pytest.mark.parametrize("channels", [1, 3])
def test_the_other_lab_gives_the_very_same_probabilities(
    lab: ConvnetTraining, tmp_path: Path, channels: int
) -> None:
    generator = np.random.default_rng(1)
    if channels == 3:
        for label in range(2):
            lab.collect_class(f"class {label}")
            for _ in range(3):
                lab.collect_photograph(label, generator.integers(0, 256, (40, 33, 3)).astype(np.uint8))
        lab.train_on_collected()
        lab.configure(replace(lab.config, design=SMALL))
        lab.step()
    file = tmp_path / "asked.png"
    Image.fromarray(generator.integers(0, 256, (91, 140, 3)).astype(np.uint8)).save(file)
    lab.open(file)
    lab.hand_over()
    handed = lab.snapshot().handed
    assert handed is not None
    other = ImageClassification(ImageClassificationConfig(model=handed[1]), CPU)
    try:
        other.start()
        other.open(file)
        assert other._scene is not None
        found = other._scene.look.probabilities.numpy()
        np.testing.assert_array_equal(found, lab.snapshot().seen.probabilities)
        assert other.snapshot().classes == lab.snapshot().data.classes
        for method in ("grad-cam", "saliency", "occlusion"):
            other.configure(replace(other.config, explain=method))
            while other.jobs:
                other.jobs.advance()
            assert other.snapshot().heat is not None
        other.configure(replace(other.config, wanted_steps=32, noise=0.3))
        other.seek()
        while other.jobs:
            other.jobs.advance()
        wanted, shown = other.snapshot().wanted, other.snapshot()
        assert wanted.rgb.shape == (*shown.picture.shape[:2], 3)
        is_grey = bool((shown.picture == shown.picture[..., :1]).all())
        assert is_grey == (channels == 1)
    finally:
        other.close()


def test_another_network_is_handed_over_in_another_file(lab: ConvnetTraining) -> None:
    lab.hand_over()
    first = lab.snapshot().handed
    lab.hand_over()
    second = lab.snapshot().handed
    lab.step()
    lab.rest()
    lab.hand_over()
    third = lab.snapshot().handed
    assert [each[0] for each in (first, second, third)] == [1, 2, 3]
    assert second[1] != third[1]
    assert Path(third[1]).is_relative_to(lab.folder)


def test_without_a_folder_what_was_handed_over_goes_with_the_lab() -> None:
    lab = ConvnetTraining(ConvnetTrainingConfig(design=SMALL), CPU)
    lab.start()
    lab.hand_over()
    path = Path(lab.snapshot().handed[1])
    assert path.exists()
    lab.close()
    assert not path.exists()
