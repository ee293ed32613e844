#!/usr/bin/env python3
"""Draws docs/figures/states-*.svg: the states of a task, for light and dark pages."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures"
COLOURS = {
    "light": {"line": "#57606a", "text": "#1f2328", "quiet": "#57606a", "box": "#f6f8fa"},
    "dark": {"line": "#8b949e", "text": "#e6edf3", "quiet": "#9ea7b3", "box": "#21262d"},
}
ACTIVE = "#1f8fb0"
"""The outline of the two states in which a task can still be attempted."""


class Arrow(NamedTuple):
    """A transition, the procedures that make it, its line, and the place of its label."""

    old: str
    new: str
    verbs: str
    path: str
    x: int
    y: int
    anchor: str
    label: tuple[str, ...]


BOXES = {
    "waiting": (60, 90, "20"), "processing": (560, 90, "30"),
    "cancelled": (60, 360, "80"), "failed": (310, 360, "90"), "finished": (560, 360, "0"),
}  # fmt: skip
WIDTH, HEIGHT = 150, 52
NEW, GONE = "new", "deleted"
START = "start_task start_tasks receive_task receive_tasks take_tasks"
EXPIRE = "scan_tasks expire_tasks take_tasks change_tasks"
ARROWS = (
    Arrow(NEW, "waiting",
          "create_task delay_task create_tasks create_task_ranges "
          "create_task_quiet delay_task_quiet",
          "M135 30V84", 148, 52, "start", ("create_task, delay_task,", "create_tasks")),
    Arrow("waiting", "processing", START, "M210 104H554", 382, 65, "middle",
          ("start_task, receive_task,", "start_tasks, receive_tasks,", "take_tasks")),
    Arrow("processing", "processing", START, "M620 90V54H680V84", 692, 62, "start",
          ("a later attempt", "is started")),
    Arrow("processing", "waiting", "fail_task snooze_task end_attempts return_tasks",
          "M560 128H216", 382, 146, "middle", ("fail_task, snooze_task, return_tasks",)),
    Arrow("processing", "finished", "finish_task finish_task_once finish_tasks",
          "M650 142V354", 662, 240, "start", ("finish_task,", "finish_task_once,", "finish_tasks")),
    Arrow("processing", "failed", f"{EXPIRE} fail_task reject_task end_attempts",
          "M620 142L440 354", 492, 236, "end",
          ("scan_tasks, expire_tasks,", "take_tasks: deadline or", "attempts;",
           "fail_task: last attempt;", "reject_task, change_tasks")),
    Arrow("waiting", "failed", EXPIRE, "M205 142L340 354", 270, 216, "start",
          ("scan_tasks, expire_tasks,", "take_tasks: deadline;", "change_tasks: reject")),
    Arrow("waiting", "cancelled", "cancel_task change_tasks",
          "M105 142V354", 114, 270, "start", ()),
    Arrow("processing", "cancelled", "cancel_task change_tasks",
          "M585 142V172H85V354", 78, 270, "end", ("cancel_task",)),
    Arrow("cancelled", "waiting", "retry_task change_tasks",
          "M155 360V148", 163, 340, "start", ("retry_task",)),
    Arrow("failed", "waiting", "retry_task change_tasks",
          "M320 360L185 148", 264, 312, "end", ("retry_task",)),
    Arrow("cancelled", GONE, "purge_tasks", "M135 412V460H346", 0, 0, "start", ()),
    Arrow("failed", GONE, "purge_tasks", "M385 412V444", 0, 0, "start", ()),
    Arrow("finished", GONE, "purge_tasks",
          "M635 412V460H424", 530, 478, "middle", ("purge_tasks",)),
)  # fmt: skip
TITLE = "The states of a task, and the procedures that change them"


def figures() -> dict[str, str]:
    """The name of each file, and its text."""
    return {f"states-{page}.svg": draw(colours) for page, colours in COLOURS.items()}


def draw(colours: dict[str, str]) -> str:
    quiet, strong = f'fill="{colours["quiet"]}"', f'fill="{colours["text"]}" font-weight="600"'

    def text(x: int, y: int, anchor: str, shown: str, style: str) -> str:
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {style}>{escape(shown)}</text>'

    parts = [
        f"<title>{TITLE}</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8"'
        f' markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colours["line"]}"/>'
        "</marker></defs>",
        text(385, 465, "middle", GONE, f'font-size="14" {quiet}'),
    ]
    for name, (x, y, code) in BOXES.items():
        active = name in ("waiting", "processing")
        parts += [
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"'
            f' fill="{colours["box"]}" stroke="{ACTIVE if active else colours["line"]}"'
            f' stroke-width="{2 if active else 1}"/>',
            text(x + WIDTH // 2, y + 24, "middle", name, f'font-size="15" {strong}'),
            text(x + WIDTH // 2, y + 41, "middle", code, quiet),
        ]
    for arrow in ARROWS:
        parts.append(
            f'<path d="{arrow.path}" fill="none" stroke="{colours["line"]}" stroke-width="1.5"'
            ' marker-end="url(#end)"/>'
        )
        parts += [
            text(arrow.x, arrow.y + 15 * place, arrow.anchor, line, quiet)
            for place, line in enumerate(arrow.label)
        ]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 490" role="img"'
    font = 'font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif" font-size="12"'
    return "\n".join([f"{head} {font}>", *parts, "</svg>", ""])


if __name__ == "__main__":
    for file, drawing in figures().items():
        (FIGURES / file).write_text(drawing, encoding="utf-8")
