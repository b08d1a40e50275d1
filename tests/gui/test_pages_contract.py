"""What every lab's page promises, checked over the registry: drawn, whole, quiet, and gone when closed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from person import FakeSource, colours, controls, frame, unnamed, visible_children
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from engine.lab import Lab, Snapshot
from engine.registry import labs, module_name
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.pages import page_type
from gui.panels.header import Header, MenuButton
from gui.theme import contrast, themes
from gui.view import View

SIZES = [(1280, 720), (1440, 900), (2560, 1440)]


def test_importing_the_pages_does_not_wait_for_torch():
    modules = ", ".join(f"gui.labs.{module_name(name)}" for name in labs())
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


@dataclass(frozen=True)
class Example:
    """A lab's built-in example, run to its end."""

    name: str
    lab: type[Lab[Any, Any]]
    snapshot: Snapshot


@pytest.fixture(scope="module", params=list(labs()))
def example(request: pytest.FixtureRequest, short_reference: None) -> Iterator[Example]:
    lab_type = labs()[request.param]
    torch.set_num_threads(1)
    lab = lab_type(lab_type.config_type(), torch.device("cpu"))
    lab.start()
    while lab.jobs:
        lab.jobs.advance()
    yield Example(request.param, lab_type, lab.snapshot())
    lab.close()


@pytest.fixture
def page(example: Example, show: Callable[[QWidget], None]) -> View:
    page = page_type(example.name)()
    page.resize(1000, 700)
    show(page)
    page.show_snapshot(example.snapshot)
    QApplication.processEvents()
    return page


Furnished = Callable[..., MainWindow]


@pytest.fixture
def window(example: Example, qtbot: QtBot, show: Callable[[QWidget], None], tmp_path: Path) -> MainWindow:
    """The whole window with the example on its page."""
    source = FakeSource()
    memory = Memory(tmp_path)
    memory.last_lab = example.name
    window = MainWindow(memory, lambda: source)
    seen: list[object] = []
    window.shown.connect(seen.append)
    source.give(frame(lab=example.name, snapshot=example.snapshot))
    show(window)
    qtbot.waitUntil(lambda: bool(seen))
    return window


def tabs_of(root: QWidget) -> Iterator[None]:
    """Every state of the tabs below `root`, one after the other."""
    pages = [(tabs, place) for tabs in root.findChildren(QTabWidget) for place in range(tabs.count())]
    for tabs, place in pages or [(None, 0)]:
        if tabs is not None:
            tabs.setCurrentIndex(place)
        QApplication.processEvents()
        yield


# Drawing -----------------------------------------------------------------------------------------


def test_it_says_what_it_is(example: Example, page: View) -> None:
    assert page.subtitle(example.snapshot)
    assert len(page.panels()) >= 3
    names = [panel.name for panel in page.panels()]
    assert len(set(names)) == len(names)
    for panel in page.panels():
        assert panel.title
        assert panel.sentence or panel.empty_text


def test_it_is_not_blank(page: View, both_themes: str) -> None:
    QApplication.processEvents()
    assert len(colours(page.grab().toImage())) > 200
    for panel in page.panels():
        if panel.isVisible() and not panel.is_empty:
            assert len(colours(panel.canvas.grab().toImage(), step=2)) > 3, panel.title


def test_what_is_shown_has_its_numbers(page: View) -> None:
    shown = [panel for panel in page.panels() if not panel.is_empty]
    assert shown
    for panel in shown:
        header, rows = panel.numbers()
        assert rows, panel.title
        assert {len(row) for row in rows} == {len(header)}
        assert panel.summary(), panel.title


class Changes(QObject):
    """Notes every child that comes or goes and every repaint below a widget."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ChildAdded, QEvent.Type.ChildRemoved, QEvent.Type.Paint):
            self.seen.append(f"{event.type().name} {watched!r}")
        return False


def test_the_same_snapshot_again_changes_nothing(example: Example, page: View, qapp: QApplication) -> None:
    for _ in tabs_of(page):
        page.show_snapshot(example.snapshot)
        QApplication.processEvents()
        widgets, picture = set(page.findChildren(QObject)), page.grab().toImage()
        changes = Changes()
        qapp.installEventFilter(changes)
        for _ in range(3):
            page.show_snapshot(example.snapshot)
            QApplication.processEvents()
        qapp.removeEventFilter(changes)
        assert [change for change in changes.seen if not change.startswith("Paint")] == []
        assert set(page.findChildren(QObject)) == widgets
        assert page.grab().toImage() == picture


def test_going_through_all_its_states_makes_no_new_widgets(example: Example, page: View) -> None:
    for _ in tabs_of(page):
        page.show_snapshot(example.snapshot)
    before = len(page.findChildren(QObject))
    for _ in range(2):
        for _ in tabs_of(page):
            page.show_snapshot(example.snapshot)
    assert len(page.findChildren(QObject)) == before


def test_it_waits_with_a_sentence_where_there_is_nothing_yet(example: Example, show: Callable) -> None:
    page = page_type(example.name)()
    show(page)
    page.show_snapshot(type(example.snapshot)(example.lab.config_type()))
    QApplication.processEvents()
    assert all(panel.empty_text for panel in page.panels())
    assert page.entries() == []


# Room --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_nothing_is_cut_off_and_nothing_overlaps(
    window: MainWindow, size: tuple[int, int], both_themes: str
) -> None:
    window.resize(*size)
    for _ in tabs_of(window):
        QTest.qWait(1)
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)  # on a busy machine they wait
        assert (window.width(), window.height()) == size
        labels, buttons = list(visible_labels(window)), list(visible_buttons(window))
        assert len(labels) > 10
        assert len(buttons) > 10
        assert [describe(label) for label in labels if is_cut(label)] == []
        assert [describe(button) for button in buttons if is_squeezed(button)] == []
        assert list(overlaps(window)) == []
        assert [describe(child) for child in outside(window)] == []


def visible_labels(root: QWidget) -> Iterator[QLabel]:
    return (child for child in visible_children(root) if isinstance(child, QLabel) and child.text())


def visible_buttons(root: QWidget) -> Iterator[QAbstractButton]:
    return (child for child in visible_children(root) if isinstance(child, QAbstractButton))


def is_squeezed(button: QAbstractButton) -> bool:
    """Whether a button's text needs more width than it has."""
    return button.fontMetrics().horizontalAdvance(button.text()) > button.width()


def is_cut(label: QLabel) -> bool:
    """Whether a label's text needs more room than it has."""
    room = label.contentsRect()
    if label.wordWrap():
        return label.heightForWidth(label.width()) > label.height()
    needed = label.fontMetrics().size(0, label.text())
    return needed.width() > room.width() or needed.height() > room.height()


def overlaps(root: QWidget) -> Iterator[str]:
    """Pairs of siblings, below `root`, that a person sees on top of each other."""
    for parent in [root, *visible_children(root)]:
        siblings = [child for child in parent.children() if _is_laid_out(child, parent)]
        for number, one in enumerate(siblings):
            for other in siblings[number + 1 :]:
                both = one.geometry() & other.geometry()
                if both.width() > 1 and both.height() > 1:
                    yield f"{describe(one)} and {describe(other)}"


def _is_laid_out(child: QObject, parent: QWidget) -> bool:
    """Scroll bars and the grips of a splitter lie over what they belong to."""
    if not isinstance(child, QWidget) or child.isWindow() or not child.isVisibleTo(parent):
        return False
    return (
        "Scroll" not in type(child).__name__ + child.accessibleName() and "Handle" not in type(child).__name__
    )


def outside(root: QWidget) -> Iterator[QWidget]:
    """Widgets that stick out of their parent, other than what scrolls."""
    for child in visible_children(root):
        parent = child.parentWidget()
        scrolls = parent is not None and isinstance(parent.parentWidget(), QScrollArea)
        if not scrolls and parent is not None and not _room(parent).contains(child.geometry()):
            yield child


def _room(parent: QWidget) -> QRect:
    return parent.rect().adjusted(-1, -1, 1, 1)


def describe(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QLabel) else widget.accessibleName()
    return f"{type(widget).__name__} “{text}” {widget.geometry().getRect()}"


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]], ids=lambda size: "x".join(map(str, size)))
def test_every_panel_has_room_to_be_read(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    for _ in tabs_of(window):
        QTest.qWait(1)
        for panel in window.page.panels():
            if panel.isVisible():
                assert panel.canvas.width() >= 120, panel.title
                assert panel.canvas.height() >= 40, panel.title
                assert panel.findChild(Header).height() >= panel.fontMetrics().height(), panel.title


def test_every_control_of_every_tab_has_a_name(window: MainWindow) -> None:
    for _ in tabs_of(window):
        assert unnamed(window) == []


def test_every_control_of_every_tab_is_reached_by_the_tab_key(window: MainWindow) -> None:
    for _ in tabs_of(window):
        wanted = {control for control in controls(window) if is_stop(control)}
        reached = set[QWidget | None]()
        for _ in range(2 * len(wanted) + 20):
            QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
            reached.add(QApplication.focusWidget())
        assert len(wanted) > 20
        assert [describe(control) for control in wanted - reached] == []


def is_stop(control: QWidget) -> bool:
    """Among buttons of which one is down, the arrows lead from that one to the others."""
    if isinstance(control, QAbstractButton) and (control.autoExclusive() or control.group() is not None):
        return control.isChecked()
    return bool(control.focusPolicy() & Qt.FocusPolicy.TabFocus) and not isinstance(control, QScrollArea)


def test_every_word_stands_out_from_its_ground(window: MainWindow, both_themes: str) -> None:
    """In the picture itself: the most frequent colour of a label or button, and the one most unlike it.

    The button of a panel's menu is seen only while one points at the panel.
    """
    for _ in tabs_of(window):
        picture = window.grab().toImage()
        buttons = (one for one in visible_buttons(window) if not isinstance(one, MenuButton))
        worded = [*visible_labels(window), *(one for one in buttons if one.text())]
        assert len(worded) > 20
        weak = {
            describe(one): found for one in worded if (found := seen_contrast(one, window, picture)) < 4.5
        }
        assert weak == {}


def seen_contrast(widget: QWidget, window: QWidget, picture: QImage) -> float:
    """The contrast of a widget's words in a picture of its window; 21 where it is not all to be seen."""
    shown = QRect(widget.mapTo(window, QPoint()), widget.size()) & window.rect()
    seen = widget.visibleRegion().boundingRect()
    if seen.size() != widget.size() or not widget.isEnabled():
        return 21.0
    part = picture.copy(shown).convertToFormat(QImage.Format.Format_RGB32)
    counted = Counter(part.pixel(x, y) for x in range(part.width()) for y in range(part.height()))
    ground, *others = (QColor(pixel).name() for pixel, _ in counted.most_common())
    return max((contrast(ground, other) for other in others), default=1.0)


def test_the_whole_page_changes_with_the_theme(window: MainWindow) -> None:
    """No part of the chrome keeps the other theme's ground."""
    dark = window.grab().toImage()
    themes.choose("light")
    QApplication.processEvents()
    light = window.grab().toImage()
    at = [
        QPoint(x, y)
        for x in range(4, window.width(), 40)
        for y in (4, window.height() // 2, window.height() - 4)
    ]
    grounds = [(dark.pixelColor(point).lightness(), light.pixelColor(point).lightness()) for point in at]
    dark_ones = [after for before, after in grounds if before < 40]
    assert len(dark_ones) > 10
    assert sum(after > 200 for after in dark_ones) > 0.8 * len(dark_ones)


# Going -------------------------------------------------------------------------------------------


def test_a_closed_page_can_be_shown_again(example: Example, page: View) -> None:
    page.close_page()
    page.close_page()
    page.hide()
    page.show()
    page.show_snapshot(example.snapshot)
    QApplication.processEvents()
    assert len(colours(page.grab().toImage())) > 200


def test_a_window_with_the_page_on_it_closes(window: MainWindow) -> None:
    """That no thread, timer or widget is left is seen to by `nothing_dangles`."""
    assert window.close()
    assert window.feed.source.closed == 1
