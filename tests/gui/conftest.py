"""What every test of the window gets: a dressed application, a configuration folder, and no leftovers."""

from __future__ import annotations

import pytest
from window_fixtures import (  # noqa: F401 - fixtures are found by being here
    both_themes,
    config_dir,
    known_timers,
    nothing_dangles,
    qapp,
    show,
)


def pytest_configure(config: pytest.Config) -> None:
    """The offscreen platform warns whenever a window with a least size is shown; nothing else may."""
    config.addinivalue_line("qt_log_ignore", "This plugin does not support propagateSizeHints")
