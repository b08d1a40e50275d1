"""Every experiment of grid and loop, small, played from its first step to its last under its own page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from PySide6.QtWidgets import QApplication, QWidget

from engine.labs.grid_versus_loop.config import EXPERIMENTS, GridVersusLoopConfig
from engine.labs.grid_versus_loop.lab import GridVersusLoop
from gui.labs.grid_versus_loop.page import GridVersusLoopPage

SMALL = {
    "memory": {"lags": "1,2", "updates": 60, "networks": "cnn,dilated-cnn", "width": 16},
    "cost": {"networks": "cnn,gru", "width": 4},
    "hybrid": {"updates": 2, "width": 4, "batch": 10},
}
USUAL = {"updates": 3, "width": 4, "batch": 20}
LOOKS = 25
"""Steps or slices between two looks, where there are many."""


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_it_is_drawn_from_the_first_step_to_the_last(
    show: Callable[[QWidget], None], experiment: str
) -> None:
    settings = SMALL.get(experiment, USUAL)
    lab = GridVersusLoop(GridVersusLoopConfig(experiment=experiment, **settings), torch.device("cpu"))
    lab.start()
    page = GridVersusLoopPage()
    page.resize(1100, 780)
    page.is_running = True
    show(page)
    slices = 0
    while lab.can_step:
        lab.step()
        slices += 1
        if slices % LOOKS == 0 or slices < 3:
            page.show_snapshot(lab.snapshot())
            QApplication.processEvents()
    page.is_running = False
    result, last = lab.result(), lab.snapshot()
    page.show_snapshot(last)
    QApplication.processEvents()
    assert last.step == last.total
    assert page.footing.finding.text.startswith(result["finding"])
    if experiment == "memory":
        assert result["models"]["cnn"]["longest_lag_solved"] == 2
        assert "CNN, lag 2" in str(page.body.memory.influence.numbers())
