"""The question under the pointer: every kind of cell, against the tensors and counts themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_classifier import hook_count, small_classifier
from torch import nn

from engine.ask import Answer, Box, Cell, Line
from engine.explain.arithmetic_format import result
from engine.explain.inspection import Inspection, Look
from engine.explain.questions import MEANING, answer_cell, carried_over, explain_layer
from engine.explain.shown_layer import ShownLayer, show_layer
from engine.explain.why import METHODS, Effort, Heat, explain
from engine.models.catalogue import load_classifier
from engine.models.names import BUILT_IN

CPU = torch.device("cpu")
EFFORT = Effort(integration_steps=4, smoothgrad_samples=2, smoothgrad_noise=0.1, patch=8, seed=0)


@pytest.fixture(scope="module")
def inspection() -> Iterator[Inspection]:
    inspection = Inspection(small_classifier(), CPU)
    yield inspection
    inspection.close()
    assert hook_count(inspection.model) == 0


@pytest.fixture(scope="module")
def look(inspection: Inspection) -> Look:
    rgb = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    about = inspection.classifier.preprocessing
    x = (torch.from_numpy(rgb).permute(2, 0, 1)[None] / 255 - torch.tensor(about.mean)[:, None, None]) / (
        torch.tensor(about.std)[:, None, None]
    )
    return inspection.open_up(inspection.look(x, rgb, ""))


def shown_layer(inspection: Inspection, look: Look, name: str, channel: int | None = 3) -> ShownLayer:
    return show_layer(inspection, look, name, order="mean", scale="map", channel=channel, aspect=1.5)


def last_value(answer: Answer) -> float:
    return answer.steps[-1].lines[-1].value


@pytest.mark.parametrize("name", ["stem.conv", "stem.norm", "stem.act", "body.conv", "body.act", "pool"])
def test_a_value_of_a_map_is_the_tensors_and_adds_up(inspection: Inspection, look: Look, name: str):
    shown, output = shown_layer(inspection, look, name), look.outputs[name][0]
    side = output.shape[1]
    for row, column in {(0, 0), (side // 2, 1 % side), (side - 1, side - 1)}:
        for cell in (Cell("maps", (3, row, column)), Cell("map", (row, column))):
            answer = answer_cell(inspection, look, cell, shown, None)
            assert answer.value == float(output[3, row, column])
            assert last_value(answer) == pytest.approx(answer.value, rel=1e-5, abs=1e-6)
            assert name in answer.title
            assert answer.shape == tuple(output.shape)


def test_the_large_map_is_the_picked_one(inspection: Inspection, look: Look):
    for channel in (0, 7):
        shown = shown_layer(inspection, look, "stem.act", channel)
        answer = answer_cell(inspection, look, Cell("map", (5, 6)), shown, None)
        assert answer.value == float(look.outputs["stem.act"][0, channel, 5, 6])


def test_a_value_of_a_dense_layer_is_found_where_it_is_drawn(inspection: Inspection, look: Look):
    for name, size in (("flat", 12), ("head", 5)):
        shown = shown_layer(inspection, look, name, None)
        assert shown.map.size == size
        for place in np.ndindex(shown.map.shape):
            answer = answer_cell(inspection, look, Cell("map", place), shown, None)
            value = look.outputs[name].flatten()[np.ravel_multi_index(place, shown.map.shape)]
            assert answer.value == shown.map[place] == float(value)
            assert last_value(answer) == pytest.approx(answer.value, rel=1e-5, abs=1e-5)


def test_a_value_says_what_it_sees(inspection: Inspection, look: Look):
    shown = shown_layer(inspection, look, "body.conv")
    answer = answer_cell(inspection, look, Cell("maps", (3, 5, 2)), shown, None)
    # Two 3x3 convolutions, the first with stride 2: 7 pixels, 2 apart, starting at -1 - 2.
    assert answer.field == Box(-3 + 10, -3 + 4, -3 + 10 + 7, -3 + 4 + 7)


def test_a_pixel_is_what_the_network_reads_there(inspection: Inspection, look: Look):
    answer = answer_cell(inspection, look, Cell("picture", (30, 1)), None, None)
    assert answer.value == pytest.approx(float(look.x[0, :, 30, 1].mean()), abs=1e-6)
    read = [step.lines[-1].value for step in answer.steps[:3]]
    np.testing.assert_allclose(read, look.x[0, :, 30, 1], rtol=1e-5, atol=1e-6)
    assert last_value(answer) == pytest.approx(answer.value, abs=1e-6)


def test_a_class_is_its_share_of_the_softmax(inspection: Inspection, look: Look):
    exact = torch.softmax(look.logits.double(), 0)
    for index in range(5):
        answer = answer_cell(inspection, look, Cell("top", (index,)), None, None)
        assert answer.value == pytest.approx(float(exact[index]), rel=1e-6)
        assert last_value(answer) == pytest.approx(float(exact[index]), rel=1e-12)
        assert f"class {index}" in answer.title


# Layers -------------------------------------------------------------------------------------------


def sum_written(formula: str) -> int:
    """The value of a sum of products written out: "8×3×3×3 + 8"."""
    return sum(math.prod(int(part) for part in term.split("×")) for term in formula.split(" + "))


@pytest.fixture(scope="module")
def real() -> Iterator[Inspection]:
    inspection = Inspection(load_classifier(BUILT_IN), CPU)
    yield inspection
    inspection.close()


def test_what_a_layer_costs_is_written_out_and_adds_up(real: Inspection):
    for place, layer in enumerate(real.layers):
        answer = answer_cell(real, blank_look(real), Cell("layer", (place,)), None, None)
        lines = {line.label: line for line in answer.steps[0].lines}
        parameters = sum(part.numel() for part in real.module(layer.name).parameters())
        assert answer.value == last_value(answer) == lines["parameters"].value == parameters
        assert parameters == (sum_written(lines["parameters"].formula) if parameters else 0)
        assert ("multiply-adds" in lines) == bool(layer.multiply_adds)
        if layer.multiply_adds:
            factors = re.sub(r"[ ,]|values|products each", "", lines["multiply-adds"].formula)
            assert sum_written(factors) == lines["multiply-adds"].value == layer.multiply_adds
        assert answer.title.startswith(layer.name)
        assert result(answer.value) == f"{parameters:,}"
        assert not any("." in result(line.value) for line in lines.values())
        assert sum_written(lines["values"].formula.replace(" ", "")) == lines["values"].value
        assert not answer.shape, "what it costs is none of the values that it puts out"


def blank_look(inspection: Inspection) -> Look:
    side = inspection.classifier.preprocessing.crop
    return Look(torch.zeros(1, 3, side, side), np.zeros((side, side, 3), np.uint8), *torch.zeros(2, 1000))


class Twice(nn.Module):
    """Runs one convolution twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.conv(x)).mean((2, 3))


def test_products_of_a_layer_that_runs_twice_are_not_written_as_if_it_ran_once():
    inspection = Inspection(replace(small_classifier(), model=Twice().eval()), CPU)
    answer = explain_layer(inspection, inspection.layers[0])
    products = next(line for line in answer.steps[0].lines if line.label == "multiply-adds")
    assert products.value == 2 * 3 * 32 * 32 * 27
    assert not re.search(r"\d", products.formula)
    inspection.close()


# Heat maps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_value_of_a_heat_map_is_explained(inspection: Inspection, look: Look, method: str):
    *_, heat = explain(method, inspection, look, 2, "body.act", EFFORT)
    for row, column in ((0, 0), (9, 4), (heat.values.shape[0] - 1, 3)):
        answer = answer_cell(inspection, look, Cell("heat", (row, column)), None, heat)
        assert answer.value == float(heat.values[row, column])
        assert last_value(answer) == pytest.approx(answer.value, rel=1e-4, abs=1e-7)
        assert answer.title == f"class 2 · row {row}, column {column}"
        assert answer.meaning.startswith(MEANING[method])
        assert ("Below zero" in answer.meaning) == heat.signed
        assert answer.steps[0].layer == ("body.act" if method == "grad-cam" else "input")
        if heat.colours is not None:
            parts = [line.value for line in answer.steps[0].lines[:3]]
            np.testing.assert_array_equal(parts, heat.colours[:, row, column])


@pytest.mark.parametrize("side", [7, 32, 224])
def test_a_cell_carried_over_to_a_coarser_map_and_back_lies_within_the_same_coarse_cell(side: int):
    for at in range(7):
        carried = carried_over(Cell("heat", (at, 6 - at)), (7, 7), (side, side))
        row, column = carried.index
        assert (row * 7 // side, column * 7 // side) == (at, 6 - at)
        assert carried_over(carried, (side, side), (7, 7)) == Cell("heat", (at, 6 - at))


def test_every_method_has_its_words():
    assert set(MEANING) == set(METHODS)


def test_a_value_of_grad_cam_is_the_weighted_sum_of_the_maps_there(inspection: Inspection, look: Look):
    (heat,) = explain("grad-cam", inspection, look, 2, "body.conv", EFFORT)
    maps = look.outputs["body.conv"].double().requires_grad_()
    tail = deepcopy(inspection.model).double()
    logits = tail.head(tail.flat(tail.pool(tail.body.act(maps))))
    weights = torch.autograd.grad(logits[0, 2], maps)[0].mean((2, 3))[0]
    sums = torch.einsum("k,kij->ij", weights, maps[0].detach())
    assert 0 < int((sums > 0).sum()) < sums.numel(), "some cells must be cut off at zero and some not"
    lowest = divmod(int(sums.argmin()), 16)
    for place in ((0, 0), (7, 9), (15, 15), lowest):
        (step,) = answer_cell(inspection, look, Cell("heat", place), None, heat).steps
        np.testing.assert_allclose(step.products.patch.ravel(), maps[0, :, *place].detach(), rtol=1e-6)
        np.testing.assert_allclose(step.products.kernel.ravel(), weights, rtol=1e-4, atol=1e-7)
        summed, cut = step.lines
        assert summed.value == pytest.approx(float(sums[place]), rel=1e-4, abs=1e-5)
        assert (cut.label, cut.value) == ("ReLU", max(0.0, summed.value))


def test_a_value_of_occlusion_is_the_mean_fall_under_the_squares_on_the_pixel(
    inspection: Inspection, look: Look
):
    model, x = deepcopy(inspection.model).double(), look.x.double()
    *_, heat = explain("occlusion", inspection, look, 2, "body.act", EFFORT)
    with torch.no_grad():
        whole = float(model(x)[0, 2])
    for (row, column), count in (((0, 0), 1), ((0, 9), 4), ((13, 20), 16), ((31, 31), 1)):
        (step,) = answer_cell(inspection, look, Cell("heat", (row, column)), None, heat).steps
        squares = [line for line in step.lines if line.label.startswith("square")]
        assert len(squares) == min(count, 5)
        for line in squares:
            top, bottom, left, right = map(int, re.findall(r"\d+", line.label))
            assert top <= row <= bottom
            assert left <= column <= right
            covered = x.clone()
            covered[:, :, top : bottom + 1, left : right + 1] = 0
            with torch.no_grad():
                fall = whole - float(model(covered)[0, 2])
            assert line.value == pytest.approx(fall, rel=1e-4, abs=1e-4)
        assert ("the others" in {line.label for line in step.lines}) == (count > 5)
        assert count == 1 or step.lines[-1].formula.endswith(f"/ {count}")


def test_a_pixel_that_no_square_has_covered_yet_says_so(inspection: Inspection, look: Look):
    first = next(explain("occlusion", inspection, look, 2, "body.act", EFFORT))
    (step,) = answer_cell(inspection, look, Cell("heat", (31, 31)), None, first).steps
    assert step.lines == (Line("not covered yet", "no square has been here", 0.0),)


# What is not there --------------------------------------------------------------------------------


def heat_of_zeros() -> Heat:
    return Heat("saliency", 0, "body.act", np.zeros((4, 6), np.float32), False, 1, 1)


@pytest.mark.parametrize(
    ("array", "shape"),
    [("picture", (32, 32)), ("top", (5,)), ("layer", (8,)), ("heat", (4, 6)), ("map", (16, 16)),
     ("maps", (8, 16, 16))],
)  # fmt: skip
def test_beyond_the_edges_there_is_no_answer(
    inspection: Inspection, look: Look, array: str, shape: tuple[int, ...]
):
    shown, heat = shown_layer(inspection, look, "stem.act"), heat_of_zeros()
    corner = tuple(size - 1 for size in shape)
    assert answer_cell(inspection, look, Cell(array, corner), shown, heat) is not None
    for axis in range(len(shape)):
        for at in (-1, shape[axis]):
            outside = (*corner[:axis], at, *corner[axis + 1 :])
            assert answer_cell(inspection, look, Cell(array, outside), shown, heat) is None
    for index in ((), (*corner, 0)):
        assert answer_cell(inspection, look, Cell(array, index), shown, heat) is None


@pytest.mark.parametrize("array", ["heat", "map", "maps", "unknown"])
def test_what_is_not_shown_has_no_answer(inspection: Inspection, look: Look, array: str):
    for index in ((), (0,), (0, 0), (0, 0, 0)):
        assert answer_cell(inspection, look, Cell(array, index), None, None) is None


def test_a_layer_names_its_window(inspection: Inspection):
    meaning = explain_layer(inspection, inspection.layer("stem.conv")).meaning
    assert meaning == "Convolution, kernel 3 × 3, stride 2, padding 1."
    assert explain_layer(inspection, inspection.layer("flat")).meaning == "Flatten layer."
