"""Test pictures as points: near each other where the values before the last layer are alike."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, DataView, Embedding
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.tab import Tab
from gui.panels.panel import Panel
from gui.panels.scatter import ScatterPanel
from gui.theme import GRID


class EmbeddingTab(Tab):
    """The plane, and the buttons that choose how it is found."""

    title = "Embedding"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = ScatterPanel("Embedding", name="embedding")
        self.plane.nothing_yet = "Press play: the plane appears when the layers are measured."
        self.t_sne = QPushButton("Lay out by t-SNE", self)
        self.t_sne.setToolTip("What is near in all dimensions becomes near in the plane; takes some seconds.")
        self._embedding: Embedding | None = None
        tools = QHBoxLayout()
        tools.addWidget(self.t_sne)
        tools.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addWidget(self.plane, 1)
        self.t_sne.clicked.connect(lambda: self.command("map_by_t_sne"))
        self.plane.clicked.connect(lambda at: self.command("pin", int(self._indices()[at[1][0]])))

    def panels(self) -> tuple[Panel, ...]:
        return (self.plane,)

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        embedding, data = snapshot.embedding, snapshot.data
        self.t_sne.setEnabled(embedding is not None)
        if embedding is None or data is None:
            if self._embedding is not None:
                self._embedding = None
                self.plane.set_empty(self.plane.nothing_yet)
            return
        if embedding is self._embedding:
            return
        self._embedding = embedding
        self._draw(embedding, data)
        yield

    def _draw(self, embedding: Embedding, data: DataView) -> None:
        self.plane.set_title(embedding.method, wording.embedding_line(embedding))
        self.plane.set_points(
            embedding.points,
            embedding.labels,
            data.classes,
            wrong=embedding.labels != embedding.predicted,
            pictures=embedding.pictures,
            texts=[
                data.classes[label]
                if label == taken
                else f"{data.classes[label]}, taken for {data.classes[taken]}"
                for label, taken in zip(embedding.labels.tolist(), embedding.predicted.tolist(), strict=True)
            ],
        )

    def _indices(self) -> tuple[int, ...]:
        """Which test picture each point is."""
        return () if self._embedding is None else tuple(self._embedding.indices.tolist())


def _texts(embedding: Embedding, data: DataView) -> list[str]:
    """What each point is, and where that differs what it is taken for."""
    pairs = zip(embedding.labels.tolist(), embedding.predicted.tolist(), strict=True)
    return [
        data.classes[label] if label == taken else f"{data.classes[label]}, taken for {data.classes[taken]}"
        for label, taken in pairs
    ]
