"""The processor that computes: CUDA, MPS or CPU, and how a thread is prepared for torch."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UserError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class DeviceInfo:
    """What the status bar says of the device."""

    kind: str
    """"cpu", "cuda" or "mps"."""
    title: str
    """The processor's own name."""
    threads: int


def prepare_process() -> None:
    """Set what torch's libraries read once when they are loaded; call before torch is imported.

    A waiting OpenMP thread spins and takes the core that the window needs: measured, two busy threads
    on two cores then fall to a tenth of their speed.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    # One helper too many costs more than it brings beside a window: see `default_threads`.
    os.environ.setdefault("OMP_NUM_THREADS", str(default_threads()))


def default_threads() -> int:
    """All cores but one, which stays the window's."""
    available = getattr(os, "sched_getaffinity", None)
    cores = len(available(0)) if available else os.cpu_count() or 1
    return max(1, cores - 1)


def load_torch() -> None:
    """Import torch without holding the interpreter lock while its libraries are mapped.

    `import torch` opens half a gigabyte of libraries with the lock held, which freezes the window for
    up to 0.4 s. Opening them first through ctypes, which lets go of the lock, leaves the import little
    to do. Where that does not work (other systems, other layouts) the plain import is still right.
    """
    map_torch_libraries()
    import torch  # noqa: F401


def map_torch_libraries() -> None:
    """Open torch's libraries, on Linux, without holding the interpreter lock; once is enough."""
    if "torch" in sys.modules or sys.platform != "linux":
        return
    found = importlib.util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return
    folder = Path(found.submodule_search_locations[0]) / "lib"
    libc = ctypes.CDLL(None)
    libc.dlopen.restype = ctypes.c_void_p
    libc.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
    now, everywhere = os.RTLD_NOW, os.RTLD_NOW | os.RTLD_GLOBAL
    # The order and flags are those in which torch itself opens them.
    libraries = (
        "libtorch_global_deps.so",
        "libc10.so",
        "libtorch_cpu.so",
        "libtorch_cuda.so",
        "libtorch.so",
        "libtorch_python.so",
    )
    for library in libraries:
        path = folder / library
        if path.exists():
            libc.dlopen(os.fsencode(path), everywhere if "global_deps" in library else now)


def prepare_thread() -> None:
    """Prepare the calling thread for torch: thread count, and denormals flushed to zero.

    Flushing is per thread. Without it vanishing gradients make an LSTM step ten times slower.
    """
    import torch

    torch.set_num_threads(_wished_threads() or default_threads())
    torch.set_flush_denormal(True)


def _wished_threads() -> int:
    """What OMP_NUM_THREADS asks for: its first number where it is a list; 0 where it is no number."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is CUDA, else MPS, else the CPU. Raises `UserError` where it is not."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if name not in there:
        raise UserError(f"There is no device “{name}”", "", f"Choose one of {', '.join(DEVICES)}")
    if not there[name]:
        raise UserError(
            f"The device {name} cannot be used",
            "this machine or this build of torch has none",
            "Use cpu or auto",
        )
    return torch.device(name)


def describe(device: torch.device) -> DeviceInfo:
    """The device's name and how many threads compute on it."""
    import torch

    title = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor_name()
    return DeviceInfo(device.type, title, torch.get_num_threads())


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
