"""`gridloop run LAB`: any lab without a screen, its flags made from its settings, its answer in JSON."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from engine import device as devices
from engine.errors import UserError
from engine.lab import Lab
from engine.registry import lab_named, labs
from engine.settings import Config, Setting

if TYPE_CHECKING:
    import numpy as np

Picture = Callable[[Lab[Any, Any], Path], None]
"""Draws a lab's page into a PNG file; handed in by `gui`, because the engine knows no screen."""

TELL_EVERY = 5.0
"""Seconds between two words on a run whose end is not known."""
OK, SOME_FAILED, WRONG_USAGE, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str], picture: Picture | None = None) -> int:
    """Run a lab and print its results to standard output; returns the exit code.

    0 when every input gave a result, 1 when some did not (each has an "error" sentence), 2 for wrong
    usage (a sentence on standard error, nothing on standard output).
    """
    lab_type, options = _parse(arguments, can_draw=picture is not None)
    with _only_json_on_stdout() as stdout:
        try:
            report = _run(lab_type, options, picture)
        except UserError as error:
            print(f"gridloop: {error.sentence}", file=sys.stderr)
            return WRONG_USAGE
        except KeyboardInterrupt:
            print("gridloop: stopped.", file=sys.stderr)
            return STOPPED
        json.dump(report, stdout, indent=2, allow_nan=False)
        stdout.write("\n")
    return SOME_FAILED if any(result["error"] for result in report["results"]) else OK


# Arguments ----------------------------------------------------------------------------------------


def _parse(arguments: Sequence[str], *, can_draw: bool) -> tuple[type[Lab[Any, Any]], argparse.Namespace]:
    parser = argparse.ArgumentParser(
        prog="gridloop run", description="Run a lab without a screen.", allow_abbrev=False
    )
    subparsers = parser.add_subparsers(dest="lab", metavar="LAB", required=True)
    for name, lab in labs().items():
        _add_lab(subparsers, name, lab, can_draw=can_draw)
    options = parser.parse_args(arguments)
    return lab_named(options.lab), options


def _add_lab(subparsers: Any, name: str, lab: type[Lab[Any, Any]], *, can_draw: bool) -> None:
    parser = subparsers.add_parser(name, help=lab.question, description=lab.question, allow_abbrev=False)
    run = parser.add_argument_group("Run")
    run.add_argument(
        "--open", action="append", default=[], type=Path, metavar="FILE",
        help="a file or folder to take as the input; may be repeated (default: the built-in example)",
    )  # fmt: skip
    run.add_argument("--steps", type=_count, metavar="N", help="stop each input after this many steps")
    run.add_argument(
        "--device", choices=devices.DEVICES, default="auto", help="where to compute (default: auto)"
    )
    run.add_argument(
        "--json", action="store_true", help="print the results as JSON, which is what happens anyway"
    )
    run.add_argument(
        "--csv", type=Path, metavar="DIR", help="write the arrays behind the pictures into this folder"
    )
    if can_draw:
        run.add_argument("--png", type=Path, metavar="FILE", help="save what a person would see")
    groups = {"Run": run}
    for field, about in lab.config_type.settings().items():
        group = groups.get(about.group) or groups.setdefault(
            about.group, parser.add_argument_group(about.group)
        )
        _add_setting(group, lab.config_type, field, about)


def _add_setting(group: Any, config: type[Config], field: str, about: Setting) -> None:
    def convert(text: str) -> Any:
        try:
            return config.parse(field, text)
        except UserError as error:
            raise argparse.ArgumentTypeError(error.sentence) from error

    default = getattr(config(), field)
    alone: dict[str, Any] = {"nargs": "?", "const": True} if config.type_of(field) is bool else {}
    group.add_argument(
        f"--{field.replace('_', '-')}",
        dest=f"setting_{field}",
        type=convert,
        default=argparse.SUPPRESS,
        **alone,
        metavar=_metavar(config, field, about),
        help=_help(about, default).replace("%", "%%"),
    )


def _metavar(config: type[Config], field: str, about: Setting) -> str:
    if about.choices and not about.open_choices:
        return "{" + ",".join(about.choices) + "}"
    return {int: "N", float: "X", bool: "yes|no", str: "NAME"}[config.type_of(field)]


def _help(about: Setting, default: Any) -> str:
    limits = ""
    if about.low is not None and about.high is not None and about.high < 100_000:
        limits = f", {about.low:g} to {about.high:g}{' ' + about.unit if about.unit else ''}"
    return f"{about.help} (default: {_written(about, default)}{limits})"


def _written(about: Setting, default: Any) -> str:
    """A default as the command line takes it, and where that is nothing, what it stands for."""
    if default is None:
        return (about.none_label or "none").lower()
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default) or "empty"


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1 step is needed")
    return value


def _config(lab_type: type[Lab[Any, Any]], options: argparse.Namespace) -> Config:
    given = {
        name.removeprefix("setting_"): value
        for name, value in vars(options).items()
        if name.startswith("setting_")
    }
    return lab_type.config_type(**given)


# The run ------------------------------------------------------------------------------------------


def _run(
    lab_type: type[Lab[Any, Any]], options: argparse.Namespace, picture: Picture | None
) -> dict[str, Any]:
    if options.csv is not None:
        _make_folder(options.csv)
    png = getattr(options, "png", None)
    if png is not None and not png.absolute().parent.is_dir():
        raise UserError(f"{png.name} cannot be saved", "its folder is not there", "Make the folder first")
    devices.prepare_process()
    devices.load_torch()
    devices.prepare_thread()
    device = devices.choose_device(options.device)
    config = _config(lab_type, options)
    _seed(config.seed)
    lab = lab_type(config, device, _Progress(), screen=png is not None)
    started = time.perf_counter()
    steps, results, writer = 0, [], _Writer(options.csv, png, picture)
    try:
        lab.prepare()
        for path in options.open or [None]:
            result, done = _one(lab, path, options.steps, writer)
            results.append(result)
            steps += done
    finally:
        lab.jobs.cancel()
        lab.close()
    return {
        "lab": options.lab,
        "config": dataclasses.asdict(lab.config),
        "device": device.type,
        "seed": config.seed,
        "steps": steps,
        "seconds": round(time.perf_counter() - started, 4),
        "results": [_plain(result) for result in results],
    }


def _one(
    lab: Lab[Any, Any], path: Path | None, limit: int | None, writer: _Writer
) -> tuple[dict[str, Any], int]:
    """One input's entry in `results`, and how many steps it took."""
    result: dict[str, Any] = {"file": str(path) if path is not None else None}
    print(f"{path if path is not None else 'built-in example'} …", file=sys.stderr)
    steps = 0
    try:
        if path is None:
            lab.start()
        else:
            lab.open(path.expanduser().absolute())
        for _ in _work(lab, limit):
            steps += 1
        result |= lab.result()
        writer.write(lab, path)
        error = None
    except Exception as failure:
        lab.jobs.cancel()
        result |= lab.no_result()
        error = _sentence(failure)
    return result | {"error": error}, steps


def _sentence(failure: Exception) -> str:
    """What goes into the result; a fault of ours also leaves its trace on standard error."""
    if isinstance(failure, UserError):
        return failure.sentence
    traceback.print_exception(failure, file=sys.stderr)
    return f"Something went wrong inside the lab ({type(failure).__name__}). Please report the trace above."


def _work(lab: Lab[Any, Any], limit: int | None) -> Iterator[None]:
    """Do what the input started; a lab that trains goes on for `limit` steps, 1 or to its end without one."""
    done, told = 0, time.perf_counter()
    while limit is None or done < limit:
        if lab.jobs:
            _tell(lab)
            lab.jobs.advance()
        elif lab.trains and lab.can_step and (limit is not None or lab.ends or done == 0):
            lab.step()
            told = _tell_step(done + 1, limit, told)
        else:
            return
        done += 1
        yield


def _tell_step(done: int, limit: int | None, told: float) -> float:
    """Tell every tenth of the steps, where their number is known, else every few seconds; when that was."""
    now = time.perf_counter()
    if done * 10 // limit > (done - 1) * 10 // limit if limit is not None else now - told > TELL_EVERY:
        print(f"  step {done}" + (f"/{limit}" if limit is not None else ""), file=sys.stderr)
        return now
    return told


def _tell(lab: Lab[Any, Any]) -> None:
    job = lab.jobs.statuses[0]
    if job.total > 1 and job.done % max(1, job.total // 10) == 0:
        print(f"  {job.title} {job.done}/{job.total}", file=sys.stderr)


class _Progress:
    """Tells standard error of a long call's progress, once for every tenth."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, title: str, done: int, total: int) -> None:
        text = f"{title} {done * 10 // total * 10} %" if total else title
        if text != self._last:
            print(text, file=sys.stderr)
            self._last = text


class _Writer:
    """Writes each input's arrays and picture, under names that do not collide."""

    def __init__(self, folder: Path | None, png: Path | None, picture: Picture | None) -> None:
        self._folder, self._png, self._picture = folder, png, picture
        self._used: set[Path] = set()

    def write(self, lab: Lab[Any, Any], path: Path | None) -> None:
        if self._folder is not None:
            for name, array in lab.arrays().items():
                self._save_array(self._place(self._folder, lab, path, f"{name}.npy"), array)
            for name, write in lab.files().items():
                place = self._place(self._folder, lab, path, name)
                write(place)
                print(f"  wrote {place.name}", file=sys.stderr)
        if self._png is not None and self._picture is not None:
            self._picture(lab, self._free(self._png))

    def _save_array(self, path: Path, array: np.ndarray) -> None:
        import io

        import numpy as np

        from engine.checkpoint import write_bytes_atomically

        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        write_bytes_atomically(path, buffer.getvalue())
        print(f"  wrote {path.name} {tuple(array.shape)}", file=sys.stderr)

    def _place(self, folder: Path, lab: Lab[Any, Any], path: Path | None, name: str) -> Path:
        """Where a file goes: named after its input, where the lab takes any."""
        stem = path.stem if path is not None else "example"
        return self._free(folder / (f"{stem}-{name}" if lab.opens else name))

    def _free(self, path: Path) -> Path:
        """`path`, numbered where an earlier input of this run took the name."""
        number, free = 2, path
        while free in self._used:
            free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
        self._used.add(free)
        return free


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {folder.name} cannot be made", error.strerror or "", "Choose another"
        ) from error


def _seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def _plain(value: Any) -> Any:
    """The same for JSON, which knows neither infinity nor "not a number"."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@contextlib.contextmanager
def _only_json_on_stdout() -> Iterator[TextIO]:
    """Whatever a library prints meanwhile goes to standard error, so that the JSON stands alone."""
    stdout = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        yield stdout
