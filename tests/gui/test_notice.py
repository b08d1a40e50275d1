"""The notice bar: one sentence at a time, nothing lost, everything by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.notice import MOST_WAITING, NoticeBar
from gui.theme import contrast, theme

SENTENCE = "cat.jpg could not be opened: <b>it ends in the middle</b>. Save it again."


@pytest.fixture
def bar(show: Callable[[QWidget], None]) -> NoticeBar:
    page = QWidget()
    page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    page.resize(700, 300)
    bar = NoticeBar(page)
    layout = QVBoxLayout(page)
    layout.addWidget(bar)
    layout.addStretch(1)
    show(page)
    page.setFocus()
    return bar


def test_a_very_long_sentence_leaves_the_page_its_room_and_is_copied_whole(bar: NoticeBar) -> None:
    names = ", ".join(f"features.{place}.expand1x1_activation" for place in range(100))
    bar.error(f"The network has no layer “x”. Its layers are: {names}.")
    assert bar.sentence.text().startswith("The network has no layer “x”.")
    assert bar.height() < 150
    bar.copy_button.click()
    assert names in QApplication.clipboard().text()


def test_it_takes_no_room_while_there_is_nothing_to_say(bar: NoticeBar) -> None:
    assert not bar.isVisible()
    assert bar.current is None


def test_an_error_is_read_copied_and_closed_by_mouse(qtbot: QtBot, bar: NoticeBar) -> None:
    bar.error(SENTENCE, "Traceback: line 3")
    assert bar.isVisible()
    assert bar.sentence.text() == SENTENCE
    assert bar.sentence.textFormat() == Qt.TextFormat.PlainText
    assert not bar.more.isVisible()
    qtbot.mouseClick(bar.copy_button, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == f"{SENTENCE}\n\nTraceback: line 3"
    assert bar.copy_button.text() == "Copied"
    with qtbot.waitSignal(bar.closed):
        qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()


def test_it_does_not_take_the_keyboard_but_tab_reaches_it(qtbot: QtBot, bar: NoticeBar) -> None:
    page = bar.parentWidget()
    bar.error(SENTENCE, "details")
    assert page.hasFocus()
    reached = []
    for _ in range(2):
        qtbot.keyClick(page.focusWidget() or page, Qt.Key.Key_Tab)
        reached.append(page.focusWidget())
    assert reached == [bar.copy_button, bar.close_button]
    qtbot.keyClick(bar.copy_button, Qt.Key.Key_Space)
    assert "details" in QApplication.clipboard().text()
    qtbot.keyClick(bar.close_button, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert page.hasFocus()


def test_errors_wait_in_order_with_their_number_and_repeated_ones_once(qtbot: QtBot, bar: NoticeBar) -> None:
    for sentence in ("first", "second", "third", "second", "first"):
        bar.error(sentence)
    assert (bar.sentence.text(), bar.more.text(), bar.waiting) == ("first", "2 more", 2)
    bar.copy_button.click()
    bar.close_button.click()
    assert (bar.sentence.text(), bar.more.text()) == ("second", "1 more")
    assert bar.copy_button.text() == "Copy details"
    bar.close_button.click()
    assert bar.sentence.text() == "third"
    assert not bar.more.isVisible()
    bar.close_button.click()
    assert not bar.isVisible()


def test_a_flood_of_errors_is_bounded(bar: NoticeBar) -> None:
    for number in range(3 * MOST_WAITING):
        bar.error(f"error {number}")
    assert bar.waiting == MOST_WAITING


def test_an_info_gives_way_and_never_hides_an_error(bar: NoticeBar) -> None:
    bar.info("Saved as map.png.")
    assert not bar.copy_button.isVisible()
    bar.info("Copied.")
    assert bar.sentence.text() == "Copied."
    bar.error(SENTENCE)
    assert bar.sentence.text() == SENTENCE
    assert bar.waiting == 0
    bar.info("Saved again.")
    assert bar.sentence.text() == SENTENCE
    bar.close_button.click()
    assert not bar.isVisible()


def test_a_screen_reader_hears_the_sentence_and_every_button(bar: NoticeBar) -> None:
    bar.error(SENTENCE)
    interface = QAccessible.queryAccessibleInterface(bar)
    assert interface.text(QAccessible.Text.Name) == SENTENCE
    assert bar.copy_button.accessibleName() == "Copy details"
    assert bar.close_button.accessibleName() == "Close this message"


@pytest.mark.parametrize("width", [320, 700])
def test_a_long_sentence_is_wrapped_and_nothing_is_cut(qtbot: QtBot, bar: NoticeBar, width: int) -> None:
    bar.parentWidget().resize(width, 300)
    bar.error(" ".join(["The picture could not be opened."] * 6))
    bar.error("another")
    label = bar.sentence
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()))
    for part in (label, bar.more, bar.copy_button, bar.close_button):
        assert bar.rect().contains(part.geometry())
    assert bar.close_button.width() >= bar.close_button.sizeHint().width()


@pytest.mark.parametrize("kind", ["error", "info"])
def test_its_mark_has_the_kinds_colour_and_its_text_can_be_read(
    bar: NoticeBar, both_themes: str, kind: str
) -> None:
    getattr(bar, kind)("Something to say")
    image = bar.grab().toImage()
    mark = theme().danger if kind == "error" else theme().muted
    assert QColor(image.pixel(9, image.height() // 2)).name() == mark
    assert QColor(image.pixel(bar.sentence.x() - 3, 4)).name() == theme().raised
    assert contrast(theme().text, theme().raised) >= 4.5
