"""Draws docs/figures/*.svg from docs/figures/*.json, which scripts/bench has written."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

try:
    import matplotlib as mpl
    from matplotlib import pyplot
    from matplotlib.figure import Figure
except ImportError as missing:
    sys.exit(f"plots: {missing}; run `scripts/bench plots`, which makes the environment")

FIGURES = Path(__file__).resolve().parents[3] / "docs" / "figures"
SHORTEST = 50
"""Milliseconds at which the bars of times begin."""
MINE, OTHERS = "#1f6f8b", "#b8b8b8"

Case = dict[str, Any]


def main() -> int:
    argparse.ArgumentParser(prog="scripts/bench plots", description=__doc__).parse_args()
    mpl.rcParams.update({
        "svg.hashsalt": "qtask-db", "axes.spines.top": False, "axes.spines.right": False,
        "font.size": 9, "axes.titlesize": 10, "figure.constrained_layout.use": True,
    })  # fmt: skip
    for engine in ("mysql", "mariadb"):
        if cases := _read(f"bench-{engine}.json"):
            if any(" beside " in case["name"] for case in cases):
                _save(_history(cases), f"history-{engine}")
            _save(_latency(cases), f"latency-{engine}")
    if cases := _read("rivals.json"):
        _save(_rivals(cases), "rivals")
    return 0


def _history(cases: list[Case]) -> Figure:
    """Speed beside so many finished tasks, as a share of that in an empty schema."""
    figure, axes = pyplot.subplots(figsize=(5, 2.6))
    for step, style in (("scan", "o-"), ("create", "s--")):
        found = [
            (int(case["name"].rpartition(" ")[2].replace(",", "")), 1 / case["ratio"])
            for case in cases
            if case["name"].startswith(f"{step} beside ")
        ]
        axes.plot(*zip(*found, strict=True), style, label=step, color=MINE, markersize=4)
    axes.set(
        xscale="log", ylim=(0, 1.3), xlabel="finished tasks in the table",
        ylabel="speed / empty schema", title="Speed against history",
    )  # fmt: skip
    axes.axhline(1, color=OTHERS, linewidth=0.8)
    axes.legend(frameon=False)
    return figure


def _latency(cases: list[Case]) -> Figure:
    """Distributions: from due to the queue, and at the handler when 5,000 are due at once."""
    figure, axes = pyplot.subplots(figsize=(5, 2.6))
    for name, label, style in (
        ("latency, p50", "due to queue, 1,000 a second", "-"),
        ("lateness at the handler, p50", "due to handler, 5,000 at once", "--"),
        ("direct, lateness at the handler, p50", "the same, direct", ":"),
    ):
        for case in cases:
            if case["name"] == name:
                axes.plot(case["percentiles"], range(101), style, label=label, color=MINE)
    axes.set(
        xscale="log", xlabel="milliseconds", ylabel="percent of the tasks",
        title="Latency, distribution",
    )  # fmt: skip
    axes.legend(frameon=False, loc="upper left")
    return figure


def _rivals(cases: list[Case]) -> Figure:
    """Each column of the comparison, qtask-db first; the scale of times is logarithmic."""
    columns: dict[str, list[tuple[str, float]]] = {}
    for case in cases:
        column, comma, rival = case["name"].removeprefix("rivals: ").partition(", ")
        if comma:
            found = columns.setdefault(column, [("qtask-db", case["measured"])])
            found.append((rival, case["floor"]))
    figure, grid = pyplot.subplots(2, (len(columns) + 1) // 2, figsize=(11, 5))
    for axes, (column, found) in zip(grid.flat, columns.items(), strict=False):
        names, values = zip(*found, strict=True)
        axes.barh(names, values, color=[MINE, *[OTHERS] * (len(found) - 1)])
        axes.invert_yaxis()
        if column.endswith("/s"):
            axes.set(title=column)
        else:
            axes.set(title=f"{column}, ms", xscale="log", xlim=(SHORTEST, None))
    for axes in grid.flat[len(columns) :]:
        axes.set_visible(False)
    return figure


def _read(name: str) -> list[Case]:
    path = FIGURES / name
    return json.loads(path.read_text())["cases"] if path.exists() else []


def _save(figure: Figure, name: str) -> None:
    path = FIGURES / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    print(path.relative_to(FIGURES.parent.parent))


if __name__ == "__main__":
    sys.exit(main())
