"""Says in one sentence why a window cannot open here, before Qt is imported and would abort instead.

Standard library only: it runs first, and on machines where Qt cannot even be imported.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Load = Callable[[str], Any]

WITHOUT_A_SCREEN = "`gridloop run image-classification --open photo.jpg --json` runs without a screen"
CONNECT_TIMEOUT = 2.0
"""Seconds a display on another machine has to answer."""

_PLATFORMS = {
    "linux": (
        "xcb",
        "wayland",
        "offscreen",
        "minimal",
        "minimalegl",
        "vnc",
        "eglfs",
        "linuxfb",
        "vkkhrdisplay",
    ),
    "darwin": ("cocoa", "offscreen", "minimal"),
    "win32": ("windows", "direct2d", "offscreen", "minimal"),
}
_MANAGERS = (
    "sudo apt-get install -y",
    "sudo dnf install -y",
    "sudo pacman -S --needed",
    "sudo zypper install -y",
)
_FAMILIES = (
    ("debian", "ubuntu"),
    ("fedora", "rhel", "centos"),
    ("arch", "archlinux"),
    ("suse", "opensuse", "opensuse-tumbleweed", "opensuse-leap", "sles"),
)


class _Packages(NamedTuple):
    """Who ships a library, in the order of `_MANAGERS`."""

    apt: str
    dnf: str
    pacman: str
    zypper: str


# Debian 13 and Ubuntu 24.04 call the GLib package libglib2.0-0t64; apt takes the old name there as well.
_CORE = {
    "libGL.so.1": _Packages("libgl1", "libglvnd-glx", "libglvnd", "libglvnd"),
    "libEGL.so.1": _Packages("libegl1", "libglvnd-egl", "libglvnd", "libglvnd"),
    "libglib-2.0.so.0": _Packages("libglib2.0-0", "glib2", "glib2", "libglib-2_0-0"),
    "libdbus-1.so.3": _Packages("libdbus-1-3", "dbus-libs", "dbus", "libdbus-1-3"),
    "libfontconfig.so.1": _Packages("libfontconfig1", "fontconfig", "fontconfig", "libfontconfig1"),
    "libxkbcommon.so.0": _Packages("libxkbcommon0", "libxkbcommon", "libxkbcommon", "libxkbcommon0"),
}
_XCB = {
    "libX11-xcb.so.1": _Packages("libx11-xcb1", "libX11-xcb", "libx11", "libX11-xcb1"),
    "libxkbcommon-x11.so.0": _Packages(
        "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11", "libxkbcommon-x11-0"
    ),
    "libxcb-cursor.so.0": _Packages("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor", "libxcb-cursor0"),
    "libxcb-icccm.so.4": _Packages("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm", "libxcb-icccm4"),
    "libxcb-image.so.0": _Packages("libxcb-image0", "xcb-util-image", "xcb-util-image", "libxcb-image0"),
    "libxcb-keysyms.so.1": _Packages(
        "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms", "libxcb-keysyms1"
    ),
    "libxcb-render-util.so.0": _Packages(
        "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil", "libxcb-render-util0"
    ),
    "libxcb-util.so.1": _Packages("libxcb-util1", "xcb-util", "xcb-util", "libxcb-util1"),
    "libxcb-randr.so.0": _Packages("libxcb-randr0", "libxcb", "libxcb", "libxcb-randr0"),
    "libxcb-shape.so.0": _Packages("libxcb-shape0", "libxcb", "libxcb", "libxcb-shape0"),
    "libxcb-shm.so.0": _Packages("libxcb-shm0", "libxcb", "libxcb", "libxcb-shm0"),
    "libxcb-sync.so.1": _Packages("libxcb-sync1", "libxcb", "libxcb", "libxcb-sync1"),
    "libxcb-xfixes.so.0": _Packages("libxcb-xfixes0", "libxcb", "libxcb", "libxcb-xfixes0"),
    "libxcb-xkb.so.1": _Packages("libxcb-xkb1", "libxcb", "libxcb", "libxcb-xkb1"),
}
_WAYLAND = {
    "libwayland-client.so.0": _Packages(
        "libwayland-client0", "libwayland-client", "wayland", "libwayland-client0"
    ),
    "libwayland-cursor.so.0": _Packages(
        "libwayland-cursor0", "libwayland-cursor", "wayland", "libwayland-cursor0"
    ),
}


def problem(
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    load: Load = ctypes.CDLL,
    os_release: Path = Path("/etc/os-release"),
) -> str | None:
    """One sentence for the person if Qt could not open a window here, else None.

    `load` opens a shared library by its name and raises OSError where it is missing.
    """
    wanted = _wanted(environ)
    known = _known(wanted, environ, platform)
    if wanted and not known:
        return (
            f"QT_QPA_PLATFORM is set to “{environ['QT_QPA_PLATFORM']}”, which Qt does not have here:"
            f" unset it, or choose one of {', '.join(_PLATFORMS[platform])}."
        )
    if platform != "linux":
        return None
    displays = _displays(environ)
    candidates = known or list(displays)
    if all(name in ("xcb", "wayland") and name not in displays for name in candidates):
        return f"There is no display to open a window on; {WITHOUT_A_SCREEN}."
    candidates = [name for name in candidates if name in displays or name not in ("xcb", "wayland")]
    return _missing_libraries(candidates, load, os_release) or _silent_displays(candidates, displays, load)


def _wanted(environ: Mapping[str, str]) -> list[str]:
    """The platforms QT_QPA_PLATFORM lists, without their arguments."""
    listed = environ.get("QT_QPA_PLATFORM", "").lower().split(";")
    names = [entry.split(":")[0].strip() for entry in listed if entry.strip()]
    return ["wayland" if name in ("wayland-egl", "wayland-brcm") else name for name in names]


def _known(wanted: list[str], environ: Mapping[str, str], platform: str) -> list[str]:
    """The wanted platforms that exist; a plugin folder of the person's own may hold any."""
    own_folder = environ.get("QT_QPA_PLATFORM_PLUGIN_PATH") or environ.get("QT_PLUGIN_PATH")
    if own_folder or platform not in _PLATFORMS:
        return wanted
    return [name for name in wanted if name in _PLATFORMS[platform]]


def _displays(environ: Mapping[str, str]) -> dict[str, str]:
    """Where each window system says it is, in the order in which Qt tries them."""
    displays = {}
    wayland = environ.get("WAYLAND_DISPLAY")
    if not wayland and environ.get("XDG_SESSION_TYPE") == "wayland":
        wayland = "wayland-0"
    if wayland:
        displays["wayland"] = os.path.join(environ.get("XDG_RUNTIME_DIR", ""), wayland)
    if environ.get("DISPLAY"):
        displays["xcb"] = environ["DISPLAY"]
    return displays


def _missing_libraries(candidates: list[str], load: Load, os_release: Path) -> str | None:
    """None as soon as one candidate has all it needs; else what the last one lacks, xcb being that."""
    core = _missing(_CORE, load)
    lacking = []
    for name in candidates:
        lacking = core + _missing({"xcb": _XCB, "wayland": _WAYLAND}.get(name, {}), load)
        if not lacking:
            return None
    return _advice(lacking, os_release)


def _missing(table: Mapping[str, _Packages], load: Load) -> list[tuple[str, _Packages]]:
    return [(library, packages) for library, packages in table.items() if not _loads(library, load)]


def _loads(library: str, load: Load) -> bool:
    try:
        load(library)
    except OSError:
        return False
    return True


def _advice(lacking: list[tuple[str, _Packages]], os_release: Path) -> str:
    manager = _manager(os_release)
    if manager is None:
        libraries = " ".join(library for library, _ in lacking)
        return f"Qt needs system libraries that are missing here ({libraries}); {WITHOUT_A_SCREEN}."
    packages = " ".join(dict.fromkeys(choice[manager] for _, choice in lacking))
    return (
        "Qt needs system libraries that are missing here:"
        f" `{_MANAGERS[manager]} {packages}` installs them, and {WITHOUT_A_SCREEN}."
    )


def _manager(os_release: Path) -> int | None:
    """The place in `_MANAGERS` of this distribution's package manager."""
    try:
        text = os_release.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.findall(r"""^ID(?:_LIKE)?=["']?([^"'\n]*)""", text, re.MULTILINE)
    words = " ".join(found).lower().split()
    return next((place for place, family in enumerate(_FAMILIES) if set(family) & set(words)), None)


def _silent_displays(candidates: Iterable[str], displays: Mapping[str, str], load: Load) -> str | None:
    """A sentence if every candidate needs a display server and none of these answers."""
    answers = {"xcb": _x_answers, "wayland": _wayland_answers}
    silent = []
    for name in candidates:
        if name not in answers:
            return None
        try:
            if answers[name](displays[name], load):
                return None
        except OSError:
            pass
        silent.append(f"“{displays[name]}”")
    return f"No display server lets a window open on {' or '.join(silent)}; {WITHOUT_A_SCREEN}."


def _x_answers(display: str, load: Load) -> bool:
    """Whether the X server accepts us, by the very call Qt makes: socket, host and authority alike."""
    remote = re.fullmatch(r"(?:\w+/)?\[?([^/\[\]]+)\]?:(\d+)(?:\.\d+)?", display)
    if remote and remote[1] != "unix":
        import socket

        # libxcb would wait minutes for a machine that does not answer.
        address = (remote[1], 6000 + int(remote[2]))
        socket.create_connection(address, timeout=CONNECT_TIMEOUT).close()
    xcb = load("libxcb.so.1")
    xcb.xcb_connect.argtypes, xcb.xcb_connect.restype = (ctypes.c_char_p, ctypes.c_void_p), ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(os.fsencode(display), None)
    try:
        return xcb.xcb_connection_has_error(connection) == 0
    finally:
        xcb.xcb_disconnect(connection)


def _wayland_answers(path: str, load: Load) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(CONNECT_TIMEOUT)
        connection.connect(path)
    return True
