"""The report: a table that one likes to read, Markdown for documents, JSON for programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .figure import Figure


def tell(
    figures: Sequence[Figure],
    arguments: argparse.Namespace,
    show: Callable[[], None],
    markdown: Callable[[], str],
) -> None:
    """Prints it in the form that was asked for; a copy goes into a file where one was named."""
    text = json.dumps({"cases": [figure.as_json() for figure in figures]}, indent=1)
    if arguments.save:
        arguments.save.write_text(text + "\n")
    if arguments.json:
        print(text)
    elif arguments.markdown:
        print(markdown())
    else:
        show()


def markdown(figures: Sequence[Figure]) -> str:
    """For docs/internals/benchmarks.md."""
    lines = ["| case | value | floor | ratio | wanted |", "|---|---|---|---|---|"]
    for one in figures:
        floor = "" if one.floor is None else f"{_amount(one.floor, one.unit)}, {one.floor_is}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        name = f"{one.name}: {one.note}" if one.note else one.name
        missed = "" if one.ok else ", **missed**"
        cells = (name, _amount(one.measured, one.unit), floor, ratio, f"{_reach(one)}{missed}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def show(figures: Sequence[Figure]) -> None:
    """Prints the table, and under it the missed goals."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 140
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("case", no_wrap=True)
    for title in ("value", "floor", "ratio", "middle half", "reach"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("ok", no_wrap=True)
    table.add_column("the floor; notes", style="dim")
    for one in figures:
        mark = Text("-", style="dim")
        if one.reach is not None:
            mark = Text("yes", style="green") if one.ok else Text("NO", style="bold red")
        table.add_row(
            one.name,
            _amount(one.measured, one.unit),
            "" if one.floor is None else _amount(one.floor, one.unit),
            "" if one.ratio is None else f"{one.ratio:.2f}",
            "" if one.spread is None else f"{one.spread[0]:.2f} - {one.spread[1]:.2f}",
            _reach(one),
            mark,
            "; ".join(text for text in (one.floor_is, one.note) if text),
        )
    console.print(table)
    missed = [one for one in figures if not one.ok]
    for one in missed:
        console.print(Text(f"missed: {line(one)}", style="bold red"))
    if not missed:
        console.print(Text("Each case reaches its goal.", style="bold green"))


def line(one: Figure) -> str:
    """A figure in one line."""
    parts = [f"{one.name}: {_amount(one.measured, one.unit)}"]
    if one.floor is not None:
        parts.append(f"{one.floor_is} {_amount(one.floor, one.unit)}")
    if one.ratio is not None:
        parts.append(f"ratio {one.ratio:.2f}")
    if one.reach is not None:
        parts.append(f"reach {_reach(one)}: {'yes' if one.ok else 'NO'}")
    return ", ".join(parts)


def _reach(one: Figure) -> str:
    if one.reach is None:
        return ""
    sign = "<=" if one.at_most else ">="
    if one.of_ratio:
        return f"ratio {sign} {one.reach:g}"
    return f"{sign} {_amount(one.reach, one.unit)}"


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
