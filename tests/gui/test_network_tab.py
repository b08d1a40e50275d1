"""A network built without code: a person adds, edits, moves and removes blocks, and what reaches the lab."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from person import close_to, unnamed
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget
from pytestqt.qtbot import QtBot

from engine.errors import UserError
from engine.labs.convnet_training import (
    ConvnetTraining,
    ConvnetTrainingConfig,
    ConvnetTrainingSnapshot,
    Curves,
    DataView,
    Learning,
    NetworkView,
    exporting,
)
from engine.models.designs.block import KINDS, Convolution, Dense, Dropout, Flatten, Pooling, Residual
from engine.models.designs.design import Design
from engine.models.designs.examination import examine
from engine.models.designs.presets import PRESETS
from gui.labs.convnet_training import block_words, draft
from gui.labs.convnet_training.block_form import KindForm, as_config
from gui.labs.convnet_training.draft import Draft
from gui.labs.convnet_training.network_tab import LITTLE, NetworkTab
from gui.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
"""Neither raising a menu nor giving it the keyboard: what the offscreen platform says of each that opens."""

KEYS, ALT, CONTROL = Qt.Key, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton
SHAPE, CLASSES = (1, 28, 28), 10
PLAIN = PRESETS["plain"]


def data(shape: tuple[int, int, int] = SHAPE) -> DataView:
    names = tuple("abcdefghij")
    counts, none = (100,) * CLASSES, np.zeros((CLASSES, 1, 8, 8, 3), np.uint8)
    return DataView("Letters", names, shape, counts, counts, "", "", none)


def learning(step: int) -> Learning:
    none = np.zeros(0)
    curves = Curves("Run 1: plain", *[none] * 9)
    return Learning(
        *(curves, step, 1000, 100, 0.0, 0.0, (), none, np.zeros((0, 0)), none, np.zeros((0, 0))),
        *((), (), step, True),
    )


def network(design: Design) -> NetworkView:
    return NetworkView(design.name, design.to_json(), (), 0, 0)


class Behind:
    """What stands behind the tab: it takes settings as the lab does, and shows what comes of them."""

    def __init__(self, tab: NetworkTab) -> None:
        self._tab = tab
        self.wanted: list[dict[str, Any]] = []
        self.commands: list[tuple[str, tuple[object, ...]]] = []
        usual = {"data": data(), "network": network(PLAIN), "learning": learning(20)}
        self.snapshot = ConvnetTrainingSnapshot(ConvnetTrainingConfig(preset="plain"), **usual)
        tab.settings_wanted.connect(self.wanted.append)
        tab.command_wanted.connect(lambda *command: self.commands.append(command))

    def shows(self, **changes: Any) -> None:
        self.snapshot = replace(self.snapshot, **changes)
        for _ in self._tab.show_pieces(self.snapshot):
            pass

    def takes_up(self) -> Design:
        """Build the last design that was sent, as another run."""
        config = replace(self.snapshot.config, **self.wanted[-1])
        design = Design.from_json(config.design) if config.design else PRESETS[config.preset]
        self.shows(config=config, network=network(design), learning=learning(0))
        return design


@pytest.fixture
def tab(show: Callable[[QWidget], None]) -> NetworkTab:
    tab = NetworkTab()
    tab.resize(750, 510)
    show(tab)
    return tab


@pytest.fixture
def behind(tab: NetworkTab) -> Behind:
    behind = Behind(tab)
    behind.shows()
    return behind


def titles(tab: NetworkTab) -> list[str]:
    return [card.text() for card in tab.list.cards]


def kinds(tab: NetworkTab) -> list[str]:
    return [block.kind for block in tab.draft.design.blocks]


def presses(
    tab: NetworkTab, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Wherever the keyboard is in the tab, also while a menu has just gone."""
    QTest.keyClick(tab.focusWidget() or tab, key, modifier)


def picks(title: str) -> None:
    """Choose an entry of the menu that is open."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    entry = next(entry for entry in menu.actions() if entry.text() == title)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(entry).center())


def sets(tab: NetworkTab, name: str, number: float) -> None:
    """Type a number into a field of the block's form."""
    form = tab.form.form
    assert form is not None
    field = form.rows[name].field
    line = getattr(field, "number", field)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, str(number))
    QTest.keyClick(line, KEYS.Key_Return)


# What is shown --------------------------------------------------------------------------------------


def test_each_block_tells_shape_and_cost(tab: NetworkTab, behind: Behind) -> None:
    assert titles(tab) == [
        "3 × 3 convolution, 16 channels, batch norm, ReLU",
        "2 × 2 max pooling",
        "3 × 3 convolution, 32 channels, batch norm, ReLU",
        "2 × 2 max pooling",
        "Dense, 64 features, batch norm, ReLU",
    ]
    second = tab.list.cards[2]
    assert second.words == ("32 × 14 × 14", "4,672", "903,168", "8 × 8")
    assert second.name == "convolution2"
    assert tab.list.picture.text() == "Picture, grey, 28 × 28 pixels"
    assert tab.list.classes.text() == "Dense, one output for each of 10 classes"
    assert tab.list.classes.words[:2] == ("10", "650")
    assert tab.total.text.startswith("Together 105,978 parameters, 1,117,056 multiply-adds a picture, about ")
    assert tab.presets.currentText() == "Plain"
    assert not tab.train.isEnabled()


def test_everything_has_a_name_and_fits(tab: NetworkTab, behind: Behind) -> None:
    assert unnamed(tab) == []
    for button in (
        tab.add,
        tab.train,
        tab.discard,
        tab.files.open,
        tab.files.export,
        tab.form.double,
        tab.form.remove,
    ):
        assert button.width() >= button.sizeHint().width()
        assert tab.rect().contains(button.rect().translated(button.mapTo(tab, QPoint())))
    assert tab.list.cards[0].accessibleName().startswith("Block 1 of 5: 3 × 3 convolution")
    assert "parameters 176" in tab.list.cards[0].accessibleDescription()


@pytest.mark.usefixtures("both_themes")
def test_a_convolution_has_its_colour_and_what_is_wrong_is_red(tab: NetworkTab, behind: Behind) -> None:
    card = tab.list.cards[0]
    middle = card.height() // 2
    assert close_to(card.grab().toImage().pixelColor(4, middle), theme().convolution)
    assert not close_to(tab.list.cards[1].grab().toImage().pixelColor(4, middle), theme().convolution)
    tab._edit(lambda: tab.draft.change(0, {"kernel": 31, "padding": 0}))
    assert close_to(card.grab().toImage().pixelColor(card.width() // 2, 0), theme().danger)


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_every_kind_has_words_and_a_form(kind: type, show: Callable[[QWidget], None]) -> None:
    block = kind()
    assert block_words.block_title(block)
    assert block_words.help_of(kind).endswith(".")
    form = KindForm(kind)
    show(form)
    form.show_block(block)
    assert list(form.rows) == list(kind.settings())
    assert not any(row.arrow.isVisible() for row in form.rows.values())  # all as by default
    assert as_config(kind) is as_config(kind)


# Editing --------------------------------------------------------------------------------------------


def test_a_block_is_added_between_two_with_the_mouse(tab: NetworkTab, behind: Behind) -> None:
    QTest.mouseClick(tab.list.gaps[1], LEFT)
    picks("Dropout")
    assert kinds(tab)[:3] == ["convolution", "dropout", "pooling"]
    assert tab.list.place == 1
    assert tab.form.title.text() == "Dropout, block 2"
    assert behind.wanted == [{"design": tab.draft.design.to_json(), "network": ""}]


def test_a_block_is_added_and_removed_from_the_keyboard(tab: NetworkTab, behind: Behind) -> None:
    tab.list.choose(4, focus=True)
    presses(tab, KEYS.Key_Insert)
    picks("Dense")
    assert kinds(tab)[4:] == ["dense", "dense"]
    assert QApplication.focusWidget() is tab.list.cards[5]
    assert behind.takes_up().blocks[-1] == Dense()
    presses(tab, KEYS.Key_Delete)
    assert behind.takes_up() == PLAIN
    assert QApplication.focusWidget() is tab.list.cards[4]
    assert tab.presets.currentText() == "Plain"  # the same blocks again


def test_the_arrow_keys_choose_and_with_alt_move(tab: NetworkTab, behind: Behind) -> None:
    tab.list.choose(0, focus=True)
    presses(tab, KEYS.Key_Down)
    assert (tab.list.place, tab.form.title.text()) == (1, "Pooling, block 2")
    presses(tab, KEYS.Key_Down, ALT)
    assert kinds(tab) == ["convolution", "convolution", "pooling", "pooling", "dense"]
    assert QApplication.focusWidget() is tab.list.cards[2]
    presses(tab, KEYS.Key_Up, ALT)
    assert tab.draft.design == PLAIN
    presses(tab, KEYS.Key_D, CONTROL)
    assert kinds(tab)[1:3] == ["pooling", "pooling"]
    presses(tab, KEYS.Key_End)
    assert tab.list.place == 5
    presses(tab, KEYS.Key_Return)
    assert QApplication.focusWidget() is tab.form.form.rows["features"].field.number
    assert not tab.form.down.isEnabled()
    QTest.mouseClick(tab.form.up, LEFT)
    assert kinds(tab)[4] == "dense"


def drags(tab: NetworkTab, place: int, below: int) -> Iterator[None]:
    """Take a card and hold it over the lower half of another; then let it go."""
    card, over = tab.list.cards[place], tab.list.cards[below]
    start = card.rect().center()
    end = over.mapTo(tab.list.widget(), QPoint(start.x(), over.height() - 3))
    QTest.mousePress(card, LEFT, pos=start)
    QTest.mouseMove(card, start + QPoint(0, 2 * QApplication.startDragDistance()))
    there = card.mapFrom(tab.list.widget(), end)
    QTest.mouseMove(card, there)
    yield
    QTest.mouseRelease(card, LEFT, pos=there)
    yield


def test_a_block_is_dragged_to_another_place(tab: NetworkTab, behind: Behind) -> None:
    hand = drags(tab, 0, 1)
    next(hand)
    assert tab.list.cards[0].is_lifted
    assert [gap.is_lit for gap in tab.list.gaps] == [False, False, True, False, False, False]
    next(hand)
    assert kinds(tab)[:2] == ["pooling", "convolution"]
    assert not any(gap.is_lit for gap in tab.list.gaps)
    assert tab.list.place == 1


def test_escape_gives_a_drag_up(tab: NetworkTab, behind: Behind) -> None:
    hand = drags(tab, 0, 1)
    next(hand)
    presses(tab, KEYS.Key_Escape)
    next(hand)
    assert tab.draft.design == PLAIN
    assert not tab.list.cards[0].is_lifted
    assert behind.wanted == []


def test_a_field_is_edited_and_sent_once_it_is_left_alone(
    tab: NetworkTab, behind: Behind, qtbot: QtBot
) -> None:
    sets(tab, "channels", 24)
    sets(tab, "kernel", 5)
    assert titles(tab)[0] == "5 × 5 convolution, 24 channels, batch norm, ReLU"
    assert tab.list.cards[0].words == ("24 × 28 × 28", "648", "470,400", "5 × 5")
    assert behind.wanted == []
    qtbot.waitUntil(lambda: bool(behind.wanted))
    assert len(behind.wanted) == 1
    assert behind.takes_up().blocks[0] == Convolution(24, kernel=5, normalise="batch")


def test_padding_is_a_number_or_the_word_same(tab: NetworkTab, behind: Behind) -> None:
    field = tab.form.form.rows["padding"].field
    assert field.none.isChecked()
    assert field.none.text() == "same, keeps the size"
    field.none.click()
    assert tab.draft.design.blocks[0].padding == 0
    assert tab.list.cards[0].words[0] == "16 × 26 × 26"
    tab.form.form.rows["padding"].arrow.click()
    assert tab.draft.design.blocks[0].padding == "same"
    tab._settle.stop()


def test_a_dragged_slider_is_one_edit(tab: NetworkTab, behind: Behind) -> None:
    behind.shows(learning=learning(LITTLE + 1))
    field = tab.form.form.rows["kernel"].field
    field.slider.setSliderDown(True)
    for notch in (3, 5, 7):
        field.slider.setValue(notch)
        assert not tab._settle.isActive()
    field.slider.setSliderDown(False)
    assert tab.draft.design.blocks[0].kernel == 8
    tab._settle.timeout.emit()
    assert behind.wanted == []
    presses(tab, KEYS.Key_Z, CONTROL)
    assert tab.draft.design == PLAIN
    tab._settle.stop()


# What cannot be -------------------------------------------------------------------------------------


def test_an_impossible_network_says_why_and_is_not_sent(tab: NetworkTab, behind: Behind) -> None:
    tab.list.choose(4, focus=True)
    presses(tab, KEYS.Key_Home)
    presses(tab, KEYS.Key_Insert)
    picks("Flatten")
    assert kinds(tab)[1] == "flatten"
    wrong = tab.list.cards[2]
    problem = examine(tab.draft.design, SHAPE, CLASSES).problem
    assert problem is not None
    assert problem[0] == 2
    assert wrong.is_wrong
    assert tab.list.reason.isVisible()
    assert tab.list.reason.text() == problem[1].sentence == wrong.accessibleDescription()
    QApplication.processEvents()
    assert wrong.geometry().bottom() < tab.list.reason.geometry().top() < tab.list.gaps[3].geometry().top()
    assert tab.list.cards[3].words == (block_words.WAITS,)
    assert tab.note.text == block_words.IMPOSSIBLE
    assert not tab.train.isEnabled()
    assert behind.wanted == []
    presses(tab, KEYS.Key_Delete)
    assert not tab.list.reason.isVisible()
    assert tab.draft.design == PLAIN
    assert behind.wanted == []  # it is what the lab has


def test_a_network_with_too_many_numbers_is_refused_at_its_last_layer(
    tab: NetworkTab, behind: Behind
) -> None:
    for _ in PLAIN.blocks:
        tab.list.choose(0, focus=True)
        presses(tab, KEYS.Key_Delete)
    assert titles(tab) == []
    assert tab.form.help.text.startswith("No block yet")
    QTest.mouseClick(tab.add, LEFT)
    picks("Dense")
    tab._edit(lambda: tab.draft.change(0, {"features": 4096}))
    behind.shows(data=data((64, 120, 120)))
    assert tab.list.cards[0].is_wrong
    assert "too many parameters" in tab.list.reason.text()


# Presets and runs -----------------------------------------------------------------------------------


def chooses(tab: NetworkTab, preset: str) -> None:
    tab.presets.activated.emit(list(block_words.PRESETS).index(preset))


def test_a_preset_is_sent_as_one(tab: NetworkTab, behind: Behind) -> None:
    assert list(block_words.PRESETS)[1:] == list(PRESETS)
    assert block_words.PRESETS.keys() == block_words.SENTENCES.keys()
    chooses(tab, "small-resnet")
    assert behind.wanted == [{"preset": "small-resnet", "design": "", "network": ""}]
    assert behind.takes_up() == tab.draft.design
    assert titles(tab)[1].startswith("Residual, two 3 × 3 convolutions, 32 channels")
    assert tab.sentence.text == block_words.SENTENCES["small-resnet"]
    chooses(tab, "auto")
    assert behind.wanted[-1]["preset"] == "auto"
    assert tab.draft.design == PLAIN
    tab._remove(0)
    assert tab.presets.currentText() == block_words.OWN
    before = len(behind.wanted)
    tab.presets.activated.emit(len(block_words.PRESETS))  # "Your own network" itself
    assert len(behind.wanted) == before


def test_a_run_that_has_learned_is_not_given_up_without_asking(tab: NetworkTab, behind: Behind) -> None:
    behind.shows(learning=learning(LITTLE + 1))
    assert tab.note.text == block_words.ANOTHER_RUN
    tab.list.choose(1, focus=True)
    presses(tab, KEYS.Key_Delete)
    presses(tab, KEYS.Key_Delete)
    assert behind.wanted == []
    assert tab.train.isEnabled()
    presses(tab, KEYS.Key_Z, CONTROL)
    assert kinds(tab) == ["convolution", "convolution", "pooling", "dense"]
    presses(tab, KEYS.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert kinds(tab) == ["convolution", "pooling", "dense"]
    behind.shows(learning=learning(LITTLE + 2))  # what was edited is left alone
    assert len(titles(tab)) == 3
    QTest.mouseClick(tab.train, LEFT)
    assert behind.commands == [("play", ())]
    assert behind.takes_up().blocks == (PLAIN.blocks[0], *PLAIN.blocks[3:])
    assert not tab.train.isEnabled()


def test_edits_can_be_thrown_away(tab: NetworkTab, behind: Behind) -> None:
    behind.shows(
        config=replace(behind.snapshot.config, network="/some/where.safetensors"), learning=learning(0)
    )
    chooses(tab, "mlp")
    assert behind.wanted == []  # a saved network has learned before
    assert titles(tab) == ["Dense, 256 features, ReLU", "Dense, 128 features, ReLU"]
    QTest.mouseClick(tab.discard, LEFT)
    assert tab.draft.design == PLAIN
    presses(tab, KEYS.Key_Z, CONTROL)
    assert len(titles(tab)) == 2


def test_what_the_lab_builds_for_another_reason_is_taken_over(tab: NetworkTab, behind: Behind) -> None:
    lenet = PRESETS["lenet-5"]
    behind.shows(network=network(lenet), config=replace(behind.snapshot.config, preset="lenet-5"))
    assert tab.draft.design == lenet
    assert not tab.draft.can_undo
    assert tab.presets.currentText() == "LeNet-5"
    tab.hide()
    behind.shows(network=network(PLAIN), config=replace(behind.snapshot.config, preset="plain"))
    assert len(titles(tab)) == 6
    tab.show()
    assert len(titles(tab)) == 5


def test_what_is_on_its_way_does_not_take_the_place_of_a_later_edit() -> None:
    now = [0.0]
    edited = Draft(lambda: now[0])
    edited.see(SHAPE, CLASSES, 1000)
    edited.take(PLAIN.to_json())
    assert not edited.can_undo
    edited.put(0, Dropout())
    first = edited.design
    edited.settings()
    edited.put(0, Dropout())
    edited.settings()
    assert not edited.take(PLAIN.to_json())
    assert not edited.take(first.to_json())
    assert len(edited.design.blocks) == 7
    now[0] = draft.ANSWER_TIME + 0.1
    assert edited.take(first.to_json())  # the second never came: the lab's word counts
    assert edited.design == first
    edited.undo()
    assert len(edited.design.blocks) == 7


def test_an_impossible_or_endless_draft_raises() -> None:
    edited = Draft()
    edited.see(SHAPE, CLASSES, 1000)
    edited.put(0, Flatten())
    edited.put(1, Pooling())
    with pytest.raises(UserError, match="pooling1 cannot stand here"):
        edited.settings()
    for _ in range(draft.MOST_BLOCKS - 2):
        edited.put(0, Dropout())
    with pytest.raises(UserError, match="long enough"):
        edited.put(0, Residual())


# Files ----------------------------------------------------------------------------------------------


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person chooses in the next file dialogs; "" is cancelling."""
    chosen: list[str] = []

    def run(dialog: QFileDialog) -> QFileDialog.DialogCode:
        return QFileDialog.DialogCode.Accepted if chosen[0] else QFileDialog.DialogCode.Rejected

    monkeypatch.setattr(QFileDialog, "exec", run)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda dialog: [chosen.pop(0)])
    return chosen


def test_buttons_ask_where_and_tell_the_lab(tab: NetworkTab, behind: Behind, answers: list[str]) -> None:
    answers += ["/a/net.safetensors", "/a/net.py", "/a/net.pt2", "/a/other.safetensors"]
    for button in (tab.files.save, tab.files.source, tab.files.export, tab.files.open):
        QTest.mouseClick(button, LEFT)
    assert behind.commands == [
        ("save_network", ("/a/net.safetensors",)),
        ("save_source", ("/a/net.py",)),
        ("export_network", ("/a/net.pt2",)),
    ]
    assert behind.wanted == [{"network": "/a/other.safetensors"}]
    answers += [""]
    QTest.mouseClick(tab.files.save, LEFT)
    assert len(behind.commands) == 3


@pytest.fixture
def lab() -> Iterator[ConvnetTraining]:
    lab = ConvnetTraining(ConvnetTrainingConfig(preset="single-filter"), torch.device("cpu"))
    lab.prepare()
    yield lab
    lab.close()


def test_a_built_network_is_saved_opened_and_written_out(
    tab: NetworkTab, lab: ConvnetTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Behind(tab)
    behind.snapshot = lab.snapshot()
    behind.shows()
    assert titles(tab) == ["5 × 5 convolution, 1 channels, ReLU"]
    tab._edit(lambda: tab.draft.change(0, {"channels": 3}))
    tab._double(0)
    lab.configure(replace(lab.config, **behind.wanted[-1]))
    saved, source = tmp_path / "own.safetensors", tmp_path / "own.py"
    lab.save_network(str(saved))
    lab.save_source(str(source))
    place: dict[str, Any] = {}
    exec(compile(source.read_text(), "own.py", "exec"), place)
    pictures = torch.rand(4, 1, 8, 8)
    written = place["Network"]()
    built = lab._need().run.network
    written.load_state_dict(built.state_dict())
    with torch.no_grad():
        assert torch.equal(written.eval()(pictures), built.eval()(pictures))
    lab.configure(replace(lab.config, preset="mlp"))
    behind.snapshot = lab.snapshot()
    behind.shows()
    assert len(titles(tab)) == 2
    tab.files.open_wanted.emit(str(saved))
    lab.configure(replace(lab.config, **behind.wanted[-1]))
    behind.snapshot = lab.snapshot()
    behind.shows()
    assert titles(tab) == ["5 × 5 convolution, 3 channels, ReLU"] * 2
    assert all(
        torch.equal(one, other)
        for one, other in zip(
            lab._need().run.network.state_dict().values(), built.state_dict().values(), strict=True
        )
    )


def finish(lab: ConvnetTraining) -> None:
    while lab.jobs:
        lab.jobs.advance()


def test_exporting_goes_on_beside_the_run(
    lab: ConvnetTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def write(path: Path, network: torch.nn.Module, classes: tuple[str, ...]) -> None:
        """As `export_program` does, but at once; torch's own takes ten seconds."""
        assert network is not lab._need().run.network
        seen.append((path.name, len(classes)))
        path.write_bytes(b"program")

    monkeypatch.setattr(exporting, "export_program", write)
    target = tmp_path / "own.pt2"
    lab.jobs.cancel()
    lab.export_network(str(target))
    assert lab.jobs.statuses[0].title == "Exporting own.pt2"
    finish(lab)
    assert target.read_bytes() == b"program"
    assert seen == [("own.pt2", 10)]


def test_an_export_that_is_cancelled_writes_nothing(
    lab: ConvnetTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def write(path: Path, *_: object) -> None:
        begun.set()
        assert go_on.wait(10)
        path.write_bytes(b"program")

    monkeypatch.setattr(exporting, "export_program", write)
    lab.jobs.cancel()
    lab.export_network(str(tmp_path / "own.pt2"))
    assert begun.wait(10)  # it waits for no turn
    lab.cancel()
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "export":
            thread.join()
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_says_so_and_leaves_the_old_file(
    lab: ConvnetTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise UserError("own.pt2 could not be written", "torch.export did not finish")

    monkeypatch.setattr(exporting, "export_program", fail)
    target = tmp_path / "own.pt2"
    target.write_bytes(b"old")
    lab.jobs.cancel()
    lab.export_network(str(target))
    with pytest.raises(UserError, match="did not finish"):
        finish(lab)
    assert target.read_bytes() == b"old"
