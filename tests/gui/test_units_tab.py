"""The lists of what units track: what is said about the chosen feature, and which row is asked about."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.explain.unit_tracking import FEATURES
from engine.labs.language_modelling import LanguageModellingConfig, LanguageModellingSnapshot, Memory, Track
from gui.labs.language_modelling.memory_tab import MemoryTab
from gui.labs.language_modelling.units_tab import UnitsTab


def shown(tab: QWidget, show: Callable[[QWidget], None]) -> None:
    outer = QWidget()
    tab.setParent(outer)
    QHBoxLayout(outer).addWidget(tab)
    outer.resize(900, 400)
    show(outer)


@pytest.fixture
def tab(show: Callable[[QWidget], None]) -> UnitsTab:
    tab = UnitsTab()
    shown(tab, show)
    return tab


def snapshot(name: str) -> LanguageModellingSnapshot:
    feature = next(each for each in FEATURES if each.name == name)
    tracks = tuple(
        Track(unit, name, feature.definition, feature.measure, 0.9 - unit / 10, 0.8 - unit / 5)
        for unit in range(3)
    )
    return LanguageModellingSnapshot(LanguageModellingConfig(), text="abc", tracks=tracks, trackers=tracks)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_it_says_when_a_feature_is_true_and_what_a_number_counts(feature, tab: UnitsTab) -> None:
    tab.show_tracks(snapshot(feature.name))
    assert tab.units.title == f"Units that track: {feature.name}"
    if feature.binary:
        assert tab.units.sentence == f"True when {feature.definition}."
    else:
        assert feature.definition.startswith("how many characters")
        assert tab.units.sentence == f"Ranked by how closely the state follows {feature.definition}."


def test_a_row_is_asked_about_by_its_rank(tab: UnitsTab) -> None:
    asked: list[object] = []
    for panel in tab.panels():
        panel.hovered.connect(asked.append)
    tab.show_tracks(snapshot("inside brackets"))
    tab.features.point(tab.features.row_rect(1).center())
    tab.units.point(tab.units.row_rect(2).center())
    assert asked == [("features", (1,)), ("trackers", (2,))]


def test_memory_is_asked_about_by_network_and_distance_from_the_end(show: Callable[[QWidget], None]) -> None:
    """What the lab answers counts on: the curves in the order of the snapshot, the last character first."""
    tab = MemoryTab()
    shown(tab, show)
    norms = np.log([[0.5, 1.0, 2.0, 8.0], [3.0, 1.0, 4.0, 0.5], [1e-12, 0.1, 0.2, 0.4]])
    cells = zip(("rnn", "lstm", "gru"), norms, strict=True)
    memory = tuple(Memory(cell, each, 1, "e", 0.5) for cell, each in cells)
    tab.show_memory(LanguageModellingSnapshot(LanguageModellingConfig(), text="Abcd", memory=memory))
    asked: list[tuple[str, tuple[int, ...]]] = []
    tab.chart.hovered.connect(asked.append)
    tab.chart.point(QPointF(tab.chart.place_of((1, 3))))
    assert asked == [("memory", (1, 3))]
    rows = tab.chart.numbers()[1]
    for curve, log_norms in enumerate(norms):
        for back, row in enumerate(rows):
            share = np.exp(log_norms[3 - back] - log_norms.max())
            assert row[1 + curve] == pytest.approx(share) or (np.isnan(row[1 + curve]) and share < 1e-9)
