"""The report: a table that one likes to read, Markdown for documents, JSON for programs."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .figure import Figure


def tell(
    figures: Sequence[Figure],
    state: Sequence[str],
    arguments: argparse.Namespace,
    show: Callable[[], None],
    markdown: str,
) -> None:
    """Prints it in the form that was asked for; a copy goes into a file where one was named."""
    page = f"{markdown}\n\n{bullets(state)}"
    found = {"page": page.split("\n"), "cases": [figure.as_json() for figure in figures]}
    text = json.dumps(found, indent=1)
    if arguments.save:
        arguments.save.write_text(text + "\n")
    if arguments.json:
        print(text)
    elif arguments.markdown:
        print(page)
    else:
        show()
        print(bullets(state))


def markdown(figures: Sequence[Figure]) -> str:
    """For docs/internals/benchmarks.md: the names of floors and the notes stand below the table."""
    rows = [
        [
            one.name,
            _amount(one.measured, one.unit),
            "" if one.floor is None else _number(one.floor),
            "" if one.ratio is None else f"{one.ratio:.2f}",
            _reach(one, unit=False),
            "" if one.reach is None else "yes" if one.ok else "**no**",
        ]
        for one in figures
    ]
    notes: dict[str, list[str]] = {}
    for one in figures:
        for text in (one.floor_is and f"the floor is {one.floor_is}", one.note):
            if text:
                notes.setdefault(text, []).append(one.name)
    titles = ["case", "value", "floor", "ratio", "wanted", "ok"]
    told = bullets([f"{text}: {'; '.join(names)}" for text, names in notes.items()])
    return f"{table(titles, rows)}\n\n{told}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown that is a table in a terminal, too: the first column to the left, others right."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.rjust(width) if place else cell.ljust(width)
                          for place, (cell, width) in enumerate(zip(row, widths, strict=True)))
        + " |"
        for row in (titles, *rows)
    ]  # fmt: skip
    dashes = ["-" * width for width in widths]
    rule = "| " + " | ".join([dashes[0], *(f"{dash[1:]}:" for dash in dashes[1:])]) + " |"
    return "\n".join([lines[0], rule, *lines[1:]])


def bullets(texts: Sequence[str]) -> str:
    """A list of at most 100 columns."""
    return "\n".join(
        textwrap.fill(text, 100, initial_indent="- ", subsequent_indent="  ") for text in texts
    )


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


def _reach(one: Figure, *, unit: bool = True) -> str:
    if one.reach is None:
        return ""
    sign = "<=" if one.at_most else ">="
    if one.of_ratio:
        return f"ratio {sign} {one.reach:g}"
    return f"{sign} {_amount(one.reach, one.unit) if unit else _number(one.reach)}"


def _amount(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
