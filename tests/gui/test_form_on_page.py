"""Settings that the page shows in the form's stead: changed, told, undone and done again like any other."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from engine.labs.convnet_training import ConvnetTrainingConfig
from gui.form import Form


def test_a_setting_of_the_page_is_changed_told_and_undone(qtbot: QtBot) -> None:
    now = [0.0]
    form = Form(ConvnetTrainingConfig, clock=lambda: now[0])
    qtbot.addWidget(form)
    told: list[ConvnetTrainingConfig] = []
    form.config_changed.connect(told.append)
    form.change({"design": "a", "network": ""})
    form.change({"design": "b", "network": ""})
    assert [config.design for config in told] == ["a", "b"]
    form.set_config(ConvnetTrainingConfig(design="a"))  # the lab has not come to "b" yet
    assert form.config.design == "b"
    form.set_config(ConvnetTrainingConfig(design="b"))
    form.undo()
    assert form.config.design == "a"
    form.undo()
    assert told[-1].design == ""
    assert not form.can_undo()
    form.redo()
    assert form.config.design == "a"
    now[0] = 2.0
    form.set_config(ConvnetTrainingConfig(design=""))  # the lab refused it
    assert form.config.design == ""
