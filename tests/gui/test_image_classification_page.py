"""The image classification lab as a person uses it: the real network, in one window for all tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from person import CONTROL, HURRIED, LEFT, PATIENCE, Person, close_to, files, middle, pixels
from PIL import Image
from PySide6.QtCore import QEventLoop, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from safetensors.torch import save_file

from engine.data.samples import samples
from engine.explain.mosaic import Mosaic
from engine.labs.image_classification import ImageClassification, ImageClassificationSnapshot
from engine.models.efficientnet_lite import load_efficientnet_lite0
from engine.worker import Frame, Worker
from gui import governor, main_window, window_actions
from gui.app import discard
from gui.labs.image_classification import ImageClassificationPage
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.panels.panel import Panel
from gui.theme import theme, themes

COFFEE = next(sample.path for sample in samples() if sample.path.stem == "coffee")
ROCKET = next(sample.path for sample in samples() if sample.path.stem == "rocket")


class Marked(ImageClassification):
    """The lab, which also says up to where it has done what it was told."""

    latest = 0

    def mark(self, number: int) -> None:
        self.marked = number

    def snapshot(self) -> ImageClassificationSnapshot:
        snapshot = super().snapshot()
        object.__setattr__(snapshot, "mark", getattr(self, "marked", 0))
        return snapshot


class Visitor(Person):
    """A person on the page of this lab, who has not seen anything yet."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        super().__init__(window, qtbot)
        assert isinstance(window.page, ImageClassificationPage)
        assert window.bench is not None
        self.page, self.bench = window.page, window.bench
        self.frames: list[Frame] = []
        window.shown.connect(self.frames.append)

    @property
    def snapshot(self) -> ImageClassificationSnapshot:
        """What the page shows."""
        return self.page._shown

    @property
    def answer(self) -> float | None:
        """The value that the Ask pane explains."""
        return None if self.bench.ask.answer is None else self.bench.ask.answer.value

    @property
    def top(self) -> list[str]:
        """The classes as the chart lists them."""
        return [row[1] for row in self.page.top.numbers()[1]]

    def is_idle(self) -> bool:
        last = self.frames[-1] if self.frames else None
        if last is None or getattr(last.snapshot, "mark", 0) != Marked.latest:
            return False
        return not last.playing and not {job.name for job in last.jobs} & {"layers", "explanation"}

    def rests(self) -> None:
        """Wait until the page shows all that follows from what was done; charts may still grow."""
        Marked.latest += 1
        self.window.post("mark", Marked.latest)
        self.waits_until(self.is_idle)

    def sets(self, **values: object) -> None:
        """Put settings in force as the form does."""
        assert self.window.form is not None
        self.window.form.change(values)

    def sees(self, panel: Panel, rect: QRectF, colour: str) -> bool:
        """Whether a colour is found on the outline of a rectangle of a panel's canvas."""
        image = panel.canvas.grab().toImage()
        box = rect.toRect()
        edge = [
            QPoint(x, y)
            for x in range(box.left(), box.right())
            for y in (box.top(), box.top() + 1, box.top() + 2)
        ]
        return any(image.rect().contains(at) and close_to(image.pixelColor(at), colour) for at in edge)


def wait_for_a_picture(window: MainWindow) -> None:
    """Live until the built-in example is on the page."""
    loop = QEventLoop()
    window.shown.connect(lambda frame: loop.quit() if frame.snapshot is not None else None)
    QTimer.singleShot(PATIENCE, loop.quit)
    loop.exec()


@pytest.fixture(scope="module")
def window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainWindow]:
    """The window with its real worker, on the built-in example."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main_window, "SAVE_AFTER", 0)
        patch.setattr(governor, "BUSY_SHARE", HURRIED)
        window = MainWindow(
            Memory(tmp_path_factory.mktemp("config")), lambda: Worker(make_lab=lambda name: Marked)
        )
        window.show()
        assert qapp is not None
        QTest.qWaitForWindowExposed(window)
        wait_for_a_picture(window)
        yield window
        discard(window)


@pytest.fixture
def person(window: MainWindow, qtbot: QtBot) -> Iterator[Visitor]:
    """Somebody new, who finds the samples, the cat and the usual settings, and no messages."""
    visitor = Visitor(window, qtbot)
    assert window.form is not None
    window.form.reset()
    window.unpin()
    window.post("unpin")
    if [still.credit for still in visitor.snapshot.film] != [sample.credit for sample in samples()]:
        window.post("open_samples")
    elif visitor.snapshot.film_index:
        window.post("show", 0)
    visitor.rests()
    visitor.page.tabs.setCurrentIndex(0)
    window.activateWindow()
    visitor.waits_until(window.isActiveWindow)
    yield visitor
    window.cancel()
    visitor.rests()
    while visitor.bench.notice.current is not None:
        visitor.bench.notice.close_current()
    window.shown.disconnect(visitor.frames.append)
    visitor.waits_until(lambda: not window._save_timer.isActive())


@pytest.fixture
def mug(tmp_path: Path) -> Path:
    """A photograph of a person's own."""
    path = tmp_path / "my mug.png"
    with Image.open(COFFEE) as image:
        image.save(path)
    return path


def drawn_value(mosaic: Mosaic, cell: tuple[int, int, int]) -> float:
    """What a cell's colour says, one scale being in force for the whole layer."""
    place = mosaic.order.tolist().index(cell[0])
    row, column = divmod(place, mosaic.columns)
    level = mosaic.pixels[row * mosaic.height + cell[1], column * mosaic.width + cell[2]]
    return float(mosaic.low) + float(level) / 255 * (float(mosaic.high) - float(mosaic.low))


def value_step(mosaic: Mosaic) -> float:
    """From one colour to the next."""
    return (float(mosaic.high) - float(mosaic.low)) / 255


# The first minute --------------------------------------------------------------------------------


def test_it_opens_on_a_classified_photograph(person: Visitor) -> None:
    assert person.bench.pages.currentWidget() is person.page
    assert person.top[0] in ("tabby", "tiger cat", "Egyptian cat")
    assert not any(panel.is_empty for panel in (person.page.picture, person.page.map, person.page.maps))
    assert person.page.film.film.count == len(samples())
    assert "142 layers" in person.bench.subtitle.text
    assert person.bench.notice.current is None
    assert person.bench.status.device_name.text.startswith(("CPU", "CUDA", "MPS"))


# What is brought in ------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["picture", "top", "layer", "maps", "film"])
def test_a_picture_dropped_anywhere_is_classified(person: Visitor, mug: Path, over: str) -> None:
    before = person.page.film.film.count
    panels = {panel.name: panel for panel in person.page.panels()}
    assert person.drags(files(mug), panels[over].canvas)
    person.waits_until(lambda: person.snapshot.name == mug.name)
    person.rests()
    assert person.top[0] == "espresso"
    assert person.page.film.film.count == before + 1
    assert person.page.film.film.current == before
    assert person.window.memory.recent_files()[0] == mug
    assert mug.name in person.page.picture.sentence


def test_a_file_that_no_lab_opens_gets_one_sentence_and_nothing_is_lost(
    person: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"ID3")
    top, film = person.top, person.page.film.film.count
    person.drags(files(path), person.page)
    person.waits_until(lambda: person.bench.notice.current)
    assert person.bench.notice.current.sentence.count(". ") <= 1
    assert path.name in person.bench.notice.current.sentence
    person.rests()
    assert (person.top, person.page.film.film.count) == (top, film)
    assert path not in person.window.memory.recent_files()


def test_a_broken_picture_gets_a_sentence_with_details_to_copy(person: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 not a photograph")
    top, film = person.top, person.page.film.film.count
    person.drags(files(path), person.page)
    person.waits_until(lambda: person.bench.notice.current)
    person.clicks(person.bench.notice.copy_button)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith(person.bench.notice.current.sentence)
    assert len(copied) > len(person.bench.notice.current.sentence) + 20
    person.rests()
    assert (person.top, person.page.film.film.count) == (top, film)
    assert path not in person.window.memory.recent_files()


def test_a_dropped_network_is_taken_back_with_a_key_and_brought_again(
    person: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "mine.safetensors"
    save_file(load_efficientnet_lite0().state_dict(), path)
    person.sets(layer="stem.conv", channel=5)
    person.rests()
    assert person.drags(files(path), person.page)
    person.waits_until(lambda: person.snapshot.config.model == str(path))
    person.rests()
    assert (person.snapshot.config.layer, person.snapshot.config.channel) == (None, None)
    assert person.window.memory.recent_files()[0] == path
    person.presses(Qt.Key.Key_Z, CONTROL)
    person.waits_until(lambda: person.snapshot.config.model == "efficientnet-lite0")
    person.rests()
    assert (person.snapshot.config.layer, person.snapshot.config.channel) == ("stem.conv", 5)
    assert person.top[0] in ("tabby", "tiger cat", "Egyptian cat")
    person.presses(Qt.Key.Key_Y, CONTROL)
    person.waits_until(lambda: person.snapshot.config.model == str(path))
    assert person.bench.notice.current is None


def test_a_folder_fills_the_film_strip(person: Visitor, mug: Path) -> None:
    with Image.open(ROCKET) as image:
        image.convert("L").save(mug.parent / "a rocket.webp")
    (mug.parent / "notes.txt").write_text("not a picture")
    person.drags(files(mug.parent), person.page.maps.canvas)
    person.waits_until(lambda: person.page.film.film.count == 2)
    person.rests()
    assert [row[1] for row in person.page.film.film.numbers()[1]] == ["a rocket.webp", "my mug.png"]
    person.clicks(person.page.film.film.canvas, person.page.film.film.tile_rect(1).center())
    person.waits_until(lambda: person.snapshot.name == mug.name)
    assert person.top[0] == "espresso"


def test_a_folder_without_pictures_leaves_what_was_there(person: Visitor, tmp_path: Path) -> None:
    film = person.page.film.film.count
    person.drags(files(tmp_path), person.page)
    person.waits_until(lambda: person.bench.notice.current)
    person.rests()
    assert person.page.film.film.count == film


def test_a_picture_is_pasted(person: Visitor) -> None:
    with Image.open(COFFEE) as image:
        QGuiApplication.clipboard().setImage(pixels(np.asarray(image.convert("RGB"))))
    person.presses(Qt.Key.Key_V, CONTROL)
    person.waits_until(lambda: person.snapshot.name == "Pasted picture")
    assert person.top[0] == "espresso"
    assert "Pasted picture" in person.page.picture.sentence


def test_a_picture_with_transparent_parts_is_pasted(person: Visitor) -> None:
    with Image.open(COFFEE) as image:
        shown = pixels(np.asarray(image.convert("RGB"))).convertToFormat(
            pixels(np.zeros((1, 1, 3), np.uint8)).Format.Format_ARGB32
        )
    shown.setPixelColor(0, 0, Qt.GlobalColor.transparent)
    QGuiApplication.clipboard().setImage(shown)
    person.presses(Qt.Key.Key_V, CONTROL)
    person.waits_until(lambda: person.snapshot.name == "Pasted picture")
    assert person.top[0] == "espresso"


def test_files_chosen_in_the_dialog_are_opened(
    person: Visitor, mug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_actions, "ask_files", lambda *_: [mug])
    person.presses(Qt.Key.Key_O, CONTROL)
    person.waits_until(lambda: person.snapshot.name == mug.name)
    assert person.top[0] == "espresso"


# Asking ------------------------------------------------------------------------------------------


def test_pointing_at_a_map_shows_its_value_and_its_receptive_field(person: Visitor) -> None:
    page = person.page
    person.sets(layer="stage2.1.depthwise.conv", order="peak", scale="layer")
    person.rests()
    shown = person.snapshot.shown
    assert shown is not None
    cell = (int(shown.mosaic.order[7]), shown.map.shape[0] // 2, shown.map.shape[1] // 3)
    at = page.maps.value_rect(cell).center()
    cell = page.maps.cell_at(at)  # the tile may be drawn with less than a pixel for each value
    person.points(page.maps.canvas, at)
    person.waits_until(lambda: person.snapshot.question and person.snapshot.question.index == cell)
    answer = person.bench.ask.answer
    assert answer is person.snapshot.answer
    assert drawn_value(shown.mosaic, cell) == pytest.approx(answer.value, abs=value_step(shown.mosaic))
    assert page.maps.value_text == f"{answer.value:.4g}"
    assert answer.steps[-1].lines[-1].value == pytest.approx(answer.value, abs=1e-3)
    field = answer.field
    corner = page.picture.pixel_rect((field.top, field.left)).topLeft()
    last = page.picture.pixel_rect((field.bottom - 1, field.right - 1)).bottomRight()
    assert person.sees(page.picture, QRectF(corner, last), theme().accent)


def test_an_answer_goes_with_the_map_that_it_was_about(person: Visitor) -> None:
    page, ask = person.page, person.bench.ask
    person.points(page.maps.canvas, page.maps.value_rect((4, 40, 40)).center())
    person.waits_until(lambda: ask.answer is person.snapshot.answer is not None)
    person.sets(layer="stage3.0.expand.act")
    person.waits_until(lambda: person.snapshot.shown.name == "stage3.0.expand.act")
    person.waits_until(lambda: ask.answer is None)


def test_a_click_pins_the_answer_until_escape(person: Visitor) -> None:
    page = person.page
    first, second = (page.maps.value_rect((channel, 40, 40)).center() for channel in (3, 9))
    person.clicks(page.maps.canvas, first)
    person.waits_until(lambda: person.bench.ask.is_pinned and person.snapshot.config.channel == 3)
    person.rests()
    kept = person.bench.ask.answer.title
    person.points(page.maps.canvas, second)
    person.rests()
    assert person.bench.ask.answer.title == kept
    person.presses(Qt.Key.Key_Escape)
    assert not person.bench.ask.is_pinned
    person.waits_until(lambda: person.bench.ask.answer.title != kept)


def test_a_pinned_answer_follows_the_picture(person: Visitor) -> None:
    person.sets(layer="stem.conv")
    person.rests()
    person.clicks(person.page.maps.canvas, person.page.maps.value_rect((3, 40, 40)).center())
    person.rests()
    before = person.answer
    person.window.post("show", 1)
    person.waits_until(lambda: person.snapshot.film_index == 1)
    person.rests()
    assert person.answer is not None
    assert person.answer != before
    assert person.answer == person.snapshot.answer.value


def test_the_pin_keeps_what_is_shown(person: Visitor) -> None:
    page, ask = person.page, person.bench.ask
    at = page.maps.value_rect((4, 40, 40)).center()
    person.points(page.maps.canvas, at)
    cell = page.maps.cell_at(at)
    person.waits_until(lambda: person.snapshot.question and person.snapshot.question.index == cell)
    person.waits_until(lambda: ask.answer is person.snapshot.answer is not None)
    kept = ask.answer.title
    person.clicks(ask.pin_button)
    person.rests()
    person.points(page.maps.canvas, page.maps.value_rect((9, 50, 50)).center())
    person.rests()
    assert ask.answer.title == kept
    person.clicks(ask.pin_button)
    person.points(page.maps.canvas, page.maps.value_rect((9, 51, 50)).center())
    person.waits_until(lambda: ask.answer.title != kept)


@pytest.mark.parametrize("name", ["picture", "top", "map", "layer"])
def test_every_picture_answers(person: Visitor, name: str) -> None:
    panel = next(panel for panel in person.page.panels() if panel.name == name)
    place = QPointF(middle(panel.canvas)) if name != "layer" else panel.layer_rect(8).center()
    person.points(panel.canvas, place - QPointF(9, 9))
    person.points(panel.canvas, place)
    wanted = {"layer": "layer", "top": "top", "map": "map", "picture": "picture"}[name]
    person.waits_until(lambda: person.snapshot.question and person.snapshot.question.array == wanted)
    assert person.bench.ask.answer is not None
    assert person.bench.ask.answer is person.snapshot.answer


# Choosing ----------------------------------------------------------------------------------------


def test_a_class_is_chosen_with_a_click_and_let_go_with_another(person: Visitor) -> None:
    page, second = person.page, person.snapshot.top[1].index
    person.clicks(page.top.canvas, page.top.row_rect(1).center())
    person.waits_until(lambda: person.snapshot.target == second)
    assert person.window.form.config.target == second
    person.clicks(page.top.canvas, page.top.row_rect(1).center())
    person.waits_until(lambda: person.snapshot.config.target is None)


def test_a_layer_chosen_in_the_strip_shows_its_maps(person: Visitor) -> None:
    page = person.page
    before = page.maps.canvas.grab().toImage()
    place = next(n for n, layer in enumerate(person.snapshot.layers) if layer.group == "stage3")
    person.clicks(page.strip.canvas, page.strip.layer_rect(place).center())
    person.waits_until(lambda: person.snapshot.config.layer is not None)
    person.rests()
    assert person.snapshot.config.layer == person.window.form.config.layer
    assert page.maps.title.startswith(person.snapshot.config.layer)
    assert page.strip.open_block == "stage3"
    assert page.maps.canvas.grab().toImage() != before


def test_predictions_follow_the_slider_while_it_moves(person: Visitor) -> None:
    window, page = person.window, person.page
    slider = window.form.row("rotate").field.slider
    slider.window().activateWindow()
    before, picture = page.top.numbers(), page.picture.canvas.grab().toImage()
    seen = []
    start, height = slider.x_of(slider.value()), slider.height() // 2
    QTest.mousePress(slider, LEFT, pos=QPoint(round(start), height))
    for notches in (20, 40, 60, 90):
        there = slider.x_of(slider.value() + notches)
        QTest.mouseMove(slider, QPoint(round(there), height))
        wanted = window.form.config.rotate
        person.waits_until(lambda wanted=wanted: person.snapshot.config.rotate == wanted)
        assert slider.isSliderDown()
        seen.append(page.top.numbers())
    QTest.mouseRelease(slider, LEFT, pos=QPoint(round(there), height))
    person.rests()
    assert len({json.dumps(rows) for rows in seen}) == 4
    assert page.picture.canvas.grab().toImage() != picture
    assert window.form.config.rotate > 100
    person.presses(Qt.Key.Key_Z, CONTROL)
    person.rests()
    assert window.form.config.rotate == 0.0
    assert page.top.numbers() == before
    assert page.picture.canvas.grab().toImage() == picture
    person.presses(Qt.Key.Key_Y, CONTROL)
    person.rests()
    assert window.form.config.rotate > 100


def test_a_class_or_layer_is_found_in_the_palette(person: Visitor) -> None:
    palette = person.window.window_actions.palette
    person.presses(Qt.Key.Key_K, CONTROL)
    assert palette.isVisible()
    person.types("stage5.1.expand.conv")
    person.presses(Qt.Key.Key_Return)
    assert not palette.isVisible()
    person.waits_until(lambda: person.snapshot.config.layer == "stage5.1.expand.conv")
    person.presses(Qt.Key.Key_K, CONTROL)
    person.types("volcano")
    person.presses(Qt.Key.Key_Return)
    person.waits_until(lambda: person.snapshot.classes[person.snapshot.target] == "volcano")


def test_a_setting_that_the_lab_refuses_goes_back(person: Visitor) -> None:
    person.sets(target=100_000)
    person.waits_until(lambda: person.bench.notice.current)
    assert "100000" in person.bench.notice.current.sentence
    person.rests()
    assert person.window.form.config.target is None
    assert person.window.memory.config_of("image-classification")["target"] is None


# Explaining --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["grad-cam", "saliency"])
def test_an_explanation_is_drawn_over_the_picture(person: Visitor, method: str) -> None:
    picture = person.page.picture
    before = picture.canvas.grab().toImage()
    person.sets(explain=method)
    person.waits_until(lambda: person.snapshot.heat is not None)
    person.rests()
    assert person.snapshot.classes[person.snapshot.target] in picture.title
    drawn = picture.canvas.grab().toImage()
    assert drawn != before
    person.sets(opacity=0.1)
    person.waits_until(lambda: person.snapshot.config.opacity == 0.1)
    assert picture.canvas.grab().toImage() != drawn
    person.sets(explain="none")
    person.waits_until(lambda: person.snapshot.heat is None)
    person.rests()
    assert picture.canvas.grab().toImage() == before


def test_occlusion_shows_progress_and_stops_where_it_is(person: Visitor) -> None:
    transport = person.bench.transport
    person.sets(explain="occlusion", patch=8)
    person.waits_until(lambda: transport.progress.isVisible() and person.snapshot.heat is not None)
    assert "Occlusion" in transport.progress.accessibleName() + transport.progress.accessibleDescription()
    person.clicks(transport.cancel_button)
    person.rests()
    assert not transport.progress.isVisible()
    heat = person.snapshot.heat
    assert 0 < heat.done < heat.total
    assert np.isfinite(heat.values).all()
    assert "Occlusion" in person.page.picture.sentence
    assert person.bench.notice.current is None


# Playing -----------------------------------------------------------------------------------------


def test_playing_goes_through_the_film_strip_and_pausing_holds(person: Visitor) -> None:
    film, transport = person.page.film.film, person.bench.transport
    person.window.cancel()  # else the button pauses the chart that is still growing
    person.waits_until(lambda: not transport.is_running)
    person.clicks(transport.play_button)
    person.waits_until(lambda: film.current >= 1)
    person.clicks(transport.play_button)
    person.waits_until(lambda: not transport.is_running)
    held = film.current
    QTest.qWait(150)
    assert film.current == held
    assert not person.frames[-1].playing
    person.rests()  # what belongs to the picture is finished though nothing plays
    assert film.current == held
    person.clicks(transport.reset_button)
    person.waits_until(lambda: film.current == 0)


def test_one_step_shows_the_next_picture(person: Visitor) -> None:
    person.window.cancel()
    person.waits_until(lambda: not person.bench.transport.is_running)
    person.clicks(person.bench.transport.step_button)
    person.waits_until(lambda: person.page.film.film.current == 1)
    assert person.top[0] == "espresso"
    person.presses(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    person.waits_until(lambda: person.page.film.film.current == 0)


# The tabs ----------------------------------------------------------------------------------------


def test_a_click_on_the_chart_moves_the_slider(person: Visitor) -> None:
    page = person.page
    page.tabs.setCurrentWidget(page.what_if)
    person.sets(sweep="blur")
    person.waits_until(lambda: person.snapshot.sweep and person.snapshot.sweep.slider == "blur")
    sweep = person.snapshot.sweep
    person.waits_until(lambda: person.snapshot.sweep.done == len(sweep.values))
    chart = page.what_if.chart
    assert not chart.is_empty
    person.clicks(chart.canvas, QPoint(chart.canvas.width() // 2, chart.canvas.height() // 2))
    person.waits_until(lambda: person.snapshot.config.blur != 0.0)
    assert person.snapshot.config.blur in sweep.values
    assert person.window.form.config.blur == person.snapshot.config.blur


def test_what_a_map_wants_is_grown_while_one_watches(person: Visitor) -> None:
    page = person.page
    person.sets(wanted_steps=16)
    person.presses(Qt.Key.Key_M, CONTROL)
    assert page.tabs.currentWidget() is page.wanted
    person.waits_until(lambda: person.snapshot.wanted and person.snapshot.wanted.done == 16)
    person.rests()
    assert not any(panel.is_empty for panel in page.wanted.panels())
    rows = page.wanted.climb.numbers()[1]
    assert len(rows) == 16
    assert page.wanted.patches.numbers()[1]


def test_two_pictures_are_compared_layer_by_layer(person: Visitor) -> None:
    page = person.page
    page.tabs.setCurrentWidget(page.compare)
    assert not page.compare.unpin.isEnabled()
    person.clicks(page.compare.pin)
    person.waits_until(lambda: person.snapshot.pinned is not None)
    person.rests()
    assert page.compare.chart.sentence.startswith("No layer tells them apart")
    person.clicks(page.film.film.canvas, page.film.film.tile_rect(1).center())
    person.waits_until(lambda: person.snapshot.film_index == 1)
    person.rests()
    assert not any(panel.is_empty for panel in page.compare.panels())
    header, rows = page.compare.chart.numbers()
    assert len(rows) == len(person.snapshot.layers)
    furthest = max(person.snapshot.divergences, key=lambda part: part.cosine_distance)
    assert f" {furthest.layer}." in page.compare.chart.sentence
    person.clicks(page.compare.unpin)
    person.waits_until(lambda: person.snapshot.pinned is None)
    assert all(panel.is_empty for panel in page.compare.panels())
    assert not page.compare.unpin.isEnabled()
    assert "distance" in " ".join(header)


# Taking away -------------------------------------------------------------------------------------


def test_every_panel_gives_its_picture_and_its_numbers(
    person: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(parent: QWidget, title: str, name: str, suffixes: list[str], memory: Memory) -> Path:
        asked.append(name)
        return tmp_path / f"{len(asked)}{suffixes[-1]}"

    monkeypatch.setattr("gui.export.ask_path", ask)
    panels = [panel for panel in person.page.panels() if not panel.is_empty]
    assert len(panels) >= 6
    for panel in panels:
        panel.menu.aboutToShow.emit()
        for action in panel.menu.actions()[:4]:
            assert action.isEnabled()
            action.trigger()
        assert asked[-2:] == [panel.title] * 2
    assert person.bench.notice.current is None
    for number, panel in enumerate(panels):
        suffix = ".svg" if panel.is_vector else ".png"
        assert (tmp_path / f"{2 * number + 1}{suffix}").stat().st_size > 500
        lines = (tmp_path / f"{2 * number + 2}.csv").read_text().splitlines()
        header, rows = panel.numbers()
        assert lines[0].split(",")[0] == header[0]
        assert len(lines) == len(rows) + 1


def test_without_a_camera_a_sentence_says_so(person: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "No webcam was found."
    monkeypatch.setattr("gui.labs.image_classification.film_row.camera_problem", lambda: sentence)
    person.clicks(person.page.film.camera)
    assert person.bench.notice.current.sentence == sentence
    assert not person.page.film.camera.isChecked()


def test_what_is_brought_in_takes_the_place_of_the_camera(
    person: Visitor, mug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    monkeypatch.setattr(person.page.film, "stop_camera", lambda: stopped.append(True))
    person.drags(files(mug), person.page)
    assert stopped
    person.waits_until(lambda: person.snapshot.name == mug.name)


# Going -------------------------------------------------------------------------------------------


def test_it_closes_while_occlusion_runs_and_twice(
    qtbot: QtBot, show: Callable[[QWidget], None], tmp_path: Path
) -> None:
    memory = Memory(tmp_path)
    memory.remember_config("image-classification", {"explain": "occlusion", "patch": 8})
    window = MainWindow(memory)
    frames: list[Frame] = []
    window.shown.connect(frames.append)
    show(window)
    qtbot.waitUntil(
        lambda: any(job.name == "explanation" and job.done for frame in frames for job in frame.jobs),
        timeout=30_000,
    )
    assert window.close()
    assert not window.isVisible()
    assert window.close()
    assert not window.feed.source._thread.is_alive()
    assert themes.current.name == "dark"
