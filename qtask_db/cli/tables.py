"""Tables that fit: long texts are folded first, then the columns that matter least are left out."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from qtask_db.cli.output import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

GAP = 2
FOLDED = 14
"""Columns that fold are never narrower than this, as long as others can be left out."""


@dataclass(slots=True)
class Column:
    """A column and its cells."""

    title: str
    cells: list[Text | str] = field(default_factory=list)
    footer: Text | str = ""
    right: bool = False
    fold: bool = False
    """Whether long cells may be broken into lines; otherwise the column keeps its width."""
    cut: bool = False
    """Whether long cells may lose their end."""
    keep: int = 9
    """Columns with the lowest numbers go first if the terminal is too narrow."""

    def __post_init__(self) -> None:
        from rich.text import Text

        for index, cell in enumerate(self.cells):
            if (text := visible(str(cell))) != str(cell):
                self.cells[index] = Text(text, cell.style if isinstance(cell, Text) else "")

    @property
    def natural(self) -> int:
        """Characters of the widest cell."""
        from rich.cells import cell_len

        texts = [self.title, self.footer, *self.cells]
        return max(cell_len(str(text)) for text in texts)

    @property
    def least(self) -> int:
        """Characters that it cannot do without."""
        return min(self.natural, FOLDED) if self.fold or self.cut else self.natural


def console(*, stderr: bool = False) -> Console:
    """The output of results. A pipe gets plain text that is not cut at any width."""
    from rich.console import Console

    class QuietConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 10_000
    return QuietConsole(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def show(console: Console, *parts: RenderableType) -> None:
    """Print; what goes to a pipe has no blanks at the ends of its lines."""
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    with console.capture() as capture:
        console.print(*parts, sep="\n")
    for line in capture.get().splitlines():
        click.echo(line.rstrip())


def table(console: Console, columns: list[Column]) -> Table:
    """A table as wide as the terminal allows: rules on a terminal, bare columns in a pipe."""
    from rich import box
    from rich.table import Table

    chosen = _chosen(columns, console.width)
    footer = console.is_terminal and any(str(column.footer) for column in columns)
    result = Table(
        box=box.SIMPLE if console.is_terminal else None,
        show_edge=False,
        show_footer=footer,
        pad_edge=False,
        padding=(0, GAP - 1 if console.is_terminal else GAP, 0, 0),
        header_style="bold",
        footer_style="bold",
    )
    for column, width in zip(chosen, _widths(chosen, console.width), strict=True):
        result.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.fold,
            overflow="ellipsis" if column.cut else "fold",
            width=width,
            footer=column.footer,
        )
    for cells in zip(*(column.cells for column in chosen), strict=True):
        result.add_row(*cells)
    return result


def _chosen(columns: list[Column], width: int) -> list[Column]:
    """The columns that fit."""
    chosen = list(columns)
    while sum(column.least + GAP for column in chosen) - GAP > width:
        last = min(chosen, key=lambda column: column.keep)
        if last.keep >= Column("").keep:
            break
        chosen.remove(last)
    return chosen


def _widths(columns: list[Column], width: int) -> list[int]:
    """Each column gets its least; the rest goes to those that fold, then to those cut."""
    widths = [column.least for column in columns]
    rest = width - sum(widths) - GAP * (len(columns) - 1)
    for index in sorted(range(len(columns)), key=lambda index: columns[index].cut):
        more = max(0, min(rest, columns[index].natural - widths[index]))
        widths[index] += more
        rest -= more
    return widths
