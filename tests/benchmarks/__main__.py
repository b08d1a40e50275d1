"""Runs the benchmarks, each in a process of its own: `python -m tests.benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from .catalogue import NAMES, benchmarks, measure
from .finding import Finding
from .machine import prepare


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each benchmark finds; the exit code is 0 whatever it is, as a busy machine may be."""
    known = benchmarks()
    options = _parser().parse_args(arguments)
    prepare()
    found: dict[str, list[Finding]] = {}
    for name in options.names or NAMES:
        print(f"{name}: {known[name].sentence}", flush=True)
        found[name] = _alone(name, options.rounds)
        print("\n".join(finding.line() for finding in found[name]), flush=True)
        print(f"  load average {_load()}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(_plain(found), indent=1, ensure_ascii=False), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []], help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each (default: its own number)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there as well")
    return parser


def _alone(name: str, rounds: int | None) -> list[Finding]:
    """A benchmark's findings, measured in a fresh process so that none inherits another's memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, name, rounds).result()


def _load() -> str:
    return " ".join(f"{load:.2f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


def _plain(found: dict[str, list[Finding]]) -> dict[str, list[dict[str, object]]]:
    return {
        name: [asdict(finding) | {"met": finding.met} for finding in findings]
        for name, findings in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
