"""The sentence before the window: missing libraries, no display, a display that does not answer."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gui import preflight

ONE_SENTENCE = re.compile(r"[A-Z][^\n]*[^.]\.")


class FakeXcb:
    """A libxcb whose server answers or does not."""

    def __init__(self, error: int) -> None:
        self.opened: list[bytes] = []
        self.closed = 0
        self.xcb_connect = self._function(lambda display, screen: self.opened.append(display) or 1)
        self.xcb_connection_has_error = self._function(lambda connection: error)
        self.xcb_disconnect = self._function(lambda connection: setattr(self, "closed", self.closed + 1))

    @staticmethod
    def _function(call: Callable[..., Any]) -> Any:
        def function(*args: Any) -> Any:
            return call(*args)

        return function


def without(*missing: str, error: int = 0) -> Callable[[str], Any]:
    """A machine that lacks these libraries."""

    def load(name: str) -> Any:
        if name in missing:
            raise OSError(f"{name}: cannot open shared object file")
        return FakeXcb(error)

    return load


@pytest.fixture
def release(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "os-release"
        path.write_text(text)
        return path

    return write


X = {"DISPLAY": ":0"}
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'
DISTRIBUTIONS = {
    DEBIAN: "sudo apt-get install -y libxcb-icccm4 libxcb-keysyms1",
    "ID=linuxmint\nID_LIKE='ubuntu debian'\n": "sudo apt-get install -y libxcb-icccm4 libxcb-keysyms1",
    'ID="rocky"\nID_LIKE="rhel centos fedora"\n': "sudo dnf install -y xcb-util-wm xcb-util-keysyms",
    "ID=arch\n": "sudo pacman -S --needed xcb-util-wm xcb-util-keysyms",
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n': "sudo zypper install -y libxcb-icccm4 libxcb-keysyms1",
}


@pytest.mark.parametrize(("text", "command"), DISTRIBUTIONS.items())
def test_missing_libraries_are_named_for_the_package_manager(
    release: Callable[[str], Path], text: str, command: str
) -> None:
    said = preflight.problem(X, "linux", without("libxcb-icccm.so.4", "libxcb-keysyms.so.1"), release(text))
    assert said is not None
    assert f"`{command}`" in said
    assert ONE_SENTENCE.fullmatch(said)


def test_an_unknown_distribution_gets_the_libraries_names(release: Callable[[str], Path]) -> None:
    said = preflight.problem(X, "linux", without("libEGL.so.1"), release("ID=plan9\n"))
    assert said is not None
    assert "libEGL.so.1" in said
    assert preflight.WITHOUT_A_SCREEN in said


def test_a_package_that_ships_two_libraries_is_named_once(release: Callable[[str], Path]) -> None:
    said = preflight.problem(X, "linux", without("libGL.so.1", "libEGL.so.1"), release("ID=arch\n"))
    assert said is not None
    assert said.count("libglvnd") == 1


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc", "offscreen:size=800x600", "OFFSCREEN"])
def test_only_the_core_is_needed_without_a_screen(release: Callable[[str], Path], platform: str) -> None:
    environ = {"QT_QPA_PLATFORM": platform}
    no_xcb = without(*preflight._XCB, *preflight._WAYLAND)
    assert preflight.problem(environ, "linux", no_xcb) is None
    said = preflight.problem(environ, "linux", without("libGL.so.1"), release(DEBIAN))
    assert said is not None
    assert " libgl1`" in said


@pytest.mark.parametrize("environ", [{}, {"QT_QPA_PLATFORM": "xcb"}, {"DISPLAY": "", "WAYLAND_DISPLAY": ""}])
def test_no_display_names_the_command_that_needs_none(environ: dict[str, str]) -> None:
    said = preflight.problem(environ, "linux", without())
    assert said == (
        "There is no display to open a window on;"
        " `gridloop run image-classification --open photo.jpg --json` runs without a screen."
    )


def test_an_unknown_platform_is_told_with_the_known_ones() -> None:
    said = preflight.problem({"QT_QPA_PLATFORM": "xbc", "DISPLAY": ":0"}, "linux", without())
    assert said is not None
    assert "“xbc”" in said
    assert "xcb, wayland, offscreen" in said
    assert preflight.problem({"QT_QPA_PLATFORM": "cocoa"}, "darwin") is None
    assert preflight.problem({"QT_QPA_PLATFORM": "xcb"}, "win32") is not None
    assert preflight.problem({"QT_QPA_PLATFORM": "xbc;offscreen"}, "linux", without()) is None
    assert (
        preflight.problem({"QT_QPA_PLATFORM": "own", "QT_PLUGIN_PATH": "/plugins"}, "linux", without())
        is None
    )


@pytest.mark.parametrize("platform", ["darwin", "win32", "freebsd14"])
def test_other_systems_need_nothing(platform: str) -> None:
    assert preflight.problem({}, platform, without("libGL.so.1")) is None


def test_a_display_that_refuses_is_told_and_the_connection_closed() -> None:
    xcb = FakeXcb(error=1)
    said = preflight.problem({"DISPLAY": ":7"}, "linux", lambda name: xcb)
    assert said is not None
    assert "“:7”" in said
    assert (xcb.opened, xcb.closed) == ([b":7"], 1)
    assert preflight.problem({"DISPLAY": ":7"}, "linux", lambda name: FakeXcb(error=0)) is None


def test_wayland_is_used_where_it_answers(tmp_path: Path) -> None:
    environ = {"WAYLAND_DISPLAY": "wayland-3", "XDG_RUNTIME_DIR": str(tmp_path)}
    said = preflight.problem(environ, "linux", without())
    assert said is not None
    assert "wayland-3" in said
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-3"))
        server.listen()
        assert preflight.problem(environ, "linux", without()) is None
        # It needs none of the X libraries, and stands in for an X server that is down.
        assert preflight.problem(environ | X, "linux", without(*preflight._XCB)) is None
        assert preflight.problem(environ | X, "linux", without(error=1)) is None
        assert preflight.problem(environ | {"QT_QPA_PLATFORM": "xcb"}, "linux", without()) is not None


def test_x_stands_in_for_wayland_whose_library_is_missing() -> None:
    environ = X | {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/nowhere"}
    assert preflight.problem(environ, "linux", without("libwayland-cursor.so.0")) is None


@contextmanager
def x_server(accepts: bool) -> Iterator[int]:
    """An X server on the local host that answers the connection set-up, and nothing more; its number."""
    listener = socket.socket()
    number = next(number for number in range(200, 400) if _binds(listener, 6000 + number))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(4096):
                    connection.sendall(_accepted() if accepts else _REFUSED)
                    connection.recv(4096)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield number
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _binds(listener: socket.socket, port: int) -> bool:
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


_REFUSED = struct.pack("<BBHHH", 0, 4, 11, 0, 1) + b"no!!"


def _accepted() -> bytes:
    """The set-up reply of the X11 protocol without vendor, formats and screens."""
    body = struct.pack("<IIIIHHBBBBBBBBI", 0, 0, 0x1FFFFF, 0, 0, 65535, 0, 0, 0, 0, 32, 32, 8, 255, 0)
    return struct.pack("<BBHHH", 1, 0, 11, 0, len(body) // 4) + body


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libxcb is what Linux windows use")
def test_the_real_libxcb_tells_a_willing_server_from_others() -> None:
    with x_server(accepts=True) as number:
        assert preflight._x_answers(f"127.0.0.1:{number}", preflight.ctypes.CDLL)
    with x_server(accepts=False) as number:
        assert not preflight._x_answers(f"127.0.0.1:{number}.0", preflight.ctypes.CDLL)
    with pytest.raises(ConnectionRefusedError):
        preflight._x_answers(f"127.0.0.1:{number}", preflight.ctypes.CDLL)
    assert not preflight._x_answers(":4711", preflight.ctypes.CDLL)


def test_it_imports_neither_qt_nor_engine_nor_numpy() -> None:
    code = (
        "import sys, gui.preflight as p; p.problem();"
        "print([name for name in ('PySide6', 'numpy', 'torch', 'engine', 'socket') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
