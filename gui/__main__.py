"""`gridloop`: opens the window, or with `run` and `shots` works without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from engine.lab import Lab

WRONG_USAGE = 2

USAGE = """gridloop [FILE]...       open the window, with pictures, a folder or a model in it
       gridloop run LAB ...     run a lab without a screen (see gridloop run --help)
       gridloop shots DIR ...   save a picture of every lab (see gridloop shots --help)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The `gridloop` command; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:
        return _run(words[1:])
    if words[:1] == ["shots"]:
        from gui.shots import main as shots

        return shots(words[1:])
    return _open(words)


def _run(words: list[str]) -> int:
    from engine.cli import main as run

    def picture(lab: Lab[Any, Any], path: Path) -> None:
        from gui.shots import draw_lab

        draw_lab(lab, path)

    return run(words, picture)


def _open(words: list[str]) -> int:
    if not words:
        return _show()  # without argparse, which takes as long as the window's own painting
    options = _parser().parse_args(words)
    if options.version:
        from importlib.metadata import version

        print(f"gridloop {version('gridloop')}")
        return 0
    return _show(
        options.files,
        options.config_dir,
        options.theme,
        options.device,
        safe=options.safe_mode,
        reset=options.reset,
    )


def _show(
    files: Sequence[str] = (),
    folder: Path | None = None,
    theme: str | None = None,
    device: str = "auto",
    *,
    safe: bool = False,
    reset: bool = False,
) -> int:
    from gui.preflight import problem

    sentence = problem()
    if sentence is not None:
        print(f"gridloop: {sentence}", file=sys.stderr)
        return WRONG_USAGE
    from gui.app import Options, run
    from gui.memory import config_dir

    paths = tuple(Path(os.path.abspath(file)) for file in files)
    return run(Options(paths, config_dir(folder), theme, device, safe, reset))


def _parser() -> ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="gridloop",
        usage=USAGE,
        description="See what convolutional networks (the grid) and recurrent networks (the loop) do.",
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="pictures, a folder of pictures, or a model file"
    )
    parser.add_argument("--theme", choices=("system", "dark", "light"), help="default: as it was last")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where to compute"
    )
    parser.add_argument("--config-dir", type=Path, metavar="DIR", help="keep settings in this folder")
    parser.add_argument(
        "--safe-mode", action="store_true", help="start with the defaults, leaving the settings as they are"
    )
    parser.add_argument("--reset", action="store_true", help="forget the settings; the old file is kept")
    parser.add_argument("--version", action="store_true", help="print the version and end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
