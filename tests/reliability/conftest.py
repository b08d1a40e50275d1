"""What every test of reliability gets: an application that must be left clean, and the tally."""

from __future__ import annotations

import pytest
from tally import Tally
from window_fixtures import known_timers, nothing_dangles, qapp, show  # noqa: F401 - fixtures

TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    """The offscreen platform says what it is not able to do (raise a menu, say); nothing else may be said."""
    config.addinivalue_line("qt_log_ignore", "This plugin does not support")


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """Where each test says what it tried and what was lost of it."""
    return pytestconfig.stash.setdefault(TALLY, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """At the end, the table that the README quotes."""
    tally = config.stash.get(TALLY, None)
    if tally is not None and tally.rows:
        terminalreporter.section("tried, survived, lost")
        terminalreporter.write_line("\n".join(tally.lines()))
