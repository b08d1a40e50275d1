"""The image classification lab as a person uses it: what follows from what, and what is never lost."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_classifier import PREPROCESSING, hook_count, small_classifier, write_folder, write_picture

from engine.ask import Answer, Cell
from engine.data.images import read_image
from engine.data.prepare import prepare
from engine.errors import UserError
from engine.explain.attribution import grad_cam
from engine.explain.why import METHODS
from engine.jobs import JobStatus
from engine.labs.image_classification import ImageClassification, ImageClassificationConfig
from engine.labs.image_classification.config import EFFORT, LAST_LAYER, NEEDS, SHOWN_LAYER
from engine.models import catalogue
from engine.models.classifier import Classifier
from engine.worker import Frame, Worker

CPU = torch.device("cpu")
LAYERS = ("stem.conv", "stem.norm", "stem.act", "body.conv", "body.act", "pool", "flat", "head")


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Classifier]:
    """Small networks in the place of the catalogue's; the list holds those that were loaded."""
    found: list[Classifier] = []

    def load(name: str, progress: object = None) -> Classifier:
        if name.endswith(".pt2"):
            raise UserError(f"{name} is not a model")
        seed, classes = (1, 3) if name == "other" else (0, 5)
        found.append(small_classifier(name, classes=classes, seed=seed))
        return found[-1]

    monkeypatch.setattr(catalogue, "load_classifier", load)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "pictures")


@pytest.fixture
def lab(loaded: list[Classifier], folder: Path) -> Iterator[ImageClassification]:
    """The lab on the first of three pictures, nothing worked off yet."""
    lab = ImageClassification(ImageClassificationConfig(), CPU)
    lab.open(folder)
    yield lab
    lab.jobs.cancel()
    lab.close()
    assert not any(hook_count(classifier.model) for classifier in loaded)


@pytest.fixture
def forwards(lab: ImageClassification) -> Iterator[list[int]]:
    """Grows by one at every forward pass of the network."""
    count: list[int] = []
    handle = lab._inspection.model.register_forward_hook(lambda *_: count.append(1))
    yield count
    handle.remove()


def finish(lab: ImageClassification) -> ImageClassification:
    while lab.jobs:
        lab.jobs.advance()
    return lab


def change(lab: ImageClassification, **settings: object) -> None:
    lab.configure(replace(lab.config, **settings))


def job(lab: ImageClassification, name: str) -> JobStatus | None:
    return next((status for status in lab.jobs.statuses if status.name == name), None)


def advance_to(lab: ImageClassification, name: str, done: int) -> None:
    """Work until `done` slices of one job are done."""
    while (status := job(lab, name)) is None or status.done < done:
        lab.jobs.advance()


def probabilities(lab: ImageClassification, path: Path) -> torch.Tensor:
    """What the network says of a file, worked out beside the lab."""
    x = prepare(read_image(path).rgb, PREPROCESSING).x
    with torch.no_grad():
        return lab._inspection.model(x)[0].softmax(0)


def seen(lab: ImageClassification) -> dict[str, object]:
    """The snapshot, its pictures by identity: equal only if nothing was computed anew."""
    snapshot = lab.snapshot()
    found = {field.name: getattr(snapshot, field.name) for field in fields(snapshot)}
    return {
        name: value if isinstance(value, (str, int, tuple)) else id(value)
        for name, value in found.items()
        if name not in ("choices", "thumbnails", "config")
    } | {"config": snapshot.config, "jobs": [status.name for status in lab.jobs.statuses]}


# Inputs -------------------------------------------------------------------------------------------


def test_a_folder_becomes_the_film_strip_and_its_first_picture_is_classified(
    lab: ImageClassification, folder: Path
):
    snapshot = lab.snapshot()
    assert [still.name for still in snapshot.film] == ["0.png", "1.png", "2.png"]
    assert snapshot.film_index == 0
    assert snapshot.original_size == (48, 40)
    np.testing.assert_array_equal(
        snapshot.picture, prepare(read_image(folder / "0.png").rgb, PREPROCESSING).rgb
    )
    best = probabilities(lab, folder / "0.png").topk(5)
    assert [score.index for score in snapshot.top] == best.indices.tolist()
    np.testing.assert_allclose([score.probability for score in snapshot.top], best.values, rtol=1e-6)
    assert lab.result()["top"][0] == {
        "label": f"class {best.indices[0]}",
        "index": int(best.indices[0]),
        "probability": snapshot.top[0].probability,
    }


def test_the_first_classes_are_there_before_any_job_has_run_and_cost_one_forward_pass(
    lab: ImageClassification, forwards: list[int], folder: Path
):
    lab.open(folder / "1.png")
    assert len(lab.snapshot().top) == 5
    assert len(forwards) == 1


def test_the_film_strip_gets_its_thumbnails(lab: ImageClassification):
    assert all(still.thumbnail is None for still in lab.snapshot().film)
    film = finish(lab).snapshot().film
    assert all(still.thumbnail.shape == (56, 56, 3) and not still.error for still in film)


def test_a_dropped_picture_joins_the_film_strip_once(lab: ImageClassification, tmp_path: Path):
    extra = write_picture(tmp_path / "extra.png", 9)
    for _ in range(2):
        lab.open(extra)
        snapshot = lab.snapshot()
        assert [still.name for still in snapshot.film] == ["0.png", "1.png", "2.png", "extra.png"]
        assert snapshot.film_index == 3


def test_a_file_that_changed_is_read_anew_with_its_thumbnail(lab: ImageClassification, folder: Path):
    before = finish(lab).snapshot().film[1].thumbnail
    write_picture(folder / "1.png", 77)
    lab.open(folder / "1.png")
    after = finish(lab).snapshot()
    assert not np.array_equal(after.film[1].thumbnail, before)
    np.testing.assert_array_equal(after.picture, prepare(read_image(folder / "1.png").rgb, PREPROCESSING).rgb)


def test_a_pasted_picture_joins_the_film_strip_and_a_webcam_frame_does_not(lab: ImageClassification):
    rgb = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    lab.open_picture(rgb, "Pasted")
    assert lab.snapshot().name == "Pasted"
    assert len(lab.snapshot().film) == 4
    lab.look_at(rgb[::-1])
    assert lab.snapshot().name == "Webcam"
    assert len(lab.snapshot().film) == 4
    with pytest.raises(UserError, match="array of shape"):
        lab.open_picture(rgb[..., :2], "Half a picture")
    assert len(lab.snapshot().film) == 4


def test_a_new_picture_replaces_the_jobs_about_the_old_one(lab: ImageClassification, folder: Path):
    change(lab, explain="occlusion", patch=8)
    advance_to(lab, "explanation", 3)
    assert lab.snapshot().heat is not None
    lab.show(1)
    assert lab.snapshot().heat is None
    assert lab.snapshot().sweep is None
    names = [status.name for status in lab.jobs.statuses]
    assert sorted(names) == ["explanation", "film", "layers", "sweep"]
    assert job(lab, "explanation").done == 0
    shown = finish(lab).snapshot()
    fresh = ImageClassification(lab.config, CPU)
    fresh.open(folder / "1.png")
    expected = finish(fresh).snapshot()
    fresh.close()
    np.testing.assert_array_equal(shown.heat.values, expected.heat.values)
    np.testing.assert_array_equal(shown.sweep.probabilities, expected.sweep.probabilities)


@pytest.mark.parametrize("move", ["picture", "slider"])
def test_what_was_kept_of_the_picture_before_is_let_go_of(lab: ImageClassification, move: str):
    kept = weakref.ref(finish(lab)._scene.look)
    if move == "picture":
        lab.show(1)
    else:
        change(lab, rotate=10.0)
    assert kept() is not lab._scene.look
    finish(lab)
    assert kept() is None


def broken_file(folder: Path) -> Path:
    path = folder.parent / "broken.png"
    path.write_bytes((folder / "0.png").read_bytes()[:60])
    return path


def folder_of_broken(folder: Path) -> Path:
    path = folder.parent / "only broken"
    path.mkdir()
    (path / "a.png").write_bytes(b"not a picture")
    (path / "b.jpg").write_bytes(b"")
    return path


def empty_folder(folder: Path) -> Path:
    path = folder.parent / "empty"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    "make",
    [broken_file, folder_of_broken, empty_folder, lambda folder: folder / "gone.png",
     lambda folder: folder.parent / "model.pt2", lambda folder: folder.parent / "notes.txt"],
    ids=["broken", "folder of broken", "empty folder", "gone", "model", "text"],
)  # fmt: skip
def test_what_cannot_be_opened_changes_nothing(
    lab: ImageClassification, folder: Path, make: Callable[[Path], Path]
):
    lab.show(1)
    lab.ask(Cell("picture", (3, 4)))
    path, before = make(folder), seen(lab)
    with pytest.raises(UserError):
        lab.open(path)
    assert seen(lab) == before
    lab.step()
    assert lab.snapshot().film_index == 2


def test_a_picture_that_can_be_read_but_not_prepared_changes_nothing(
    lab: ImageClassification, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    before = seen(lab)

    def refuse(*_: object) -> None:
        raise UserError("There is not enough memory")

    monkeypatch.setattr("engine.labs.image_classification.scene.prepare", refuse)
    for open_it in (
        lambda: lab.open(write_picture(tmp_path / "extra.png", 9)),
        lambda: lab.show(2),
        lambda: lab.open(folder),
    ):
        with pytest.raises(UserError, match="memory"):
            open_it()
        assert seen(lab) == before


def test_what_failed_in_the_network_leaves_the_old_jobs_running(
    lab: ImageClassification, monkeypatch: pytest.MonkeyPatch
):
    """The jobs belong to the picture on screen, so they may go only when another one stands there."""
    advance_to(lab, "sweep", 4)

    def refuse(*_: object) -> None:
        raise UserError("The network failed")

    with monkeypatch.context() as patch:
        patch.setattr(lab._inspection, "look", refuse)
        with pytest.raises(UserError, match="failed"):
            lab.show(1)
    assert lab.snapshot().film_index == 0
    assert job(lab, "sweep").done == 4
    assert finish(lab).snapshot().sweep.done == len(lab.snapshot().sweep.values)


def test_a_folder_with_a_broken_file_shows_the_good_one(lab: ImageClassification, tmp_path: Path):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "a.png").write_bytes(b"not a picture")
    write_picture(mixed / "b.png", 4)
    lab.open(mixed)
    snapshot = lab.snapshot()
    assert (snapshot.name, snapshot.film_index) == ("b.png", 1)
    film = finish(lab).snapshot().film
    assert film[0].error.endswith(".")
    assert film[0].thumbnail is None
    assert film[1].thumbnail is not None


def test_stepping_passes_over_what_cannot_be_read(lab: ImageClassification, folder: Path):
    (folder / "1.png").write_bytes(b"gone bad")
    lab.step()
    assert lab.snapshot().film_index == 2
    lab.step()
    assert lab.snapshot().film_index == 0


def test_stepping_where_nothing_can_be_read_says_so_and_stays(lab: ImageClassification, folder: Path):
    for path in folder.iterdir():
        path.unlink()
    before = seen(lab)
    with pytest.raises(UserError, match=r"can't be|cannot be"):
        lab.step()
    assert seen(lab) == before


def test_stepping_along_an_empty_film_strip_says_so(loaded: list[Classifier]):
    lab = ImageClassification(ImageClassificationConfig(), CPU)
    lab.prepare()
    assert not lab.can_step
    with pytest.raises(UserError, match="empty"):
        lab.step()
    lab.close()


@pytest.mark.parametrize("index", [-1, 3])
def test_a_picture_that_is_not_in_the_film_strip_is_refused(lab: ImageClassification, index: int):
    with pytest.raises(UserError, match="film strip has 3"):
        lab.show(index)
    assert lab.snapshot().film_index == 0


def test_reset_goes_to_the_first_readable_picture_and_lets_go_of_what_was_kept(
    lab: ImageClassification, folder: Path
):
    lab.show(2)
    lab.pin()
    lab.seek()
    (folder / "0.png").write_bytes(b"gone bad")
    lab.reset()
    snapshot = finish(lab).snapshot()
    assert (snapshot.name, snapshot.film_index) == ("1.png", 1)
    assert snapshot.pinned is None
    assert snapshot.pinned_name == ""
    assert snapshot.divergences == ()
    assert snapshot.wanted is None


# Settings -----------------------------------------------------------------------------------------


def test_a_slider_moves_the_probabilities_and_the_untouched_ones_stay(lab: ImageClassification, folder: Path):
    untouched = probabilities(lab, folder / "0.png")
    change(lab, rotate=40.0)
    top = lab.snapshot().top
    assert any(abs(score.probability - score.untouched) > 1e-3 for score in top)
    np.testing.assert_allclose([score.untouched for score in top], untouched[[s.index for s in top]], 1e-6)
    lab.show(1)  # the slider stays where it is
    top, untouched = lab.snapshot().top, probabilities(lab, folder / "1.png")
    assert any(abs(score.probability - score.untouched) > 1e-3 for score in top)
    np.testing.assert_allclose([score.untouched for score in top], untouched[[s.index for s in top]], 1e-6)
    change(lab, rotate=0.0)
    assert all(score.probability == score.untouched for score in lab.snapshot().top)


def test_changing_the_layer_runs_nothing_again(lab: ImageClassification, forwards: list[int]):
    finish(lab)
    del forwards[:]
    for layer in LAYERS:
        change(lab, layer=layer)
        assert lab.snapshot().shown.name == layer
    change(lab, scale="network")
    change(lab, order="peak")
    change(lab, channel=0)
    assert not forwards
    assert not lab.jobs


def test_changing_the_layer_before_all_are_kept_runs_it_once(lab: ImageClassification, forwards: list[int]):
    change(lab, layer="body.conv")
    assert len(forwards) == 1
    output = lab._inspection.output(lab._scene.look, "body.conv")
    np.testing.assert_array_equal(lab.snapshot().shown.map, output[lab.snapshot().shown.channel])


def test_changing_the_opacity_computes_nothing(lab: ImageClassification, forwards: list[int]):
    change(lab, explain="grad-cam")
    finish(lab)
    del forwards[:]
    before = seen(lab)
    change(lab, opacity=0.25)
    assert lab.snapshot().config.opacity == 0.25
    assert not forwards
    assert seen(lab) | {"config": None} == before | {"config": None}


@pytest.mark.parametrize("method", METHODS)
def test_an_explanation_starts_again_only_for_what_it_depends_on(lab: ImageClassification, method: str):
    change(lab, explain=method, patch=16, integration_steps=4, smoothgrad_samples=2)
    finish(lab)
    others = {
        "patch": 24, "integration_steps": 5, "smoothgrad_samples": 3, "smoothgrad_noise": 0.3,
        "explain_layer": "stem.act",
    }  # fmt: skip
    for name, value in others.items():
        change(lab, **{name: value})
        assert (job(lab, "explanation") is not None) == (name in NEEDS[method]), name
        finish(lab)
    change(lab, target=2)
    assert job(lab, "explanation") is not None
    assert finish(lab).snapshot().heat.target == 2
    change(lab, explain="none")
    assert lab.snapshot().heat is None
    assert job(lab, "explanation") is None


def test_every_field_of_the_effort_is_needed_by_some_method():
    assert set(EFFORT) <= {name for names in NEEDS.values() for name in names}
    assert set(NEEDS) == {"none", *METHODS} == set(ImageClassificationConfig.settings()["explain"].choices)


def test_grad_cam_follows_the_shown_layer_where_it_is_told_to(lab: ImageClassification):
    change(lab, explain="grad-cam", explain_layer=SHOWN_LAYER, layer="stem.act", target=1)
    assert finish(lab).snapshot().heat.layer == "stem.act"
    change(lab, layer="body.conv")
    heat, model = finish(lab).snapshot().heat, lab._inspection.model
    assert heat.layer == "body.conv"
    expected = grad_cam(model, model.body.conv, lab._scene.look.x, 1)
    np.testing.assert_allclose(heat.values, expected, rtol=1e-6)
    change(lab, explain_layer=LAST_LAYER)
    assert finish(lab).snapshot().heat.layer == "body.act"


def test_the_chart_stays_while_its_own_slider_moves(lab: ImageClassification):
    finish(lab)
    chart = lab.snapshot().sweep
    change(lab, rotate=20.0)
    assert lab.snapshot().sweep is chart
    assert job(lab, "sweep") is None
    change(lab, brightness=0.3)
    assert job(lab, "sweep") is not None
    assert finish(lab).snapshot().sweep is not chart
    change(lab, sweep="blur")
    assert finish(lab).snapshot().sweep.slider == "blur"


def test_another_network_forgets_layer_map_and_class(lab: ImageClassification, loaded: list[Classifier]):
    lab.show(1)
    change(lab, layer="body.act", channel=3, target=4, explain="grad-cam", explain_layer="body.conv")
    change(lab, wanted_steps=16)
    lab.pin()
    lab.seek()
    finish(lab)
    change(lab, model="other")
    snapshot = lab.snapshot()
    assert (snapshot.config.layer, snapshot.config.channel, snapshot.config.target) == (None, None, None)
    assert snapshot.config.explain_layer == LAST_LAYER
    assert snapshot.config.explain == "grad-cam"
    assert (snapshot.name, snapshot.film_index, len(snapshot.film)) == ("1.png", 1, 3)
    assert snapshot.model_title == "Other"
    assert len(snapshot.classes) == len(snapshot.top) == 3
    assert snapshot.pinned is None
    assert snapshot.wanted is None
    assert hook_count(loaded[0].model) == 0
    assert finish(lab).snapshot().heat.values.shape == (16, 16)


def test_a_dropped_network_taken_back_brings_layer_map_and_class_of_before(
    lab: ImageClassification, tmp_path: Path
):
    change(lab, layer="body.act", channel=3, target=4, explain_layer="body.conv")
    before, model = lab.config, tmp_path / "mine.safetensors"
    model.write_bytes(b"")  # the catalogue of these tests does not read it
    lab.open(model)
    after = lab.config
    assert after == replace(
        before, model=str(model), layer=None, channel=None, target=None, explain_layer=LAST_LAYER
    )
    lab.configure(before)
    assert lab.snapshot().config == before
    assert lab.snapshot().shown.name == "body.act"
    lab.configure(after)
    assert lab.snapshot().config == after


def test_a_network_that_cannot_be_shown_leaves_the_old_one(
    lab: ImageClassification, loaded: list[Classifier], monkeypatch: pytest.MonkeyPatch
):
    """A file can hold a network that loads and then fails on the picture."""
    change(lab, layer="body.act", channel=3, wanted_steps=16)
    lab.pin()
    lab.seek()
    before = seen(lab)

    def refuse(*_: object) -> None:
        raise UserError("The picture does not fit")

    with monkeypatch.context() as patch:
        patch.setattr("engine.labs.image_classification.scene.prepare", refuse)
        with pytest.raises(UserError, match="does not fit"):
            change(lab, model="other")
    assert seen(lab) == before
    assert hook_count(loaded[0].model) > 0
    assert hook_count(loaded[1].model) == 0
    assert finish(lab).snapshot().divergences[0].l2 == 0


def test_a_network_that_cannot_be_loaded_leaves_the_old_one(
    lab: ImageClassification, loaded: list[Classifier]
):
    before = seen(lab)
    with pytest.raises(UserError, match="not a model"):
        change(lab, model="mine.pt2")
    assert seen(lab) == before
    assert hook_count(loaded[0].model) > 0
    assert len(finish(lab).snapshot().thumbnails) == len(LAYERS)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"target": 5}, "There is no class 5.*Choose 0 to 4"), ({"explain_layer": "head.act"}, "head.act"),
     ({"layer": "stem.dense"}, "stem.dense.*stem.conv")],
)  # fmt: skip
def test_what_the_network_does_not_have_is_refused_and_the_old_settings_stay(
    lab: ImageClassification, settings: dict[str, object], sentence: str
):
    finish(lab)
    before = seen(lab)
    with pytest.raises(UserError, match=sentence):
        change(lab, opacity=0.1, **settings)
    assert seen(lab) == before
    other = ImageClassification(ImageClassificationConfig(**settings), CPU)
    with pytest.raises(UserError, match=sentence):
        other.prepare()
    with pytest.raises(UserError, match=sentence):
        other.configure(replace(other.config, model="small"))
    assert other.snapshot().picture is None
    other.close()


def test_a_channel_beyond_the_layers_last_shows_the_last(lab: ImageClassification):
    change(lab, layer="stem.act", channel=99)
    assert lab.snapshot().shown.channel == 7


def test_without_a_screen_only_what_the_result_needs_is_worked_at(loaded: list[Classifier], folder: Path):
    lab = ImageClassification(ImageClassificationConfig(explain="saliency"), CPU, screen=False)
    lab.open(folder)
    assert [status.name for status in lab.jobs.statuses] == ["explanation"]
    finish(lab)
    assert set(lab.arrays()) == {"saliency"}
    change(lab, layer="body.act")
    np.testing.assert_array_equal(
        lab.arrays()["body.act"], lab._inspection.output(lab._scene.look, "body.act")
    )
    lab.close()


def test_maps_are_arranged_for_the_area_they_are_shown_in(lab: ImageClassification, forwards: list[int]):
    change(lab, layer="stem.act")
    finish(lab)
    del forwards[:]
    lab.arrange(8.0)
    assert (lab.snapshot().shown.mosaic.rows, lab.snapshot().shown.mosaic.columns) == (1, 8)
    lab.arrange(0.125)
    assert (lab.snapshot().shown.mosaic.rows, lab.snapshot().shown.mosaic.columns) == (8, 1)
    lab.show(1)
    assert lab.snapshot().shown.mosaic.rows == 8
    assert len(forwards) == 1


# Comparing and seeking ----------------------------------------------------------------------------


def test_a_pinned_picture_is_as_far_from_itself_as_nothing_and_from_others_further(
    lab: ImageClassification,
):
    lab.pin()
    snapshot = finish(lab).snapshot()
    assert snapshot.pinned_name == "0.png"
    np.testing.assert_array_equal(snapshot.pinned, snapshot.picture)
    assert [item.layer for item in snapshot.divergences] == list(LAYERS)
    assert all(item.l2 == item.cosine_distance == item.relative_l2 == 0 for item in snapshot.divergences)
    change(lab, rotate=30.0)
    moved = finish(lab).snapshot().divergences
    assert all(item.l2 > 0 and item.cosine_distance > 0 for item in moved)
    change(lab, rotate=0.0)
    assert all(item.l2 == 0 for item in finish(lab).snapshot().divergences)
    lab.show(1)
    other = finish(lab).snapshot()
    assert all(item.l2 > 0 for item in other.divergences)
    assert other.pinned_name == "0.png"
    a, b = lab._pinned.outputs["body.conv"], lab._scene.look.outputs["body.conv"]
    at = LAYERS.index("body.conv")
    assert other.divergences[at].l2 == pytest.approx(float(torch.dist(a.double(), b.double())), rel=1e-12)
    lab.unpin()
    assert lab.snapshot().pinned is None
    assert lab.snapshot().divergences == ()
    assert finish(lab).snapshot().divergences == ()


def test_the_search_for_what_a_map_wants_goes_on_while_other_pictures_are_looked_at(
    lab: ImageClassification,
):
    change(lab, layer="body.act", channel=4, wanted_steps=16)
    finish(lab)
    lab.seek()
    advance_to(lab, "search", 1)
    lab.show(1)
    assert {"search", "optimise"} <= {status.name for status in lab.jobs.statuses}
    advance_to(lab, "optimise", 5)
    lab.show(2)
    change(lab, layer="stem.act", channel=0)
    wanted = finish(lab).snapshot().wanted
    assert (wanted.layer, wanted.channel) == ("body.act", 4)
    assert (wanted.done, wanted.total, wanted.searched) == (16, 16, 3)
    assert wanted.rgb.shape == (128, 128, 3)
    assert len(wanted.patches) == 3
    values = [patch.value for patch in wanted.patches]
    assert values == sorted(values, reverse=True)
    lab.seek()
    assert lab.snapshot().wanted.layer == "stem.act"
    assert lab.snapshot().wanted.rgb is None


@pytest.mark.parametrize("channel", [None, 3, 99])
def test_of_a_layer_of_single_numbers_one_is_sought(lab: ImageClassification, channel: int | None):
    change(lab, layer="head", channel=channel)
    lab.seek()
    best = lab.snapshot().top[0].index
    assert lab.snapshot().wanted.channel == {None: best, 3: 3, 99: 4}[channel]
    lab.step()
    assert lab.snapshot().wanted.channel == {None: best, 3: 3, 99: 4}[channel]


def test_cancel_keeps_what_was_found(lab: ImageClassification):
    change(lab, wanted_steps=16)
    finish(lab)
    lab.seek()
    advance_to(lab, "optimise", 3)
    lab.cancel()
    assert not lab.jobs
    assert lab.snapshot().wanted.done == 3


# Questions ----------------------------------------------------------------------------------------


def last_value(answer: Answer) -> float:
    return answer.steps[-1].lines[-1].value


CELLS = {
    "picture": Cell("picture", (5, 9)),
    "maps": Cell("maps", (3, 4, 7)),
    "map": Cell("map", (4, 7)),
    "top": Cell("top", (2,)),
    "layer": Cell("layer", (0,)),
    "heat": Cell("heat", (6, 3)),
}


def on_screen(lab: ImageClassification, cell: Cell) -> float:
    """The number that the page shows at a cell, taken from the snapshot."""
    snapshot, index = lab.snapshot(), cell.index
    if cell.array == "picture":
        mean, std = np.array(PREPROCESSING.mean), np.array(PREPROCESSING.std)
        return float(((snapshot.picture[index] / 255 - mean) / std).mean())
    if cell.array == "maps":
        return float(lab._inspection.output(lab._scene.look, snapshot.shown.name)[index])
    if cell.array == "map":
        return float(snapshot.shown.map[index])
    if cell.array == "top":
        return next(score.probability for score in snapshot.top if score.index == index[0])
    if cell.array == "layer":
        return float(snapshot.layers[index[0]].parameters)
    return float(snapshot.heat.values[index])


@pytest.mark.parametrize("layer", ["stem.conv", "stem.norm", "stem.act", "body.act"])
@pytest.mark.parametrize("kind", CELLS)
def test_every_number_on_screen_is_explained_to_the_last_line(
    lab: ImageClassification, kind: str, layer: str
):
    change(lab, layer=layer, channel=3, explain="integrated-gradients", integration_steps=4)
    finish(lab)
    lab.ask(CELLS[kind])
    answer = lab.snapshot().answer
    assert lab.snapshot().question == CELLS[kind]
    assert answer.value == pytest.approx(on_screen(lab, CELLS[kind]), rel=1e-6)
    assert last_value(answer) == pytest.approx(answer.value, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_heat_map_is_explained_to_the_last_line(lab: ImageClassification, method: str):
    change(lab, explain=method, integration_steps=4, smoothgrad_samples=2)
    heat = finish(lab).snapshot().heat
    row, column = np.unravel_index(np.abs(heat.values).argmax(), heat.values.shape)
    lab.ask(Cell("heat", (int(row), int(column))))
    answer = lab.snapshot().answer
    assert answer.value == heat.values[row, column] != 0
    assert last_value(answer) == pytest.approx(answer.value, rel=1e-5)


@pytest.mark.parametrize("kind", [*CELLS, "no such array"])
def test_a_question_that_fits_nothing_on_screen_has_no_answer(lab: ImageClassification, kind: str):
    change(lab, explain="grad-cam")
    finish(lab)
    for index in [(), (-1, -1), (10_000, 0), (0, 0, 0, 0), (99,), (-1,), (0, 0, 99)]:
        lab.ask(Cell(kind, index))
        assert lab.snapshot().answer is None, index


def test_a_question_about_a_map_is_let_go_when_another_layer_is_shown(lab: ImageClassification):
    change(lab, layer="stem.act", channel=3)
    finish(lab)
    for array, index in (("maps", (3, 4, 7)), ("map", (4, 7))):
        change(lab, layer="stem.act")
        lab.ask(Cell(array, index))
        assert lab.snapshot().answer is not None
        change(lab, layer="body.act")
        assert lab.snapshot().question is None
        assert lab.snapshot().answer is None
    lab.ask(Cell("map", (4, 7)))
    change(lab, channel=5)
    assert lab.snapshot().answer is None
    lab.ask(Cell("picture", (4, 7)))
    change(lab, layer="stem.act")
    assert lab.snapshot().answer is not None


@pytest.mark.parametrize("kind", CELLS)
def test_a_question_is_answered_anew_for_another_picture(lab: ImageClassification, kind: str):
    change(lab, layer="stem.act", channel=3, explain="saliency")
    finish(lab)
    lab.ask(CELLS[kind])
    values = [lab.snapshot().answer.value]
    for go_on in (lambda: lab.show(1), lambda: change(lab, mirror=True)):
        go_on()
        assert lab.snapshot().answer is None, "an old answer beside a new picture"
        answer = finish(lab).snapshot().answer
        assert answer.value == pytest.approx(on_screen(lab, CELLS[kind]), rel=1e-6)
        values.append(answer.value)
    if kind != "layer":
        assert len(set(values)) > 1


def test_a_question_about_a_heat_map_follows_it_while_it_grows(lab: ImageClassification):
    change(lab, explain="smoothgrad", smoothgrad_samples=6)
    advance_to(lab, "explanation", 1)
    cell = CELLS["heat"]
    lab.ask(cell)
    seen_values = set()
    while job(lab, "explanation") is not None:
        assert lab.snapshot().answer.value == on_screen(lab, cell)
        seen_values.add(on_screen(lab, cell))
        lab.jobs.advance()
    assert len(seen_values) > 2


def test_a_question_about_a_heat_map_stays_where_it_is_when_another_method_draws(lab: ImageClassification):
    change(lab, explain="grad-cam", explain_layer="stem.act")
    coarse = finish(lab).snapshot().heat.values.shape
    lab.ask(Cell("heat", (coarse[0] - 1, 3)))
    change(lab, explain="saliency")
    snapshot = finish(lab).snapshot()
    fine, (row, column) = snapshot.heat.values.shape, snapshot.question.index
    assert fine > coarse
    assert (row * coarse[0] // fine[0], column * coarse[1] // fine[1]) == (coarse[0] - 1, 3)
    assert snapshot.answer.value == snapshot.heat.values[row, column]
    change(lab, explain="none")
    snapshot = lab.snapshot()
    assert snapshot.question == Cell("picture", (row, column)), "the picture has no map over it any more"
    assert snapshot.answer.value == pytest.approx(on_screen(lab, snapshot.question), rel=1e-6)


def test_nothing_is_asked_any_more_after_none(lab: ImageClassification):
    lab.ask(CELLS["picture"])
    lab.ask(None)
    lab.show(1)
    assert finish(lab).snapshot().answer is None


# In the worker ------------------------------------------------------------------------------------


def frame_where(worker: Worker, holds: Callable[[Frame], object], seconds: float = 30) -> Frame:
    deadline, tick = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < deadline:
        frame = worker.take()
        if frame is not None and holds(frame):
            return frame
        tick.wait(0.001)
    raise AssertionError("no such frame came")


def test_a_file_that_cannot_be_opened_does_not_hold_the_work_on_the_picture_there(
    loaded: list[Classifier], folder: Path
):
    worker = Worker("cpu", lambda _: ImageClassification)
    try:
        worker.post("select", "image-classification")
        worker.post("open", folder)
        worker.post("open", folder / "gone.png")
        failed = frame_where(worker, lambda frame: frame.failures)
        assert "gone.png" in failed.failures[0].sentence
        assert not failed.paused
        done = frame_where(worker, lambda frame: frame.snapshot is not None and not frame.jobs)
        assert done.snapshot.name == "0.png"
        assert len(done.snapshot.thumbnails) == len(LAYERS)
        assert done.snapshot.sweep.done == len(done.snapshot.sweep.values)
    finally:
        assert worker.close(20)
    assert not any(hook_count(classifier.model) for classifier in loaded)


# The real network ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Iterator[ImageClassification]:
    """EfficientNet-Lite0 on the built-in example, every layer opened."""
    lab = ImageClassification(ImageClassificationConfig(), CPU)
    lab.start()
    advance_to(lab, "layers", 80)
    yield lab
    lab.jobs.cancel()
    lab.close()
    assert hook_count(lab._inspection.model) == 0


def test_the_built_in_example_is_a_cat(real: ImageClassification):
    snapshot = real.snapshot()
    assert "cat" in snapshot.top[0].label
    assert snapshot.name == snapshot.film[0].path.name
    assert len(snapshot.film) > 4
    assert snapshot.classes[snapshot.target] == snapshot.top[0].label


@pytest.mark.parametrize("name", ["stem.conv", "stage3.0.depthwise.act", "head.act", "pool", "classifier"])
def test_the_numbers_of_the_real_network_add_up(real: ImageClassification, name: str):
    change(real, layer=name)
    shown = real.snapshot().shown
    row, column = np.unravel_index(np.abs(shown.map).argmax(), shown.map.shape)
    real.ask(Cell("map", (int(row), int(column))))
    answer = real.snapshot().answer
    assert answer.value == shown.map[row, column]
    assert last_value(answer) == pytest.approx(answer.value, rel=1e-4, abs=1e-4)
