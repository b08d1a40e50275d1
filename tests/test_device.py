"""The processor: what is set before torch is loaded, which device is chosen, and how a thread is prepared."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from engine import device as devices
from engine.device import (
    DeviceInfo,
    choose_device,
    default_threads,
    describe,
    prepare_process,
    prepare_thread,
)
from engine.errors import UserError
from engine.lab import Lab, Snapshot
from engine.settings import Config
from engine.worker import Worker

NAMES = ("GOMP_SPINCOUNT", "OMP_NUM_THREADS")
DENORMAL = 1e-39
"""Below the smallest normal number of float32, 1.18e-38."""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nobody has wished for anything yet."""
    for name in NAMES:
        monkeypatch.setenv(name, "set so that it is put back as it was")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def threads(bare: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The same, with the thread count and the treatment of denormals put back afterwards."""
    count = torch.get_num_threads()
    yield bare
    torch.set_num_threads(count)
    torch.set_flush_denormal(False)


def has_cores(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(count)), raising=False)


def test_the_process_waits_without_spinning_and_leaves_a_core_to_the_window(bare: pytest.MonkeyPatch):
    has_cores(bare, 4)
    prepare_process()
    assert {name: os.environ[name] for name in NAMES} == {"GOMP_SPINCOUNT": "0", "OMP_NUM_THREADS": "3"}


def test_what_the_person_has_set_stays(bare: pytest.MonkeyPatch):
    bare.setenv("GOMP_SPINCOUNT", "123")
    bare.setenv("OMP_NUM_THREADS", "7")
    prepare_process()
    assert {name: os.environ[name] for name in NAMES} == {"GOMP_SPINCOUNT": "123", "OMP_NUM_THREADS": "7"}


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 1), (3, 2), (64, 63)])
def test_threads_follow_the_cores_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch, cores: int, expected: int
):
    has_cores(monkeypatch, cores)
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    assert default_threads() == expected


@pytest.mark.parametrize(("cores", "expected"), [(8, 7), (None, 1)])
def test_threads_follow_the_machine_where_the_system_tells_no_more(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, expected: int
):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert default_threads() == expected


@pytest.mark.parametrize(
    ("wish", "expected"), [("2", 2), (" 3 ", 3), ("2,1", 2), ("many", 4), ("", 4), ("0", 4), ("-2", 4)]
)
def test_a_thread_computes_with_as_many_threads_as_are_wished_for(
    threads: pytest.MonkeyPatch, wish: str, expected: int
):
    has_cores(threads, 5)
    threads.setenv("OMP_NUM_THREADS", wish)
    prepare_thread()
    assert torch.get_num_threads() == expected


# Devices ------------------------------------------------------------------------------------------


def there_is(monkeypatch: pytest.MonkeyPatch, *, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(False, False, "cpu"), (True, False, "cuda"), (False, True, "mps"), (True, True, "cuda")],
)
def test_auto_is_the_fastest_there_is(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str):
    there_is(monkeypatch, cuda=cuda, mps=mps)
    assert choose_device() == choose_device("auto") == torch.device(expected)
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_this_machine_has_not_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str
):
    there_is(monkeypatch, cuda=False, mps=False)
    with pytest.raises(UserError, match=f"{name} cannot be used.*Use cpu or auto"):
        choose_device(name)


def test_a_device_nobody_knows_is_refused_with_the_names():
    with pytest.raises(UserError, match=r"“abacus”.*auto, cpu, cuda, mps"):
        choose_device("abacus")


def test_the_processor_is_described():
    info = describe(torch.device("cpu"))
    assert info == DeviceInfo("cpu", info.title, torch.get_num_threads())
    assert info.title.strip()


def test_a_system_that_hides_its_processor_is_described_all_the_same(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    monkeypatch.setattr(devices.Path, "read_text", refuse)
    assert describe(torch.device("cpu")).title.strip()


# The worker's thread ------------------------------------------------------------------------------


def halved() -> float:
    """Half of the smallest normal number of float32, computed by torch: 0 where denormals are flushed."""
    return float(torch.tensor(2 * DENORMAL * 10) * torch.tensor(0.05))


class Halving(Lab[Config, Snapshot]):
    """Computes a denormal number in its own thread."""

    title, group, question = "Halving", "Both", "What is half of very little?"
    config_type = Config
    results: list[float]

    def start(self) -> None:
        type(self).results = []

    def halve(self, done: threading.Event) -> None:
        self.results.append(halved())
        self.results.append(float(torch.get_num_threads()))
        done.set()

    def snapshot(self) -> Snapshot:
        return Snapshot(self.config)


def test_the_workers_thread_flushes_denormals_to_zero_and_no_other(threads: pytest.MonkeyPatch):
    """It is set for each thread; without it an LSTM whose gradients vanish is ten times slower."""
    threads.setenv("OMP_NUM_THREADS", "1")
    torch.set_flush_denormal(False)
    assert halved() == pytest.approx(DENORMAL, rel=1e-5)
    worker = Worker("cpu", lambda _: Halving)
    try:
        worker.post("select", "halving")
        done = threading.Event()
        worker.post("halve", done)
        assert done.wait(30)
    finally:
        assert worker.close(30)
    assert Halving.results == [0.0, 1.0]
    assert halved() == pytest.approx(DENORMAL, rel=1e-5)


def test_a_worker_without_its_device_says_so_and_lives_on(monkeypatch: pytest.MonkeyPatch):
    there_is(monkeypatch, cuda=False, mps=False)
    worker, tick = Worker("cuda", lambda _: Halving), threading.Event()
    try:
        frame, deadline = None, time.monotonic() + 30
        while frame is None and time.monotonic() < deadline:
            frame = worker.take()
            tick.wait(0.005)
        assert frame is not None
        assert "cuda cannot be used" in frame.failures[0].sentence
        assert frame.device is None
    finally:
        assert worker.close(30)
