"""The benchmarks' own arithmetic, and that each is there and says what it measures. Nothing is timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import catalogue
from benchmarks.finding import Finding
from benchmarks.interleave import BASE, CONTROL, Spread, Timings, interleave
from benchmarks.tick_lateness import Slot, quiet_half
from benchmarks.ticker import percentile

ROOT = Path(__file__).parents[1]


def test_a_ratio_is_the_median_of_the_rounds_own_ratios():
    """The second round was ten times as slow for both, which changes no ratio."""
    timings = Timings({BASE: [1.0, 10.0, 2.0, 1.0, 1.0], "new": [2.0, 20.0, 5.0, 1.5, 2.2]})
    assert timings.ratio("new") == Spread(2.0, 2.0, 2.2)
    assert timings.fastest("new") == "fastest 1.5: 1.5e+03 of 1e+03 ms"


def test_the_control_is_the_base_against_itself():
    timings = Timings({BASE: [1.0, 2.0, 4.0], CONTROL: [1.0, 3.0, 2.0]})
    assert timings.control == Spread(1.0, 0.75, 1.25)


@pytest.mark.parametrize(
    ("figures", "spread"),
    [([3.0], (3.0, 3.0, 3.0)), ([4.0, 2.0], (3.0, 2.5, 3.5)), ([5, 1, 2, 4, 3], (3, 2, 4))],
)
def test_spread(figures: list[float], spread: tuple[float, float, float]):
    assert Spread.of(figures) == Spread(*spread)


def test_there_is_no_median_of_nothing():
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


def test_every_round_runs_each_once_and_the_base_twice_in_changing_order():
    ran: list[str] = []

    def run(name: str, seconds: float):
        return lambda: ran.append(name) or seconds

    timings = interleave(run("base", 2.0), {"one": run("one", 3.0), "two": run("two", 1.0)}, 20, warm_up=1)
    assert timings.ratio("one") == Spread(1.5, 1.5, 1.5)
    assert timings.ratio("two") == Spread(0.5, 0.5, 0.5)
    assert timings.control == Spread(1.0, 1.0, 1.0)
    counted = [ran[4 + 4 * number : 8 + 4 * number] for number in range(20)]
    assert all(sorted(names) == ["base", "base", "one", "two"] for names in counted)
    assert len({tuple(names) for names in counted}) > 3


@pytest.mark.parametrize(("others", "rounds"), [({BASE: float}, 1), ({}, 0)])
def test_what_cannot_be_interleaved(others: dict, rounds: int):
    with pytest.raises(ValueError, match="a round at least"):
        interleave(float, others, rounds)


def test_a_finding_keeps_its_limit_or_not_and_says_so():
    kept = Finding("drop", Spread(1.5, 1.4, 1.6), 1.5, 0.25, control=Spread(1.0, 0.9, 1.1))
    missed = Finding("tick", Spread(5.01, 4.0, 6.0), 5.0, 0.0, "ms")
    assert kept.met
    assert not missed.met
    assert "1.5 [1.4, 1.6] x" in kept.line()
    assert "limit 1.5  met  control 1 [0.9, 1.1]  others 0.25 cores" in kept.line()
    assert "5.01 [4, 6] ms" in missed.line()
    assert "limit 5  missed" in missed.line()


def test_percentiles_of_ticks():
    late = [number / 1000 for number in range(1, 101)]
    assert percentile(late, 0.99) == 0.099
    assert percentile(late, 0.5) == 0.05
    assert percentile([7.0], 0.99) == 7.0


def test_the_quieter_half_of_the_slots_counts():
    slots = [Slot(9.0, 0.9), Slot(2.0, 0.1), Slot(3.0, 0.2), Slot(8.0, 0.5)]
    assert quiet_half(slots) == (Spread(2.5, 2.25, 2.75), 0.2)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_each_benchmark_has_a_limit_and_a_sentence(name: str):
    benchmark = catalogue.benchmarks()[name]
    assert benchmark.limit > 0
    assert benchmark.rounds > 1
    assert benchmark.sentence.endswith(".")
    assert len(benchmark.sentence) > 40


def test_no_benchmark_is_forgotten():
    files = Path(catalogue.__file__).parent.glob("*.py")
    assert {path.stem for path in files if "\nLIMIT = " in path.read_text()} == set(catalogue.NAMES)


def test_listing_them_loads_neither_torch_nor_qt():
    code = (
        "import sys; from tests.benchmarks.catalogue import benchmarks; benchmarks();"
        " sys.exit(any(name in sys.modules for name in ('torch', 'PySide6', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_an_unknown_name_is_refused():
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "no-such"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "layer_to_screen" in done.stderr
