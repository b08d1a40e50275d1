"""The form as a person uses it: dragging, typing, keys, wheel, folding, undo."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from engine.labs.image_classification import ImageClassificationConfig
from engine.settings import Config, setting
from gui.form import Form
from gui.form.choice_fields import BoolField, ChoiceField, SearchField, SegmentField, TextField
from gui.form.history import History
from gui.form.number_fields import NumberOnlyField, OptionalNumberField, SliderField
from gui.form.row import Row
from gui.form.scale import Scale, scale_of
from gui.form.wording import choice_names, on_screen

LEFT = Qt.MouseButton.LeftButton
POPUP_WARNINGS = ("This plugin does not support (raise|grabbing)",)
"""Of the offscreen platform, on which no list pops up in front of others."""
CLASSES = tuple(f"{index} class {index}" for index in range(5000))


@dataclass(frozen=True)
class Settings(Config):
    """One field of every kind."""

    brightness: float = setting(1.0, "Brightness", "How bright.", group="What if", low=0.0, high=2.0)
    rotate: int = setting(0, "Rotate", "Turns it.", group="What if", unit="°", low=-180, high=180)
    shuffle: int = setting(1, "Shuffle patches", "Shuffles.", group="What if", low=1, high=16)
    mirror: bool = setting(False, "Mirror", "Mirrors.", group="What if")
    explain: str = setting(
        "off",
        "Why this class",
        "The method.",
        group="Why",
        choices=("off", "grad-cam", "integrated-gradients", "smoothgrad", "occlusion"),
    )
    scale: str = setting("map", "Colour scale", "Which.", group="Why", choices=("map", "layer", "network"))
    target: str | None = setting(
        None, "Target", "Which.", group="Why", open_choices=True, optional=True, none_label="The predicted"
    )
    clip: float | None = setting(
        None, "Clip", "Clips.", group="Train", low=0.5, high=10.0, optional=True, none_label="No clipping"
    )
    rate: float = setting(0.001, "Learning rate", "The rate.", group="Train", low=1e-5, high=1.0)
    steps: int = setting(100, "Steps", "How many.", group="Train", low=1)
    note: str = setting("", "Note", "Any text.", group="Train")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """A form on screen and the configs it has told."""

    form: Form
    clock: Clock
    told: list[Settings]

    def field(self, name: str) -> Any:
        return self.form.row(name).field


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return make_bench(qtbot)


def make_bench(qtbot: QtBot, width: int = 300, height: int = 900) -> Bench:
    clock = Clock()
    form = Form(Settings, clock=clock)
    qtbot.addWidget(form)
    bench = Bench(form, clock, [])
    form.config_changed.connect(bench.told.append)
    form.resize(width, height)
    with qtbot.waitExposed(form):
        form.show()
    form.activateWindow()
    return bench


def drag(slider: Any, *notches: int, let_go: bool = True) -> None:
    """Press the knob and move it over `notches`."""
    middle = slider.height() // 2
    points = [QPoint(round(slider.x_of(notch)), middle) for notch in (slider.value(), *notches)]
    QTest.mousePress(slider, LEFT, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(slider, point)
    if let_go:
        QTest.mouseRelease(slider, LEFT, pos=points[-1])


def wheel(widget: QWidget) -> QWheelEvent:
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(widget.mapToGlobal(middle.toPoint())),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event


def test_every_kind_of_setting_gets_its_field(bench: Bench) -> None:
    expected = {
        "brightness": SliderField,
        "rotate": SliderField,
        "mirror": BoolField,
        "explain": ChoiceField,
        "scale": SegmentField,
        "target": SearchField,
        "clip": OptionalNumberField,
        "rate": SliderField,
        "steps": NumberOnlyField,
        "note": TextField,
        "seed": NumberOnlyField,
    }
    assert {name: type(bench.field(name)) for name in expected} == expected
    assert bench.form.config == Settings()
    assert bench.told == []


def test_a_dragged_slider_tells_live_and_is_one_step_to_undo(bench: Bench) -> None:
    field = bench.field("brightness")
    drag(field.slider, 60, 70, 80)
    assert len(bench.told) == 3
    assert bench.told[-1].brightness == pytest.approx(field.slider.value() * 0.02)
    assert bench.told[-1].brightness > bench.told[0].brightness > 1.0
    assert field.number.text() == f"{bench.told[-1].brightness:.2f}"
    bench.form.undo()
    assert bench.told[-1] == Settings()
    assert field.slider.value() == 50
    assert not bench.form.can_undo()
    bench.form.redo()
    assert bench.told[-1].brightness == bench.told[2].brightness


def test_a_drag_that_comes_back_leaves_nothing_to_undo(bench: Bench) -> None:
    drag(bench.field("brightness").slider, 80, 50)
    assert bench.told[-1] == Settings()
    assert not bench.form.can_undo()


def test_what_a_file_sets_while_a_slider_is_dragged_is_a_step_of_its_own(bench: Bench) -> None:
    slider = bench.field("brightness").slider
    drag(slider, 60, let_go=False)
    bench.form.note_step(Settings(), Settings(seed=7))
    there = QPoint(round(slider.x_of(80)), slider.height() // 2)
    QTest.mouseMove(slider, there)
    QTest.mouseRelease(slider, LEFT, pos=there)
    brightness = bench.told[-1].brightness
    bench.form.undo()
    bench.form.redo()
    assert (bench.told[-1].seed, bench.told[-1].brightness) == (7, brightness)
    bench.form.undo()
    bench.form.undo()
    assert bench.told[-1] == Settings()
    assert not bench.form.can_undo()


def test_a_press_beside_the_knob_brings_it_there(bench: Bench) -> None:
    slider = bench.field("rotate").slider
    QTest.mouseClick(slider, LEFT, pos=QPoint(round(slider.x_of(slider.maximum())), slider.height() // 2))
    assert bench.told[-1].rotate == 180


def test_typed_numbers_count_with_enter_and_move_the_slider(bench: Bench) -> None:
    field = bench.field("brightness")
    field.number.setFocus()
    field.number.selectAll()
    QTest.keyClicks(field.number, "0,5")
    assert bench.told == []
    QTest.keyClick(field.number, Qt.Key.Key_Return)
    assert bench.told[-1].brightness == 0.5
    assert field.slider.value() == 25


@pytest.mark.parametrize(
    ("typed", "counts"), [("999", 180), ("−999", -180), ("-30", -30), ("45°", 45), ("abc", 0), ("-", 0)]
)
def test_numbers_out_of_range_become_the_nearest_inside(bench: Bench, typed: str, counts: int) -> None:
    number = bench.field("rotate").number
    number.setFocus()
    number.selectAll()
    if typed.isascii():
        QTest.keyClicks(number, typed)
    else:
        QApplication.clipboard().setText(typed)
        QTest.keyClick(number, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(number, Qt.Key.Key_Return)
    assert bench.form.config.rotate == counts
    assert number.text() == f"{counts}°".replace("-", "−")
    assert type(bench.form.config.rotate) is int


def test_the_slider_obeys_the_keys_and_held_keys_are_one_step(bench: Bench) -> None:
    slider = bench.field("shuffle").slider
    slider.setFocus()
    for _ in range(3):
        QTest.keyClick(slider, Qt.Key.Key_Right)
        bench.clock.now += 0.1
    assert bench.told[-1].shuffle == 4
    bench.clock.now += 5
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert bench.told[-1].shuffle == 16
    bench.form.undo()
    assert bench.told[-1].shuffle == 4
    bench.form.undo()
    assert bench.told[-1].shuffle == 1


def test_the_wheel_scrolls_unless_the_control_has_the_focus(bench: Bench) -> None:
    bench.field("note").edit.setFocus()
    for control in (
        bench.field("brightness").slider,
        bench.field("brightness").number,
        bench.field("explain").combo,
        bench.field("target").combo,
        bench.field("steps").number,
    ):
        wheel(control)
    assert bench.told == []
    slider = bench.field("rotate").slider
    slider.setFocus()
    wheel(slider)
    assert bench.told[-1].rotate < 0


def test_the_wheel_over_a_slider_moves_the_form(qtbot: QtBot) -> None:
    bench = make_bench(qtbot, height=260)
    bar = bench.form._scroll.verticalScrollBar()
    slider = bench.field("brightness").slider
    window = bench.form.windowHandle()
    place = QPointF(slider.mapTo(bench.form, slider.rect().center()))
    QTest.wheelEvent(window, place, QPoint(0, -120))
    QApplication.processEvents()
    assert bar.value() > 0
    assert bench.told == []


@pytest.mark.parametrize("where", ["label", "slider", "arrow"])
def test_back_to_the_default(bench: Bench, where: str) -> None:
    row = bench.form.row("brightness")
    assert not row.arrow.isVisible()
    drag(row.field.slider, 90)
    assert row.arrow.isVisible()
    if where == "arrow":
        QTest.mouseClick(row.arrow, LEFT)
    else:
        target = row.label if where == "label" else row.field.slider
        QTest.mouseDClick(target, LEFT, pos=QPoint(10, target.height() // 2))
    assert bench.told[-1] == Settings()
    assert not row.arrow.isVisible()
    bench.form.undo()
    assert bench.told[-1].brightness > 1.5


def test_reset_is_one_step(bench: Bench) -> None:
    drag(bench.field("brightness").slider, 90)
    QTest.mouseClick(bench.field("mirror").box, LEFT)
    changed = bench.told[-1]
    assert changed.mirror
    bench.form.reset()
    assert bench.told[-1] == Settings()
    bench.form.undo()
    assert bench.told[-1] == changed


def test_a_click_on_the_label_ticks_the_box(bench: Bench) -> None:
    QTest.mouseClick(bench.form.row("mirror").label, LEFT)
    assert bench.told[-1].mirror


def test_segments_by_click_and_by_arrow_key(bench: Bench) -> None:
    buttons = bench.field("scale").segments.buttons
    QTest.mouseClick(buttons[1], LEFT)
    assert bench.told[-1].scale == "layer"
    QTest.keyClick(buttons[1], Qt.Key.Key_Right)
    assert [config.scale for config in bench.told] == ["layer", "network"]


def test_a_choice_by_key_has_its_name_on_screen(bench: Bench) -> None:
    combo = bench.field("explain").combo
    assert combo.entries == ("Off", "Grad-CAM", "Integrated gradients", "SmoothGrad", "Occlusion")
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Down)
    QTest.keyClick(combo, Qt.Key.Key_Down)
    assert bench.told[-1].explain == "integrated-gradients"


@pytest.mark.qt_log_ignore(*POPUP_WARNINGS)
def test_thousands_of_choices_arrive_fast_and_are_found_by_any_part(bench: Bench) -> None:
    bench.form.set_choices("target", CLASSES[:10])
    started = time.thread_time()
    bench.form.set_choices("target", CLASSES)
    assert time.thread_time() - started < 0.1
    combo = bench.field("target").combo
    assert combo.currentText() == "The predicted"
    combo.setFocus()
    combo.line.selectAll()
    QTest.keyClicks(combo.line, "class 4321")
    assert bench.told == []
    assert combo.completer().completionCount() == 1
    QTest.keyClick(combo.line, Qt.Key.Key_Return)
    combo.completer().popup().hide()
    assert bench.told[-1].target == "4321 class 4321"
    combo.line.selectAll()
    QTest.keyClicks(combo.line, "no such class")
    bench.field("note").edit.setFocus()
    assert combo.currentText() == "4321 class 4321"
    assert len(bench.told) == 1
    bench.form.undo()
    assert bench.told[-1].target is None
    assert combo.currentText() == "The predicted"


@pytest.mark.qt_log_ignore(*POPUP_WARNINGS)
def test_new_choices_leave_what_is_being_typed(bench: Bench) -> None:
    combo = bench.field("target").combo
    combo.setFocus()
    combo.line.selectAll()
    QTest.keyClicks(combo.line, "class 1")
    bench.form.set_choices("target", CLASSES)
    bench.form.set_config(Settings(target="7 class 7"))
    assert combo.currentText() == "class 1"
    combo.completer().popup().hide()


def test_a_number_that_may_be_left_out(bench: Bench) -> None:
    field = bench.field("clip")
    assert not field.number.isVisible(), "a number that does not count"
    QTest.mouseClick(field.none, LEFT)
    assert bench.told[-1].clip == 0.5
    drag(field.number.slider, field.number.slider.maximum())
    assert bench.told[-1].clip == 10.0
    QTest.mouseClick(field.none, LEFT)
    assert bench.told[-1].clip is None
    assert not field.number.isVisible()
    bench.form.undo()
    bench.form.undo()
    assert bench.told[-1].clip == 0.5


def test_text_counts_with_enter(bench: Bench) -> None:
    edit = bench.field("note").edit
    edit.setFocus()
    QTest.keyClicks(edit, "warm")
    assert bench.told == []
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert bench.told[-1].note == "warm"


def test_the_labs_word_is_shown_without_telling(bench: Bench) -> None:
    config = Settings(
        brightness=0.4, rotate=-35, mirror=True, explain="occlusion", scale="layer", target="x", clip=2.0
    )
    bench.form.set_config(config)
    assert bench.form.config == config
    assert bench.told == []
    assert not bench.form.can_undo()
    assert bench.field("brightness").slider.value() == 20
    assert bench.field("rotate").number.text() == "−35°"
    assert bench.field("explain").combo.currentText() == "Occlusion"
    assert bench.field("target").combo.currentText() == "x"


def test_the_labs_word_disturbs_neither_a_drag_nor_typing(bench: Bench) -> None:
    slider, number = bench.field("brightness").slider, bench.field("rotate").number
    drag(slider, 80, let_go=False)
    dragged = bench.form.config.brightness
    bench.clock.now += 10
    bench.form.set_config(Settings(shuffle=5))
    assert bench.form.config == Settings(brightness=dragged, shuffle=5)
    QTest.mouseRelease(slider, LEFT)
    number.setFocus()
    number.selectAll()
    QTest.keyClicks(number, "12")
    bench.form.set_config(Settings(rotate=90))
    assert number.text() == "12"
    QTest.keyClick(number, Qt.Key.Key_Return)
    assert bench.told[-1].rotate == 12


def test_an_old_config_does_not_take_a_fresh_change_back(bench: Bench) -> None:
    old = bench.form.config
    QTest.mouseClick(bench.field("mirror").box, LEFT)
    bench.form.set_config(old)
    assert bench.form.config.mirror
    bench.form.set_config(Settings(mirror=True))
    bench.form.set_config(old)
    assert not bench.form.config.mirror, "once taken up, the lab's word counts"
    QTest.mouseClick(bench.field("mirror").box, LEFT)
    bench.form.set_config(old, final=True)
    assert not bench.form.config.mirror
    QTest.mouseClick(bench.field("mirror").box, LEFT)
    bench.clock.now += 2
    bench.form.set_config(old)
    assert not bench.form.config.mirror, "the lab has had its time"


def test_fifty_steps_back_and_forth(bench: Bench) -> None:
    states = [bench.form.config]
    for step in range(60):
        bench.clock.now += 5
        bench.form.change({"shuffle": 2 + step % 15})
        states.append(bench.form.config)
    for state in reversed(states[:-1]):
        bench.form.undo()
        assert bench.form.config == state
    bench.form.undo()
    assert bench.form.config == states[0]
    for state in states[1:]:
        bench.form.redo()
        assert bench.form.config == state
    assert not bench.form.can_redo()


def test_undo_leaves_what_the_lab_completed_in_the_meantime(bench: Bench) -> None:
    QTest.mouseClick(bench.field("mirror").box, LEFT)
    bench.form.set_config(Settings(mirror=True, target="tabby"))
    bench.form.undo()
    assert bench.form.config == Settings(target="tabby")


def test_a_new_change_ends_redo(bench: Bench, qtbot: QtBot) -> None:
    bench.form.change({"mirror": True})
    bench.form.undo()
    with qtbot.waitSignal(bench.form.history_changed):
        bench.form.change({"shuffle": 3})
    assert not bench.form.can_redo()


def test_sections_fold_and_are_remembered(bench: Bench) -> None:
    assert bench.form.open_groups() == ("What if", "Why", "Train", "Run")
    heading = bench.form._sections["Why"].heading
    QTest.mouseClick(heading, LEFT)
    assert bench.form.open_groups() == ("What if", "Train", "Run")
    assert not bench.field("explain").isVisible()
    heading.setFocus()
    QTest.keyClick(heading, Qt.Key.Key_Space)
    assert bench.field("explain").isVisible()
    bench.form.set_open_groups(("Why",))
    assert bench.form.open_groups() == ("Why",)


@pytest.mark.parametrize("width", [260, 300, 420])
def test_nothing_is_cut_off(qtbot: QtBot, width: int, both_themes: str) -> None:
    bench = make_bench(qtbot, width)
    bench.form.set_config(Settings(explain="integrated-gradients"))
    for name in Settings.settings():
        row = bench.form.row(name)
        label: QLabel = row.label
        assert label.width() * (label.height() // label.fontMetrics().height()) >= row.label_width, name
        assert row.field.width() >= row.field.needed_width(), name
        right = row.arrow.mapTo(bench.form, QPoint(row.arrow.width(), 0)).x()
        assert right <= width, name
    combo = bench.field("explain").combo
    assert combo.width() >= combo.sizeHint().width(), "Integrated gradients has room"


def test_keys_reach_every_control_and_each_has_a_name(bench: Bench) -> None:
    bench.form._reset.setEnabled(True)
    bench.form._reset.setFocus()
    seen: list[QWidget] = []
    while (focused := QApplication.focusWidget()) not in seen:
        assert focused is not None
        seen.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    wanted = [bench.field(name).slider for name in ("brightness", "rotate", "shuffle", "rate")]
    wanted += [bench.field(name).number for name in ("brightness", "steps", "seed")]
    wanted += [bench.field(name).combo for name in ("explain", "target")]
    wanted += [bench.field("mirror").box, bench.field("clip").none, bench.field("note").edit]
    assert [widget for widget in wanted if widget not in seen] == []
    order = [seen.index(bench.field(name).slider) for name in ("brightness", "rotate", "shuffle")]
    assert order == sorted(order)
    names = [QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name) for widget in seen]
    assert all(names)


def test_the_tip_says_help_range_unit_and_default(bench: Bench) -> None:
    tip = bench.form.row("rotate").toolTip()
    for part in ("Turns it.", "−180 to 180 °", "Default: 0 °"):
        assert part in tip
    assert "Turns it." in bench.field("rotate").slider.accessibleDescription()


def test_a_theme_change_repaints(bench: Bench, both_themes: str) -> None:
    from gui.theme import theme

    image = bench.form.grab().toImage()
    assert image.pixelColor(3, 3).name() == theme().chrome


# Pure parts --------------------------------------------------------------------------------------

SCALES = [
    scale_of(about, Settings.type_of(name), 1.0)
    for name, about in Settings.settings().items()
    if Settings.type_of(name) in (int, float)
]


@given(st.sampled_from([scale for scale in SCALES if scale.has_slider]), st.data())
def test_notches_and_values_are_inverse(scale: Scale, data: st.DataObject) -> None:
    notch = data.draw(st.integers(0, scale.notches))
    value = scale.value(notch)
    assert scale.low is not None
    assert scale.high is not None
    assert scale.low <= value <= scale.high
    assert scale.notch(value) == notch
    assert float(scale.text(value).replace("−", "-")) == value


def test_scales_suit_their_ranges() -> None:
    def of(name: str, make: Callable[[Scale], Any]) -> Any:
        about = Settings.settings()[name]
        return make(scale_of(about, Settings.type_of(name), getattr(Settings(), name)))

    assert of("brightness", lambda scale: scale.step) == 0.02
    assert of("rate", lambda scale: scale.logarithmic)
    assert not of("seed", lambda scale: scale.has_slider)
    assert of("rate", lambda scale: scale.value(0)) == 1e-5


def test_history_forgets_the_oldest_only() -> None:
    history = History(lambda: 0.0)
    for step in range(500):
        history.record({"a": step}, {"a": step + 1})
    undone = 0
    while history.can_undo:
        history.undo()
        undone += 1
    assert undone >= 50


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("integrated-gradients", "Integrated gradients"),
        ("grad-cam", "Grad-CAM"),
        ("smoothgrad", "SmoothGrad"),
        ("efficientnet-lite0", "EfficientNet-Lite0"),
        ("lstm", "LSTM"),
        ("silu", "SiLU"),
        ("off", "Off"),
        ("Tabby cat", "Tabby cat"),
        ("stages.2.0", "stages.2.0"),
        ("", ""),
    ],
)
def test_values_are_written_for_people(value: str, text: str) -> None:
    assert on_screen(value) == text


def test_choices_that_are_settings_are_called_as_those_are(qtbot: QtBot) -> None:
    names = choice_names(ImageClassificationConfig, "sweep")
    assert list(names.values())[:3] == ["Rotate", "Shift right", "Shift down"]
    row = Row(ImageClassificationConfig, "sweep")
    qtbot.addWidget(row)
    assert row.field.combo.entries == tuple(names.values())
    assert "Default: Rotate " in row.toolTip()
    assert choice_names(ImageClassificationConfig, "explain")["grad-cam"] == "Grad-CAM"


def test_configs_are_new_and_frozen(bench: Bench) -> None:
    bench.form.change({"shuffle": 4})
    assert bench.told[0] is not bench.form._rows
    with pytest.raises(dataclasses.FrozenInstanceError):
        bench.told[0].shuffle = 5  # type: ignore[misc]
