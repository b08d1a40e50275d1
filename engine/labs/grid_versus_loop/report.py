"""Everything that was measured as one HTML file that needs nothing beside it: no network, no script."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.checkpoint import write_bytes_atomically
from engine.device import describe
from engine.explain.arithmetic_format import number
from engine.labs.grid_versus_loop.config import EXPERIMENTS, TITLES
from engine.labs.grid_versus_loop.report_charts import charts_of
from engine.labs.grid_versus_loop.report_colours import INK, VERDICTS
from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Row
from engine.labs.grid_versus_loop.table import table

if TYPE_CHECKING:
    import torch

    from engine.labs.grid_versus_loop.experiment import Experiment
    from engine.settings import Config

NAME = "Grid versus loop"
PACKAGES = ("gridloop", "torch", "numpy")
_STYLE = f"""
body {{ font: 15px/1.5 system-ui, sans-serif; color: {INK.text}; background: {INK.ground};
  max-width: 60em; margin: 2em auto; padding: 0 1em; }}
h1 {{ font-size: 1.6em; }} h2 {{ font-size: 1.25em; margin-top: 2em; border-top: 1px solid {INK.line};
  padding-top: 1em; }}
table {{ border-collapse: collapse; margin: 1em 0; font-size: .9em; }}
th, td {{ text-align: left; vertical-align: top; padding: .3em .9em .3em 0;
  border-bottom: 1px solid {INK.line}; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.wide {{ overflow-x: auto; }} .muted {{ color: {INK.muted}; }} .finding {{ font-size: 1.1em; }}
svg {{ display: block; width: 100%; height: auto; margin: 1em 0; }}
{"".join(f" .{name} {{ color: {colour}; font-weight: 600; }}" for name, colour in VERDICTS.items())}
"""


def write_report(
    path: Path,
    snapshot: GridVersusLoopSnapshot,
    experiments: Mapping[str, Experiment],
    device: torch.device,
) -> None:
    """Write the report of all experiments that were begun, by name; the old file or the new one is there.

    Of the person's own files it names no folder. Raises `UserError` where the file cannot be written.
    """
    begun = [experiments[name] for name in EXPERIMENTS if name in experiments]
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    parts = [
        f"<h1>{NAME}</h1>",
        _paragraph(
            "Convolutional and recurrent networks on the same data, measured on one machine.", "muted"
        ),
        _circumstances(when, snapshot.config, device),
        _contents(begun),
        *(_section(experiment) for experiment in begun),
        _claims(table(experiments, now=True), {experiment.name for experiment in begun}),
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{NAME}, {escape(when)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )
    write_bytes_atomically(path, page.encode())


# Parts of the page -------------------------------------------------------------------------------


def _circumstances(when: str, config: Config, device: torch.device) -> str:
    """When, where and with what it was measured."""
    about = describe(device)
    rows = [
        ("Date", when),
        ("Seed", str(config.seed)),
        (
            "Device",
            f"{about.title} ({about.kind}), {about.threads} thread{'' if about.threads == 1 else 's'}",
        ),
        ("Python", platform.python_version()),
        *((package, _version(package)) for package in PACKAGES),
        ("System", f"{platform.system()} on {platform.machine()}"),
    ]
    return _table((), rows)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from its folder, not installed
        return "not installed"


def _contents(begun: Sequence[Experiment]) -> str:
    links = [(experiment.name, TITLES[experiment.name]) for experiment in begun]
    links.append(("claims", "What textbooks say"))
    shown = (f'<a href="#{key}">{escape(title)}</a>' for key, title in links)
    return f"<p>{' · '.join(shown)}</p>"


def _section(experiment: Experiment) -> str:
    """One experiment: its question, its finding, its pictures and its numbers."""
    seen, result = experiment.see(), experiment.result()
    done, total = experiment.step_count, experiment.total
    until = "to its end" if not experiment.can_step else f"so far, of at most {total:,}"
    parts = [
        f'<h2 id="{escape(experiment.name)}">{escape(TITLES[experiment.name])}</h2>',
        _paragraph(experiment.asks, ""),
        _paragraph(experiment.finding() or "Nothing to be said yet.", "finding"),
        _paragraph(f"{done:,} steps {until}. {seen.get('about', '')}", "muted"),
        _paragraph(f"Known before: {experiment.published}", "muted") if experiment.published else "",
        *charts_of(seen),
        _numbers(result.get("models", {})),
        "<details><summary>Settings</summary>" + _settings(experiment.config) + "</details>",
    ]
    return f"<section>{''.join(filter(None, parts))}</section>"


def _numbers(models: Mapping[str, Mapping[str, Any]]) -> str:
    """What was found of every network, one number a row; a list of them has none."""
    keys = dict.fromkeys(
        key for found in models.values() for key, value in found.items() if _is_single(value)
    )
    rows = [
        (key.replace("_", " "), *(_told(found.get(key)) for found in models.values()))
        for key in keys
        if any(found.get(key) is not None for found in models.values())
    ]
    return _table(("", *models), rows, are_numbers=True) if rows else ""


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, int | float | str)


def _told(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _settings(config: Config) -> str:
    """Every setting, by its label; a person's own path by its last part."""
    rows = []
    for name, about in type(config).settings().items():
        value = getattr(config, name)
        if name == "data" and value:
            value = Path(value).name
        told = about.none_label or "–" if value is None else str(value)
        rows.append((about.label, f"{told} {about.unit}".strip() if value is not None else told))
    return _table((), rows)


def _claims(rows: Sequence[Row], begun: set[str]) -> str:
    """The table at the end, each claim with a link to the experiment that measures it."""
    head = "<tr><th>about</th><th>textbooks say</th><th>experiment</th><th>measured</th><th>verdict</th></tr>"
    body = "".join(_claim(row, begun) for row in rows)
    count = {verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS}
    told = f"{count['agrees']} agree, {count['disagrees']} disagree, {count['open']} are open."
    explained = (
        "A claim is open while its experiment has not run to its end, or where the numbers are too close for "
        "one run to say. Each verdict is by a fixed rule on the numbers beside it."
    )
    texts = _paragraph(told, "finding") + _paragraph(explained, "muted")
    title = '<h2 id="claims">What textbooks say, and what was measured</h2>'
    return f'<section>{title}{texts}<div class="wide"><table>{head}{body}</table></div></section>'


def _claim(row: Row, begun: set[str]) -> str:
    title = escape(TITLES[row.experiment])
    link = f'<a href="#{row.experiment}">{title}</a>' if row.experiment in begun else title
    measured = escape(row.measured) or '<span class="muted">not run yet</span>'
    return (
        f"<tr><td>{escape(row.about)}</td><td>{escape(row.claim)}</td><td>{link}</td><td>{measured}</td>"
        f'<td class="{row.verdict}">{row.verdict}</td></tr>'
    )


def _paragraph(text: str, kind: str) -> str:
    shown = f' class="{kind}"' if kind else ""
    return f"<p{shown}>{escape(text)}</p>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, are_numbers: bool = False) -> str:
    """A table of texts, whose first column names the rows."""
    top = f"<tr>{''.join(f'<th>{escape(text)}</th>' for text in head)}</tr>" if head else ""
    kind = ' class="number"' if are_numbers else ""
    body = "".join(
        f"<tr><th>{escape(row[0])}</th>{''.join(f'<td{kind}>{escape(text)}</td>' for text in row[1:])}</tr>"
        for row in rows
    )
    return f'<div class="wide"><table>{top}{body}</table></div>'
