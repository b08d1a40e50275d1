"""The report: one page that parses, needs nothing beside it and tells no secret; charts show numbers."""

from __future__ import annotations

import getpass
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.explain.svg_chart import HEIGHT, WIDTH, Axis, Curve, Ink, Rule, bar_chart, line_chart, tick_text
from engine.lab import silent
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.memory import Memory
from engine.labs.grid_versus_loop.report import write_report
from engine.labs.grid_versus_loop.report_charts import charts_of
from engine.labs.grid_versus_loop.report_colours import COLOURS, INK
from engine.labs.grid_versus_loop.snapshot import (
    Contestant,
    Costs,
    Counted,
    GridVersusLoopSnapshot,
    Moved,
    Shuffled,
)

CPU = torch.device("cpu")
BAD = "<script>alert('“x” & y')</script>"
FILE = "<b>“x” & y's.csv"
SVG = "{http://www.w3.org/2000/svg}"
PLAIN = Ink("#000000", "#555555", "#cccccc", "#ffffff")
VOID = {"meta", "rect", "path", "line", "circle"}


class Page(HTMLParser):
    """Checks that every element is closed in order, and collects what stands in the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def memory() -> Memory:
    config = GridVersusLoopConfig(
        experiment="memory", networks="cnn", lags="1,2", updates=2, width=4, data=f"/home/somebody/{FILE}"
    )
    memory = Memory(config, CPU, silent)
    while memory.can_step:
        memory.step()
    return memory


@pytest.fixture
def page(memory: Memory, tmp_path: Path) -> str:
    path = tmp_path / "report.html"
    write_report(path, GridVersusLoopSnapshot(memory.config), {"memory": memory}, CPU)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


# The page ----------------------------------------------------------------------------------------


def test_it_parses_and_needs_nothing_beside_it(page: str):
    parsed = Page(page)
    assert not parsed.seen & {"script", "link", "img", "iframe", "object", "image", "use"}
    links = [value for name, value in parsed.attributes if name in ("href", "src", "action", "data")]
    assert links
    assert all(value.startswith("#") for value in links)
    anchors = {value for name, value in parsed.attributes if name == "id"}
    assert {value[1:] for value in links} <= anchors
    assert "url(" not in page
    assert "@import" not in page


def test_it_says_what_was_measured_with_what(page: str, memory: Memory):
    text = " ".join(Page(page).text)
    for told in (
        memory.asks,
        memory.finding(),
        torch.__version__.partition("+")[0],
        np.__version__,
        "Seed",
        "Date",
    ):
        assert told in text
    assert "sequential steps" in text
    assert f"{memory.counted['cnn'].parameters:,}" in text
    assert "not run yet" in text
    assert "What textbooks say" in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", text)


def test_it_tells_no_folder_and_no_user(page: str):
    assert "/home" not in page
    assert "somebody" not in page
    assert str(Path.home()) not in page
    assert not re.search(rf"\b{re.escape(getpass.getuser())}\b", " ".join(Page(page).text))
    assert "&lt;b&gt;“x” &amp; y&#x27;s.csv" in page, "of the person's data the name is told, escaped"


def test_every_picture_is_xml(page: str):
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) >= 2
    for picture in pictures:
        root = ET.fromstring(picture)
        assert root.tag == f"{SVG}svg"
        assert root[0].text == root.attrib["aria-label"]


def test_what_cannot_be_written_leaves_the_old_page(memory: Memory, tmp_path: Path):
    with pytest.raises(UserError):
        write_report(
            tmp_path / "no" / "r.html", GridVersusLoopSnapshot(memory.config), {"memory": memory}, CPU
        )
    assert not list(tmp_path.iterdir())


def test_a_page_without_any_experiment_is_a_page(tmp_path: Path):
    write_report(tmp_path / "r.html", GridVersusLoopSnapshot(GridVersusLoopConfig()), {}, CPU)
    assert "17 are open" in " ".join(Page((tmp_path / "r.html").read_text(encoding="utf-8")).text)


def test_colours_are_those_of_the_light_theme():
    from gui.labs.grid_versus_loop.networks import NETWORKS
    from gui.theme import LIGHT

    assert {network.key: getattr(LIGHT, network.colour) for network in NETWORKS} == COLOURS
    assert (INK.text, INK.muted, INK.line, INK.ground) == (LIGHT.text, LIGHT.muted, LIGHT.line, LIGHT.page)


# Charts of experiments ---------------------------------------------------------------------------


def counted(name: str) -> Counted:
    return Counted(name, BAD if name == "cnn" else name.upper(), "grid", 1, 1, 1, 5, None)


def learner(key: str, name: str) -> Contestant:
    steps, accuracy = np.array([0.0, 100.0, 200.0]), np.array([0.1, 0.5, 0.9])
    return Contestant(key, counted(name), steps, steps, steps, steps, steps, accuracy, 1.0, 1.0, key != name)


def test_everything_that_is_a_curve_on_the_page_is_one_in_the_report():
    two = {"cnn": np.array([0.9, 0.8]), "gru": np.array([np.nan, 0.7])}
    known = (counted("cnn"), counted("gru"))
    seen = {
        "counted": known,
        "chance": 0.1,
        "contestants": (learner("cnn", "cnn"), learner("cnn-shuffled", "cnn")),
        "shuffled": Shuffled(2, (1, 2), {}, two),
        "moved": Moved(np.array([-1.0, 1.0]), two, np.array([0.5, 2.0]), two, np.array([0.5, 1.0]), two),
        "costs": Costs(np.array([16, 32]), two, two, np.array([8, 16]), two, two, {}, 8, 32, 16, 1),
    }
    roots = [ET.fromstring(chart) for chart in charts_of(seen)]
    assert len(roots) == 1 + 1 + 3 + 4 + 1
    texts = [[text.text for text in root.iter(f"{SVG}text")] for root in roots]
    assert all(BAD in each for each in texts), "the name is text, not an element"
    assert f"{BAD}, exchanged" in texts[0]
    assert charts_of({"counted": (), "chance": 0.1}) == ()


# The chart ---------------------------------------------------------------------------------------


def curve(x: list[float], y: list[float], **more: object) -> Curve:
    return Curve("a", np.array(x, float), np.array(y, float), "#112233", **more)


def places(svg: str) -> list[tuple[float, float]]:
    """Corners of the first curve."""
    path = next(ET.fromstring(svg).iter(f"{SVG}path")).attrib["d"]
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_values_stand_where_their_axes_say():
    drawn = places(line_chart("t", [curve([0, 5, 10], [0, 1, 2])], Axis("x"), Axis("y"), PLAIN))
    (left, bottom), (middle, half), (right, top) = drawn
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert half == pytest.approx((bottom + top) / 2, abs=0.1)
    assert 0 < left < right < WIDTH
    assert 0 < top < bottom < HEIGHT
    log = places(
        line_chart("t", [curve([1, 10, 100], [1, 10, 100])], Axis("x", True), Axis("y", True), PLAIN)
    )
    assert log == drawn


def test_what_is_no_number_breaks_a_curve_and_what_has_no_place_too():
    svg = line_chart("t", [curve([1, 2, 3, 4], [1, np.nan, 2, 3])], Axis("x"), Axis("y"), PLAIN)
    assert next(ET.fromstring(svg).iter(f"{SVG}path")).attrib["d"].count("M") == 2
    svg = line_chart("t", [curve([1, 2, 3], [1, 0, 2])], Axis("x"), Axis("y", True), PLAIN)
    assert len(places(svg)) == 2
    share = Axis("y", low=0.0, high=1.0)
    svg = line_chart("t", [curve([1, 2, 3], [0.2, 0.5, 7.0])], Axis("x"), share, PLAIN)
    assert len(places(svg)) == 2


def test_rules_marks_dashes_and_one_point():
    rules = [Rule(0.5, "half", "#445566"), Rule(2, "two", "#778899", True), Rule(9, "outside", "#000000")]
    dashed = curve([1, 3], [0, 1], dashes="6 4", has_marks=True)
    svg = line_chart("t", [dashed], Axis("x"), Axis("y"), PLAIN, rules)
    assert svg.count("<circle") == 2
    assert svg.count('stroke-dasharray="6 4"') == 2, "the curve, and its sample in the legend"
    assert "half" in svg
    assert "two" in svg
    assert "outside" not in svg
    assert line_chart("t", [curve([5], [5])], Axis("x"), Axis("y", True), PLAIN).count("<circle") == 1


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_nothing_to_show_is_no_chart(values: list[float]):
    assert line_chart("t", [curve(values, values)], Axis("x"), Axis("y"), PLAIN) == ""
    assert line_chart("t", [], Axis("x"), Axis("y"), PLAIN) == ""
    assert bar_chart("t", ["a"] * len(values), values, ["#000000"] * len(values), PLAIN) == ""


def test_bars_are_as_long_as_their_values():
    root = ET.fromstring(bar_chart("t", [BAD, "b", "c"], [10.0, 5.0, np.nan], ["#111111"] * 3, PLAIN))
    lengths = [float(each.attrib["width"]) for each in list(root.iter(f"{SVG}rect"))[1:]]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=0.1)
    assert lengths[2] == 0
    assert "not measured" in [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.25, "0.25"), (1024.0, "1,024"), (2e-5, "2e−5"), (-3.0, "−3"), (2e6, "2e6")],
)
def test_numbers_beside_an_axis(value: float, text: str):
    assert tick_text(value) == text


def test_the_settings_of_a_snapshot_are_not_needed_twice(memory: Memory, tmp_path: Path):
    path = tmp_path / "report.html"
    write_report(path, GridVersusLoopSnapshot(replace(memory.config, seed=123)), {"memory": memory}, CPU)
    assert "<td>123</td>" in path.read_text(encoding="utf-8")
