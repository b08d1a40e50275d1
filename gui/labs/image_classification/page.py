"""The page of the image classification lab: picture, classes, layers, maps, and what if and why."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from engine.ask import Answer, Cell
from engine.labs.image_classification import ImageClassificationSnapshot
from gui.actions import Actions, Entry
from gui.labs.image_classification import wording
from gui.labs.image_classification.compare_tab import CompareTab
from gui.labs.image_classification.film_row import FilmRow
from gui.labs.image_classification.wanted_tab import WantedTab
from gui.labs.image_classification.what_if_tab import WhatIfTab
from gui.layer_words import show_layers, show_maps, show_thumbnails
from gui.panels.bars import BarsPanel
from gui.panels.layer_strip import LayerStrip
from gui.panels.maps import MapsPanel
from gui.panels.panel import Panel
from gui.panels.picture import PicturePanel
from gui.theme import GRID
from gui.view import View, as_cell

MAP_OPACITY = 0.85
"""How much a feature map covers the picture under it: enough to read its colours, and to see where."""


class ImageClassificationPage(View):
    """Draws an `ImageClassificationSnapshot`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = ImageClassificationSnapshot(config=None)  # ty: ignore[invalid-argument-type]
        self.picture = PicturePanel("Picture", name="picture")
        self.top = BarsPanel("Top 5", name="top", colour="accent")
        self.map = PicturePanel("Feature map", name="map")
        self.strip = LayerStrip(
            "From pixels to classes", "Click a block to unfold it, a layer to see its maps.", "layer"
        )
        self.maps = MapsPanel("Feature maps", name="maps")
        self.what_if = WhatIfTab(self)
        self.wanted = WantedTab(self)
        self.compare = CompareTab(self)
        self.film = FilmRow(self)
        self.tabs = QTabWidget(self)
        self._arrange()
        self._wire()

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(3 * GRID)
        for panel, stretch in ((self.picture, 10), (self.top, 12), (self.map, 11)):
            panel.header.keep_lines(2)  # so that the three stand level
            top.addWidget(panel, stretch)
        self.tabs.setDocumentMode(True)
        for title, widget in (
            ("Feature maps", _padded(self.maps)),
            ("What if", self.what_if),
            ("What does it want", self.wanted),
            ("Compare", self.compare),
        ):
            self.tabs.addTab(widget, title)
        self.corner = QWidget(self)
        beside = QHBoxLayout(self.corner)
        beside.setContentsMargins(0, 0, 0, 0)
        for tools in (self.wanted.tools, self.compare.tools):
            beside.addWidget(tools)
        self.tabs.setCornerWidget(self.corner)
        self.tabs.currentChanged.connect(self._show_tools)
        self._show_tools()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(top, 6)
        column.addWidget(self.strip)
        column.addWidget(self.tabs, 5)
        column.addWidget(self.film)

    def _show_tools(self) -> None:
        """Beside the tabs' titles stand the buttons of the tab that is shown."""
        shown = self.tabs.currentWidget()
        for tab in (self.wanted, self.compare):
            tab.tools.setVisible(shown is tab)
        self.corner.setVisible(shown in (self.wanted, self.compare))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On a low window the strips give way, so that the pictures stay large enough to look at."""
        height = event.size().height()
        self.strip.setFixedHeight(min(210, max(164, height // 4)))
        self.film.setFixedHeight(min(104, max(84, height // 7)))

    def _wire(self) -> None:
        self.picture.hovered.connect(lambda at: self.asked.emit(self._picture_cell(at)))
        self.picture.clicked.connect(lambda at: self.pinned.emit(self._picture_cell(at)))
        self.map.hovered.connect(lambda at: self.asked.emit(self._map_cell(at)))
        self.map.clicked.connect(lambda at: self.pinned.emit(self._map_cell(at)))
        self.top.hovered.connect(lambda at: self.asked.emit(self._class_cell(at)))
        self.top.clicked.connect(self._choose_class)
        self.strip.hovered.connect(lambda at: self.asked.emit(as_cell(at)))
        self.strip.clicked.connect(lambda at: self._choose_layer(at[1][0]))
        self.maps.hovered.connect(lambda at: self.asked.emit(as_cell(at)))
        self.maps.clicked.connect(self._choose_value)
        self.maps.canvas.resized.connect(self._arrange_maps)
        self.what_if.moved.connect(lambda slider, value: self.settings_wanted.emit({slider: value}))
        self.compare.layer_chosen.connect(self._choose_layer)
        for tab in (self.wanted, self.compare, self.film):
            tab.command_wanted.connect(self.command_wanted)
        self.film.told.connect(self.told)

    def panels(self) -> tuple[Panel, ...]:
        own = (self.picture, self.top, self.map, self.strip, self.maps)
        return (
            *own,
            *self.what_if.panels(),
            *self.wanted.panels(),
            *self.compare.panels(),
            *self.film.panels(),
        )

    # What is shown --------------------------------------------------------------------------------

    def show_snapshot(self, snapshot: ImageClassificationSnapshot) -> None:
        before, self._shown = self._shown, snapshot
        if snapshot.layers is not before.layers:
            show_layers(self.strip, snapshot.layers)
        if snapshot.picture is not None and (snapshot.top != before.top or snapshot.target != before.target):
            self._show_top(snapshot)
        self.film.show_film(snapshot.film, snapshot.film_index)
        if snapshot.picture is None:
            self._show_nothing()
            return
        if snapshot.picture is not before.picture:
            self.picture.set_picture(snapshot.picture)
            self.strip.set_input(snapshot.picture, is_grey=snapshot.is_grey)
        if snapshot.picture is not before.picture or snapshot.heat is not before.heat:
            self._show_heat(snapshot)
        self.picture.set_opacity(snapshot.config.opacity)
        if snapshot.thumbnails is not before.thumbnails:
            show_thumbnails(self.strip, snapshot.layers, snapshot.thumbnails)
        if snapshot.shown is not before.shown or snapshot.picture is not before.picture:
            self._show_layer(snapshot)
        self._show_answer(snapshot.answer, snapshot.question)
        self.what_if.show_sweep(snapshot)
        self.wanted.show_wanted(snapshot)
        self.compare.show_comparison(snapshot)

    def subtitle(self, snapshot: ImageClassificationSnapshot) -> str:
        return wording.network_line(snapshot)

    def _show_nothing(self) -> None:
        self.picture.set_empty("Drop a picture anywhere on the window.")
        for panel in (self.top, self.map, self.maps):
            panel.set_empty("There is nothing to see without a picture.")

    def _show_heat(self, snapshot: ImageClassificationSnapshot) -> None:
        heat = snapshot.heat
        if heat is None:
            self.picture.set_heat(None)
            self.picture.set_title("Picture", wording.input_line(snapshot))
            return
        low, high = heat.limits
        self.picture.set_heat(heat.values, low, high, opacity=snapshot.config.opacity, signed=heat.signed)
        label = snapshot.classes[heat.target]
        self.picture.set_title(f"Why “{label}”", wording.heat_line(heat))

    def _show_top(self, snapshot: ImageClassificationSnapshot) -> None:
        ranks = {score.index: rank for rank, score in enumerate(snapshot.top)}
        touched = any(score.untouched != score.probability for score in snapshot.top)
        chosen = snapshot.config.target
        note = "Click a class to ask why."
        if chosen is not None and chosen not in ranks:
            note = f"Explained: {snapshot.classes[chosen]}, which is not among the five."
        elif touched:
            note = "The ticks are the untouched picture."
        self.top.set_title(f"Top {len(snapshot.top)}", wording.top_line(snapshot))
        self.top.set_rows(
            [score.label for score in snapshot.top],
            [score.probability for score in snapshot.top],
            [score.untouched for score in snapshot.top] if touched else None,
            ranks.get(snapshot.target),
            note,
        )
        self.top.canvas.repaint()  # the answer first; all else is painted together, which takes longer

    def _show_layer(self, snapshot: ImageClassificationSnapshot) -> None:
        shown = snapshot.shown
        if shown is None or snapshot.picture is None:
            return
        place = [layer.name for layer in snapshot.layers].index(shown.name)
        layer = snapshot.layers[place]
        self.strip.set_selected(place)
        show_maps(self.maps, shown)
        self.maps.set_selected(shown.channel)
        self.maps.set_title(*wording.maps_line(shown, layer, snapshot.config.order))
        low, high = shown.limits
        self.map.set_picture(snapshot.picture)
        self.map.set_heat(shown.map, low, high, opacity=MAP_OPACITY, smooth=False)
        size = " × ".join(map(str, shown.map.shape))
        if len(layer.shape) == 1:
            self.map.set_title(shown.name, f"{shown.map.size} numbers, which have no place in the picture.")
        else:
            self.map.set_title(f"Map {shown.channel} of {shown.name}", f"{size} values over the picture.")

    def _show_answer(self, answer: Answer | None, question: Cell | None) -> None:
        boxes = []
        if answer is not None and answer.field is not None:
            field = answer.field
            boxes = [(field.top, field.left, field.bottom, field.right, "receptive field", "chosen")]
        self.picture.set_boxes(boxes)
        self.map.set_boxes(boxes)
        if answer is not None and question is not None and question.array == "maps":
            self.maps.set_value_text(f"{answer.value:.4g}")
        if answer is not None and question is not None and question.array == "map":
            self.map.set_value_text(f"{answer.value:.4g}")

    # What the person does -------------------------------------------------------------------------

    def _arrange_maps(self) -> None:
        canvas = self.maps.canvas
        if canvas.height() > 0:
            self.command("arrange", round(canvas.width() / canvas.height(), 2))

    def _picture_cell(self, at: tuple[str, tuple[int, ...]] | None) -> Cell | None:
        heat = self._shown.heat
        if at is None or heat is None:
            return as_cell(at)
        return Cell("heat", self._scaled(at[1], heat.values.shape))

    def _map_cell(self, at: tuple[str, tuple[int, ...]] | None) -> Cell | None:
        shown = self._shown.shown
        if at is None or shown is None:
            return None
        return Cell("map", self._scaled(at[1], shown.map.shape))

    def _scaled(self, pixel: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """The value of a map of `shape` that covers a pixel of the picture."""
        side = 1 if self._shown.picture is None else self._shown.picture.shape[0]
        return tuple(int(place) * size // side for place, size in zip(pixel, shape, strict=True))

    def _class_cell(self, at: tuple[str, tuple[int, ...]] | None) -> Cell | None:
        if at is None or at[1][0] >= len(self._shown.top):
            return None
        return Cell("top", (self._shown.top[at[1][0]].index,))

    def _choose_class(self, at: tuple[str, tuple[int, ...]]) -> None:
        """Explain a class; choosing it again goes back to the most probable."""
        cell = self._class_cell(at)
        if cell is not None:
            chosen = cell.index[0]
            self.settings_wanted.emit({"target": None if self._shown.config.target == chosen else chosen})

    def _choose_layer(self, place: int) -> None:
        if 0 <= place < len(self._shown.layers):
            self.settings_wanted.emit({"layer": self._shown.layers[place].name, "channel": None})

    def _choose_value(self, at: tuple[str, tuple[int, ...]]) -> None:
        """Pick a map, or of a layer of single numbers the unit, and keep the answer."""
        channel, row, column = (int(part) for part in at[1])
        shown = self._shown.shown
        if shown is not None and shown.mosaic.count == 1:
            channel = row * shown.mosaic.width + column
        self.settings_wanted.emit({"channel": channel})
        self.pinned.emit(as_cell(at))

    def add_actions(self, actions: Actions) -> None:
        add = partial(actions.add, group="Picture")
        add(
            "pin-picture",
            "Pin this picture",
            "Ctrl+P",
            lambda: self.command("pin"),
            tip="Keep it to compare others with",
        )
        add(
            "seek",
            "What does this map want",
            "Ctrl+M",
            self._seek,
            tip="Find the picture that excites it most",
        )
        add(
            "samples",
            "Sample photographs",
            "Ctrl+1",
            lambda: self.command("open_samples"),
            tip="Fill the film strip with them",
        )
        add("next-picture", "Next picture", "Alt+Right", partial(self._go, 1), tip="Along the film strip")
        add(
            "previous-picture",
            "Previous picture",
            "Alt+Left",
            partial(self._go, -1),
            tip="Back along the film strip",
        )
        add("webcam", "Webcam", "Ctrl+W", self.film.toggle_camera, tip="Classify what the camera sees")

    def _seek(self) -> None:
        self.tabs.setCurrentWidget(self.wanted)
        self.command("seek")

    def _go(self, by: int) -> None:
        if self._shown.film:
            self.film.stop_camera()
            self.command("show", (self._shown.film_index + by) % len(self._shown.film))

    def entries(self) -> list[Entry]:
        layers = [
            Entry(layer.name, "Layer", partial(self._choose_layer, place))
            for place, layer in enumerate(self._shown.layers)
        ]
        classes = [
            Entry(label, "Class", partial(self.settings_wanted.emit, {"target": index}))
            for index, label in enumerate(self._shown.classes)
        ]
        pictures = [
            Entry(still.name, "Picture", partial(self.command, "show", place))
            for place, still in enumerate(self._shown.film)
        ]
        return [*layers, *pictures, *classes]

    def close_page(self) -> None:
        self.film.stop_camera()


def _padded(panel: Panel) -> QWidget:
    """A panel on a tab, with air between it and the tab's title."""
    tab = QWidget()
    column = QVBoxLayout(tab)
    column.setContentsMargins(0, GRID, 0, 0)
    column.addWidget(panel)
    return tab
