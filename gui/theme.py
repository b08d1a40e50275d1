"""Colours, text sizes and spacing of both themes: the only place where a colour is defined."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

Choice = Literal["system", "dark", "light"]
CHOICES: tuple[Choice, ...] = ("system", "dark", "light")

STYLE = "Fusion"
"""Qt's style that looks the same on every system and takes our palette."""

GRID = 8
"""Spacing unit in device-independent pixels; margins and gaps are multiples of it."""

# Okabe & Ito's colours for colour-blind eyes, one meaning each.
CONVOLUTION, VANILLA_RNN, LSTM, GRU = "#E69F00", "#D55E00", "#0072B2", "#009E73"
REDDISH_PURPLE = "#CC79A7"
"""Okabe and Ito's, for what never meets in one picture: a relu network that starts as the identity, and a
convolution that feeds a GRU. (Yellow, between the hues of those two, is nearly the convolution's own once it
is dark enough for a light page.)
"""
FAR_CONTRAST = 9.0
"""Of a relative of a network that shares its hue: told apart by lightness, which every eye sees."""
FARTHER_CONTRAST = 10.5
"""The same for orange, which stands out further from a dark ground to begin with."""
TEXT_CONTRAST = 4.5  # WCAG 2.1, 1.4.3: text against its ground
GRAPHICS_CONTRAST = 3.0  # WCAG 2.1, 1.4.11: bars, curves and outlines against theirs


@dataclass(frozen=True)
class Theme:
    """The colours of one theme, as "#rrggbb"."""

    name: Literal["dark", "light"]
    page: str
    """Ground of the pictures."""
    chrome: str
    """Ground of lists, forms and bars."""
    raised: str
    """Ground of fields, chosen rows and bars' troughs."""
    line: str
    """Hairlines between areas."""
    text: str
    muted: str
    """Second-rank text, still readable: at least 4.5:1."""
    convolution: str
    vanilla_rnn: str
    lstm: str
    gru: str
    danger: str
    """Errors."""

    @property
    def accent(self) -> str:
        """What is chosen, focused or pressed: outlines and bars, which need less contrast than text."""
        return readable(CONVOLUTION, self.raised, GRAPHICS_CONTRAST)

    @property
    def accent_text(self) -> str:
        """Text that is chosen or stands out."""
        return self.convolution

    @property
    def relu_rnn(self) -> str:
        """A vanilla RNN with relu: the same hue, further away from the ground."""
        return readable(VANILLA_RNN, self.raised, FAR_CONTRAST)

    @property
    def identity_rnn(self) -> str:
        """A relu RNN that starts as the identity."""
        return readable(REDDISH_PURPLE, self.raised)

    @property
    def lstm_unbiased(self) -> str:
        """An LSTM without forget bias: the same hue, further away from the ground."""
        return readable(LSTM, self.raised, FAR_CONTRAST)

    @property
    def dilated_convolution(self) -> str:
        """A convolution with gaps between its taps: the same hue, further away from the ground."""
        return readable(CONVOLUTION, self.raised, FARTHER_CONTRAST)

    @property
    def hybrid(self) -> str:
        """A convolution whose maps a GRU reads."""
        return readable(REDDISH_PURPLE, self.page)

    @property
    def dense(self) -> str:
        """A network of dense layers, neither grid nor loop: grey, further away from the ground."""
        return readable(self.muted, self.raised, FAR_CONTRAST)

    @property
    def reference(self) -> str:
        """Targets and things compared against."""
        return self.muted


def _system_is_light() -> bool:
    from PySide6.QtCore import Qt  # its first use makes hundreds of enumerations

    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@cache
def readable(colour: str, ground: str, least: float = TEXT_CONTRAST) -> str:
    """`colour` moved towards white or black just far enough to stand out from `ground`."""
    pole = 255 if _luminance(ground) < 0.18 else 0
    source = QColor(colour)
    for percent in range(0, 101, 2):
        parts = (source.red(), source.green(), source.blue())
        mixed = QColor(*(round(part + (pole - part) * percent / 100) for part in parts)).name()
        if contrast(mixed, ground) >= least:
            return mixed
    return QColor(pole, pole, pole).name()


def _luminance(colour: str) -> float:
    parts = QColor(colour).getRgbF()[:3]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _theme(
    name: Literal["dark", "light"], page: str, chrome: str, raised: str, line: str, text: str, muted: str
) -> Theme:
    """A theme from its greys; the meaningful colours are made readable on its most contrary ground."""
    meanings = (readable(colour, raised) for colour in (CONVOLUTION, VANILLA_RNN, LSTM, GRU, "#D03030"))
    return Theme(name, page, chrome, raised, line, text, muted, *meanings)


DARK = _theme("dark", "#15171b", "#101215", "#22262c", "#2a2e35", "#e9ebee", "#9aa1ab")
LIGHT = _theme("light", "#ffffff", "#f4f5f7", "#e6e8ec", "#d5d8de", "#17191c", "#575d66")


class Themes(QObject):
    """Holds the theme in force and says when it changes."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._choice: Choice = "system"
        self._follows = False
        self.current = DARK

    @property
    def choice(self) -> Choice:
        return self._choice

    def follow(self, application: QApplication, choice: Choice = "system") -> None:
        """Dress the application, now and whenever the system changes its scheme."""
        application.setStyle(STYLE)
        self.put_on(application, "light" if choice == "light" else "dark")
        self.settle(choice)

    def put_on(self, application: QApplication, name: Literal["dark", "light"]) -> None:
        """Dress an application of our `STYLE` for its first picture.

        The system is not asked, which takes its time.
        """
        self.current = LIGHT if name == "light" else DARK
        application.setFont(_base_font(application))
        application.setPalette(_palette(self.current))

    def settle(self, choice: Choice) -> None:
        """From now on keep to `choice`, following the system where that is the choice."""
        if not self._follows:
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
            self._follows = True
        self.choose(choice)

    def choose(self, choice: Choice) -> None:
        """Put a theme in force."""
        self._choice = choice
        self._apply()

    def _system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        light = self._choice == "light" or (self._choice == "system" and _system_is_light())
        self.current = LIGHT if light else DARK
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setPalette(_palette(self.current))
            application.setStyleSheet(_style_sheet(self.current))
        self.changed.emit()


themes = Themes()


def theme() -> Theme:
    """The theme in force."""
    return themes.current


def small_font(base: QFont) -> QFont:
    """Text of the third rank: captions, units, axes."""
    return _scaled(base, 0.88)


def title_font(base: QFont) -> QFont:
    """Text of the first rank: the page's question."""
    return _scaled(base, 1.6)


def _scaled(base: QFont, factor: float) -> QFont:
    font = QFont(base)
    if base.pointSizeF() > 0:
        font.setPointSizeF(base.pointSizeF() * factor)
    else:
        font.setPixelSize(max(8, round(base.pixelSize() * factor)))
    return font


def _base_font(application: QApplication) -> QFont:
    font = application.font()
    if font.pointSizeF() < 9:
        font.setPointSizeF(9)
    return font


def _palette(colours: Theme) -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    grounds = {
        roles.Window: colours.page,
        roles.Base: colours.raised,
        roles.AlternateBase: colours.chrome,
        roles.Button: colours.raised,
        roles.ToolTipBase: colours.raised,
        roles.Mid: colours.line,
        roles.Highlight: colours.accent,
    }
    texts = {
        roles.WindowText: colours.text,
        roles.Text: colours.text,
        roles.ButtonText: colours.text,
        roles.ToolTipText: colours.text,
        roles.PlaceholderText: colours.muted,
        roles.BrightText: colours.text,
        roles.Link: colours.accent_text,
        roles.HighlightedText: colours.page,
    }
    for role, colour in (grounds | texts).items():
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.muted))
    return palette


def _style_sheet(colours: Theme) -> str:
    """Only what the palette cannot say: hairlines, quiet buttons, focus rings and slim scroll bars."""
    text, line, raised, muted, accent = (
        colours.text,
        colours.line,
        colours.raised,
        colours.muted,
        colours.accent,
    )
    return f"""
    QToolTip {{ color: {text}; background: {raised}; border: 1px solid {line}; padding: 4px; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 4px 6px; }}
    QToolButton:hover {{ background: {raised}; }}
    QToolButton:checked {{ background: {raised}; color: {text}; }}
    QToolButton:focus, QPushButton:focus {{ border: 1px solid {accent}; }}
    QPushButton {{ border: 1px solid {line}; border-radius: 4px; padding: 5px 12px; background: {raised}; }}
    QPushButton:hover {{ border-color: {muted}; }}
    QPushButton:disabled {{ color: {muted}; background: transparent; }}
    QTabWidget QPushButton {{ padding: 3px 12px; }}
    QTabWidget::pane {{ border: none; }}
    QTabBar {{ qproperty-drawBase: 0; }}
    QTabBar::tab {{ padding: 5px 14px; color: {muted}; border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
    QTabBar::tab:hover, QTabBar::tab:focus {{ color: {text}; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
    QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
    QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
    QScrollBar::handle {{ background: {line}; border-radius: 4px; margin: 1px; }}
    QScrollBar::handle:vertical {{ min-height: 24px; }}
    QScrollBar::handle:horizontal {{ min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSplitter::handle {{ background: {line}; }}
    QMenu {{ background: {raised}; border: 1px solid {line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 20px; border-radius: 3px; }}
    QMenu::item:selected {{ background: {line}; color: {text}; }}
    QMenu::item:disabled {{ color: {muted}; }}
    """
