"""What every lab promises, checked over the registry: DESIGN.md, "A new lab is two files"."""

from __future__ import annotations

import dataclasses
import gc
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from engine.ask import Cell
from engine.budget import Budget
from engine.data.kinds import SUFFIXES
from engine.lab import GROUPS, Lab
from engine.registry import labs, module_name

LABS = labs()
STEPS = 3
SLICES = 20_000
"""More slices than the jobs of a built-in example may take."""

every_lab = pytest.mark.parametrize("name", LABS)


class Run(NamedTuple):
    """What one run of a lab's built-in example left behind."""

    started: dict[str, Any]
    """Everything in the snapshot after the start, by its place."""
    ended: dict[str, Any]
    result: dict[str, Any]
    hooked: set[str]
    """Modules that carry a hook though the lab is closed."""
    threads: set[threading.Thread]


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every array and plain value reachable from `value`, and where it was found."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{place}[{key!r}]")
    elif isinstance(value, (tuple, list, set, frozenset)):
        for index, item in enumerate(value):
            yield from leaves(item, f"{place}[{index}]")
    else:
        yield place, value


def hooked_modules() -> dict[int, nn.Module]:
    found = (item for item in gc.get_objects() if issubclass(type(item), nn.Module))
    return {id(item): item for item in found if item._forward_hooks or item._forward_pre_hooks}


def run(lab_type: type[Lab[Any, Any]]) -> Run:
    """Start a lab on the CPU and take three steps, or end the jobs of one that does not train."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Budget, "due", property(lambda _: True))  # else the machine's speed has a say
        return _run(lab_type)


def _run(lab_type: type[Lab[Any, Any]]) -> Run:
    before, threads = hooked_modules(), set(threading.enumerate())
    lab = lab_type(lab_type.config_type(seed=3), torch.device("cpu"))
    try:
        lab.start()
        started = dict(leaves(lab.snapshot()))
        for _ in range(SLICES):
            if not lab.jobs:
                break
            lab.jobs.advance()
        assert not lab.jobs, "the jobs of the built-in example do not end"
        for _ in range(STEPS if lab.trains else 0):
            lab.step()
        ended, result = dict(leaves(lab.snapshot())), lab.result()
    finally:
        lab.jobs.cancel()
        lab.close()
    hooked = {type(module).__name__ for key, module in hooked_modules().items() if key not in before}
    return Run(started, ended, result, hooked, set(threading.enumerate()) - threads)


@pytest.fixture(scope="module")
def runs(short_reference: None) -> dict[str, tuple[Run, Run]]:
    return {name: (run(lab), run(lab)) for name, lab in LABS.items()}


def arrays(found: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {place: value for place, value in found.items() if isinstance(value, np.ndarray)}


def test_there_are_labs():
    assert "image-classification" in LABS


@every_lab
def test_importing_it_loads_neither_torch_nor_numpy(name: str):
    code = (
        f"import sys, engine.registry, engine.labs.{module_name(name)}\n"
        "print(sorted({'torch', 'numpy', 'PIL', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@every_lab
def test_it_says_what_it_is(name: str):
    lab = LABS[name]
    assert lab.title
    assert lab.group in GROUPS
    assert lab.question.endswith("?")
    assert set(lab.opens) <= {*SUFFIXES, "folder", "classes", "texts", "text-classes"}
    assert all(callable(getattr(lab, command, None)) for command in lab.latest_wins)


@every_lab
def test_every_setting_is_described_and_its_default_fits(name: str):
    config_type = LABS[name].config_type
    config = config_type()
    for field, about in config_type.settings().items():
        assert about.label, field
        assert about.help.endswith((".", "?")), field
        assert about.group, field
        default = getattr(config, field)
        assert config_type.check(field, default) == default
        assert config_type.type_of(field) in (int, float, bool, str)
        assert default is not None or (about.optional and about.none_label), field
        assert (about.low is None) == (about.high is None), field


@every_lab
def test_settings_survive_a_saved_session(name: str):
    config_type = LABS[name].config_type
    config = config_type()
    changed = {field: another(config_type, field) for field in config_type.settings()}
    for each in (config, dataclasses.replace(config, **changed)):
        assert config_type.restore(json.loads(json.dumps(each.as_dict()))) == each


def another(config_type: Any, field: str) -> Any:
    """A value that a field may have beside its default."""
    about, kind = config_type.settings()[field], config_type.type_of(field)
    default = getattr(config_type(), field)
    if kind is bool:
        return not default
    if kind is str:
        return next((choice for choice in about.choices if choice != default), "of.my.own")
    return kind(about.high if default != about.high else about.low)


@every_lab
def test_everything_to_be_seen_is_read_only(name: str, runs: dict[str, tuple[Run, Run]]):
    first, _ = runs[name]
    found = {
        **arrays(first.started),
        **{f"{place} at the end": a for place, a in arrays(first.ended).items()},
    }
    assert found, "nothing is to be seen"
    assert not [place for place, array in found.items() if array.flags.writeable]


@every_lab
def test_every_number_to_be_seen_is_finite(name: str, runs: dict[str, tuple[Run, Run]]):
    """At the end nothing waits to be measured, so nothing may be "not a number"."""
    first, _ = runs[name]
    numbers = {
        place: np.asarray(value)
        for place, value in first.ended.items()
        if isinstance(value, (float, np.floating))
        or (isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.inexact))
    }
    assert numbers, "no number is to be seen"
    assert not [place for place, value in numbers.items() if not np.isfinite(value).all()]


@every_lab
def test_nothing_to_be_seen_is_a_tensor(name: str, runs: dict[str, tuple[Run, Run]]):
    first, _ = runs[name]
    assert not [place for place, value in first.ended.items() if isinstance(value, (torch.Tensor, nn.Module))]


_TIMED = re.compile(r"seconds|per_second|clock|timed")
"""In the names of what no seed decides: how long it took."""


def _without_times(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if not _TIMED.search(name)}


@every_lab
def test_the_same_seed_gives_the_same_everything(name: str, runs: dict[str, tuple[Run, Run]]):
    first, second = runs[name]
    results = (_without_times(dict(leaves(each.result))) for each in (first, second))
    assert next(results) == next(results)
    mine, theirs = _without_times(first.ended), _without_times(second.ended)
    assert mine.keys() == theirs.keys()
    for place, value in mine.items():
        np.testing.assert_array_equal(value, second.ended[place], err_msg=place)


@every_lab
def test_its_result_is_json(name: str, runs: dict[str, tuple[Run, Run]]):
    result = runs[name][0].result
    assert result
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert LABS[name].no_result(LABS[name].__new__(LABS[name])).keys() == result.keys()


@every_lab
def test_closed_it_leaves_no_hook_and_no_thread(name: str, runs: dict[str, tuple[Run, Run]]):
    first, _ = runs[name]
    assert not first.hooked
    assert not first.threads


@every_lab
def test_before_anything_was_opened_it_can_be_seen_asked_and_closed(name: str):
    lab = LABS[name](LABS[name].config_type(), torch.device("cpu"))
    lab.ask(Cell("nothing", (0,)))
    lab.ask(None)
    lab.cancel()
    assert lab.snapshot().answer is None
    lab.close()
