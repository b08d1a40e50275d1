"""The Ask pane: what it shows adds up, at every shape of kernel, and can be kept and copied."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.ask import Answer, Box, Line, Products, Step
from engine.explain.arithmetic_format import added, number
from gui.ask_pane import HINT, PINNED, AskPane
from gui.ask_text import answer_text
from gui.ask_view import EMPTY, AnswerView
from gui.product_cells import LEVELS, MOST_CHANNELS, cell_text, select, shades
from gui.products_table import Fonts, ProductsTable
from gui.theme import DARK, LIGHT, contrast, small_font, theme

LEFT = Qt.MouseButton.LeftButton


def products(channels: int, side: int, *, padded: bool = False, seed: int = 0) -> Products:
    random = np.random.default_rng(seed)
    patch = np.maximum(random.normal(size=(channels, side, side)), 0)
    kernel = random.normal(size=patch.shape)
    inside = np.ones(patch.shape, bool)
    if padded:
        inside[:, 0] = False
        patch = np.where(inside, patch, 0.0)
    return Products(patch, kernel, patch * kernel, inside, np.arange(channels) + 7)


def answer(of: Products, operation: str = "3×3 convolution, stride 2") -> Answer:
    """A convolution, a batch norm and a ReLU6, computed here."""
    total = float(of.products.sum())
    normed = (total - 0.31) / np.sqrt(0.82 + 0.001) * 1.1 + 0.7
    value = min(max(normed, 0.0), 6.0)
    steps = (
        Step(
            "stem.convolution",
            operation,
            (Line("sum of products", f"{of.products.size} products summed", total),),
            of,
        ),
        Step(
            "stem.norm",
            "batch norm",
            (
                Line(
                    "batch norm",
                    f"({number(total)} − 0.3100) / √(0.8200 + 0.001) × 1.100 {added(0.7)}",
                    normed,
                ),
            ),
        ),
        Step("stem.activation", "ReLU6", (Line("ReLU6", f"min(max({number(normed)}, 0), 6)", value),)),
    )
    return Answer(
        "Stage 2, map 7, row 21, column 30",
        "How strongly this kernel answers at this place.",
        value,
        (24, 56, 56),
        steps,
        Box(-3, 10, 24, 37),
    )


SHAPES = {
    "3x3 depthwise": products(1, 3),
    "3x3 of a colour picture": products(3, 3, padded=True),
    "3x3 of 32 channels": products(32, 3),
    "1x1 of 96 channels": products(96, 1),
    "5x5 depthwise": products(1, 5, padded=True),
    "7x7 of a colour picture": products(3, 7, padded=True),
    "dense": products(1280, 1),
    "56x56 average": Products(
        np.full((1, 56, 56), 2.0),
        np.full((1, 56, 56), 1 / 3136),
        np.full((1, 56, 56), 2 / 3136),
        np.ones((1, 56, 56), bool),
        np.array([3]),
    ),
}


@pytest.fixture
def pane(qtbot: QtBot) -> AskPane:
    pane = AskPane()
    qtbot.addWidget(pane)
    pane.resize(280, 700)
    with qtbot.waitExposed(pane):
        pane.show()
    pane.activateWindow()
    return pane


def numbers_in(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"−?\d+(?:\.\d+)?(?:e−?\d+)?", text)]


def test_empty_it_says_what_to_do(pane: AskPane) -> None:
    assert pane.view.written() == [EMPTY]
    assert not pane.copy_button.isEnabled()
    assert not pane.pin_button.isEnabled()


def test_a_count_is_written_in_full_and_a_measure_with_four_figures(pane: AskPane) -> None:
    lines = (Line("parameters", "32×4×4", 512), Line("mean", "", 512.0))
    counted = Answer("stem · its values", "", 401408, steps=(Step("stem", "what it costs", lines),))
    pane.show_answer(counted)
    assert {"= 401,408", "= 512", "= 512.0"} <= set(pane.view.written())
    assert "32×4×4 = 512\n" in answer_text(counted)


def test_an_answer_is_written_out_from_quantity_to_value(pane: AskPane) -> None:
    shown = answer(SHAPES["3x3 depthwise"])
    pane.show_answer(shown)
    texts = [text.replace("\u00a0", " ") for text in pane.view.written()]
    for part in (
        shown.title,
        shown.meaning,
        f"= {number(shown.value)}",
        "one of 24 × 56 × 56",
        "Receptive field 27 × 27 pixels: rows −3 to 23, columns 10 to 36",
        "stem.convolution",
        "3×3 convolution, stride 2",
        "9 products summed",
        shown.steps[1].lines[0].formula,
    ):
        assert part in texts, part
    assert texts[-1] == f"= {number(shown.steps[-1].lines[-1].value)}"


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("width", [260, 280, 420])
def test_nothing_leaves_the_pane(pane: AskPane, name: str, width: int) -> None:
    pane.resize(width, 700)
    pane.show_answer(answer(SHAPES[name]))
    assert pane._scroll.horizontalScrollBar().maximum() == 0
    right = pane.view.width() - 16 + 1
    for text in pane.view._texts:
        assert text.left + text.layout.boundingRect().width() <= right + 1, text.layout.text()
        assert text.bottom <= pane.view.minimumHeight()
    for placed in pane.view._tables:
        for matrix in placed.table._matrices:
            assert 16 + matrix.box.right() <= right
            assert placed.top + matrix.box.bottom() <= pane.view.minimumHeight()
        for label in placed.table._labels:
            end = label.left + placed.table._words.horizontalAdvance(label.text)
            assert 16 + end <= right + 1, label.text


@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 99))
def test_what_is_shown_and_the_honest_line_are_the_sum(channels: int, side: int, seed: int) -> None:
    of = products(channels, side, seed=seed)
    chosen = select(of)
    shown = of.products[list(chosen.places)].sum()
    assert shown + chosen.others_sum == pytest.approx(of.products.sum(), abs=1e-12)
    assert len(chosen.places) + chosen.others == channels
    assert len(chosen.places) <= max(MOST_CHANNELS, 3)
    if chosen.others:
        rest = np.delete(np.abs(of.products.sum(axis=(1, 2))), chosen.places)
        assert abs(of.products[list(chosen.places)].sum(axis=(1, 2))).min() >= rest.max()


def table(of: Products, width: int = 248) -> ProductsTable:
    figures = small_font(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    return ProductsTable(of, "channel", width, Fonts(small_font(QFont()), figures))


def test_the_others_are_named_with_their_sum(qapp: object) -> None:
    of = SHAPES["1x1 of 96 channels"]
    words = [label.text for label in table(of)._labels]
    assert "… and 90 other channels:" in words
    assert number(select(of).others_sum) in words
    assert "The 6 of 96 channels that weigh most" in words


@pytest.mark.parametrize("name", ["3x3 depthwise", "1x1 of 96 channels", "5x5 depthwise"])
def test_every_cell_tells_its_product_in_full(qapp: object, name: str) -> None:
    of = SHAPES[name]
    drawn = table(of)
    matrices = [matrix for matrix in drawn._matrices if matrix.place == drawn._matrices[0].place]
    assert len(matrices) == 3
    for matrix in matrices:
        centre = matrix.box.center()
        tip = drawn.tip_at(centre.x(), centre.y())
        place, formula = tip.split("\n")
        one, other, product = numbers_in(formula)[:3]
        assert f"channel {of.channels[matrix.place]}" in place
        assert one * other == pytest.approx(product, rel=2e-3, abs=1e-6)
    assert drawn.tip_at(-5, -5) == ""


def test_cells_have_the_colour_of_their_sign(qtbot: QtBot, both_themes: str) -> None:
    values = np.array([[[1.0, -1.0], [0.0, 0.5]]])
    of = Products(np.ones((1, 2, 2)), values, values, np.ones((1, 2, 2), bool), np.array([0]))
    view = AnswerView()
    qtbot.addWidget(view)
    view.resize(280, 400)
    view.show_answer(Answer("x", "", 0.5, (), (Step("a", "b", (Line("sum", "", 0.5),), of),)))
    view.resize(280, view.minimumHeight())
    image = view.grab().toImage()
    placed = view._tables[0]
    kernel = placed.table._matrices[1]

    def corner(i: int, j: int) -> str:
        x = 16 + kernel.left + j * kernel.cell[0] + 2
        y = int(placed.top) + kernel.top + i * kernel.cell[1] + 2
        return image.pixelColor(x, y).name()

    colours = [ground.name() for ground, _ in shades(theme())]
    assert corner(0, 0) == colours[2 * LEVELS]
    assert corner(0, 1) == colours[0]
    assert corner(1, 0) == colours[LEVELS] == theme().raised
    assert corner(1, 1) == colours[LEVELS + LEVELS // 2]


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_numbers_are_readable_on_every_colour(colours: object) -> None:
    for ground, ink in shades(colours):  # type: ignore[arg-type]
        assert contrast(ground.name(), ink.name()) >= 4.5


def test_padding_is_hatched_and_said(qapp: object) -> None:
    drawn = table(SHAPES["3x3 of a colour picture"])
    assert "Hatched: 0 (padding)" in [label.text for label in drawn._labels]
    first = drawn._matrices[0]
    assert drawn.tip_at(first.left + 2, first.top + 2).endswith("(padding)")
    assert "Hatched: 0 (padding)" not in [label.text for label in table(SHAPES["3x3 depthwise"])._labels]


def test_pooling_shows_its_input_only(qapp: object) -> None:
    patch = np.arange(9.0).reshape(1, 3, 3)
    picks = (patch == 8).astype(float)
    inside = np.ones(patch.shape, bool)
    largest = table(Products(patch, picks, patch * picks, inside, np.array([2])))
    assert [matrix.outlined for matrix in largest._matrices] == [(2, 2)]
    evenly = np.full(patch.shape, 1 / 9)
    average = table(Products(patch, evenly, patch * evenly, inside, np.array([2])))
    assert len(average._matrices) == 1
    assert "input, each × 0.1111" in [label.text for label in average._labels]


def test_a_wide_pane_puts_the_three_tables_side_by_side(qapp: object) -> None:
    tops = {
        width: [matrix.top for matrix in table(SHAPES["3x3 depthwise"], width)._matrices]
        for width in (248, 400)
    }
    assert len(set(tops[400])) == 1
    assert tops[248][0] == tops[248][1] < tops[248][2]


def test_the_last_value_stands_in_the_accent_colour(pane: AskPane, both_themes: str) -> None:
    pane.show_answer(answer(SHAPES["3x3 depthwise"]))
    in_accent = [text.layout.text() for text in pane.view._texts if text.colour == theme().accent_text]
    assert in_accent == [f"= {number(pane.answer.value if pane.answer else 0)}"]
    image = pane.grab().toImage()
    seen = {image.pixelColor(x, y).name() for x in range(200, 280) for y in range(image.height())}
    assert theme().accent_text in seen


def test_long_formulas_wrap_before_an_operator(pane: AskPane) -> None:
    formula = " + ".join(f"{n}.123 × 4.567" for n in range(9))
    step = Step("layer", "sum", (Line("total", formula, 1.0),))
    pane.show_answer(Answer("x", "", 1.0, (), (step,)))
    text = next(text for text in pane.view._texts if "8.123" in text.layout.text())
    lines = text.layout.lineCount()
    starts = [text.layout.text()[text.layout.lineAt(n).textStart()] for n in range(1, lines)]
    assert lines > 2
    assert set(starts) <= set("+×")


def test_the_copied_text_is_the_whole_calculation(pane: AskPane) -> None:
    of = SHAPES["1x1 of 96 channels"]
    shown = answer(of, "1×1 pointwise convolution")
    pane.show_answer(shown)
    QTest.mouseClick(pane.copy_button, LEFT)
    text = QGuiApplication.clipboard().text()
    assert text == answer_text(shown)
    summed = [numbers_in(line)[-1] for line in text.splitlines() if line.startswith("  channel")]
    assert len(summed) == 96
    assert sum(summed) == pytest.approx(of.products.sum(), abs=96 * 5e-4)
    assert text.startswith(f"Stage 2, map 7, row 21, column 30 = {number(shown.value)}\n")
    assert text.rstrip().endswith(f"= {number(shown.value)}")


def test_copied_padding_and_places_are_named() -> None:
    text = answer_text(answer(SHAPES["3x3 of a colour picture"]))
    assert "channel 7, row 0, column 2: 0 × " in text
    assert text.count("(padding)") == 9


def test_pinned_by_the_window_it_shows_the_pinned_answer(pane: AskPane, qtbot: QtBot) -> None:
    pane.show_answer(answer(SHAPES["3x3 depthwise"]))
    assert pane._hint.text() == HINT
    with qtbot.assertNotEmitted(pane.unpinned), qtbot.assertNotEmitted(pane.pinned):
        pane.set_pinned(True)
    assert pane._hint.text() == PINNED
    wanted = answer(SHAPES["5x5 depthwise"])
    pane.show_answer(wanted)
    assert pane.answer is wanted
    assert pane.view.accessibleDescription() != ""


def test_pinned_by_its_own_button_it_keeps_what_is_there(pane: AskPane, qtbot: QtBot) -> None:
    kept = answer(SHAPES["3x3 depthwise"])
    pane.show_answer(kept)
    with qtbot.waitSignal(pane.pinned):
        QTest.mouseClick(pane.pin_button, LEFT)
    pane.show_answer(answer(SHAPES["5x5 depthwise"]))
    assert pane.answer is kept
    with qtbot.waitSignal(pane.unpinned):
        QTest.keyClick(pane.pin_button, Qt.Key.Key_Escape)
    assert not pane.is_pinned
    pane.show_answer(None)
    assert pane.view.written() == [EMPTY]


def test_following_the_pointer_makes_no_widgets(pane: AskPane) -> None:
    first = answer(SHAPES["3x3 of 32 channels"])
    pane.show_answer(first)
    before = len(pane.findChildren(object))
    for of in SHAPES.values():
        pane.show_answer(answer(of))
    pane.show_answer(dataclasses.replace(first))
    assert len(pane.findChildren(object)) == before


def test_the_tip_follows_the_cells_of_the_view(pane: AskPane) -> None:
    pane.show_answer(answer(SHAPES["3x3 depthwise"]))
    placed = pane.view._tables[0]
    matrix = placed.table._matrices[0]
    point = QPointF(16 + matrix.left + 3, int(placed.top) + matrix.top + 3)
    assert "row 0, column 0" in pane.view.tip_at(point)
    assert pane.view.tip_at(QPointF(2, 2)) == ""


@given(st.floats(-1e7, 1e7, allow_nan=False, allow_subnormal=False))
def test_a_cell_has_five_letters_at_most_and_is_near_the_value(value: float) -> None:
    text = cell_text(value)
    assert len(text) <= 5
    back = 0.0 if text == "≈0" else float(text.replace("−", "-"))
    digits = 1 if abs(value) < 0.0005 or abs(value) >= 1e4 else 3
    assert back == pytest.approx(value, rel=0.51 * 10 ** (1 - digits), abs=5.1e-4 if digits == 3 else 1e-9)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.4123, ".412"), (-0.3, "−.300"), (1.456, "1.46"), (-12.34, "−12.3"), (-4e-5, "−4e−5")],
)
def test_cells_are_written_briefly(value: float, text: str) -> None:
    assert cell_text(value) == text
