#!/usr/bin/env python3
"""Draws docs/figures/parts*.svg: the parts of the project, for light and dark pages."""

from __future__ import annotations

from html import escape
from pathlib import Path

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures"
COLOURS = {
    "light": {"line": "#57606a", "text": "#1f2328", "quiet": "#57606a", "box": "#f6f8fa"},
    "dark": {"line": "#8b949e", "text": "#e6edf3", "quiet": "#9ea7b3", "box": "#21262d"},
}
OURS = "#1f8fb0"
"""The outline of what this project is; the other parts are its users'."""
CHINESE = {
    "Your application": "你的应用",
    "producer": "生产者",
    "Database": "数据库",
    "a row for each task": "每个任务一行",
    "all rules: stored procedures": "全部规则都是存储过程",
    "Worker": "Worker",
    "your handlers": "你的处理函数",
    "Relay": "Relay",
    "Redis": "Redis",
    "a list for each queue": "每个队列一个列表",
    "create, in your": "在你的事务里",
    "transaction": "创建任务",
    "take or start,": "领取或开始任务",
    "then finish or fail": "然后完成或失败",
    "claim what is due": "领取到期任务",
    "confirm": "确认",
    "push": "推送",
    "push after the commit": "提交后推送",
    "take messages": "取出消息",
    "dashed: delivery through Redis": "虚线为经由 Redis 的投递",
    "The application's tasks on their way to its handlers": "任务从应用到处理函数的路径",
}
BOXES = (
    (20, 25, 170, "Your application", ("producer",), False),
    (320, 20, 200, "Database", ("a row for each task", "all rules: stored procedures"), True),
    (650, 25, 170, "Worker", ("your handlers",), True),
    (350, 150, 140, "Relay", (), True),
    (320, 250, 200, "Redis", ("a list for each queue",), False),
)
ARROWS = ("M190 56H314", "M650 56H526")
DASHED = ("M440 94V144", "M400 150V100", "M420 192V244", "M105 82V279H314", "M520 279H735V88")
"""Those of queues that are not direct."""
LABELS = (
    (255, 46, "middle", "create, in your"), (255, 72, "middle", "transaction"),
    (588, 46, "middle", "take or start,"), (588, 72, "middle", "then finish or fail"),
    (450, 126, "start", "claim what is due"), (390, 126, "end", "confirm"),
    (430, 224, "start", "push"), (118, 269, "start", "push after the commit"),
    (722, 269, "end", "take messages"), (20, 318, "start", "dashed: delivery through Redis"),
)  # fmt: skip
TITLE = "The application's tasks on their way to its handlers"


def figures() -> dict[str, str]:
    """The name of each file, and its text."""
    return {
        f"parts{suffix}-{page}.svg": draw(COLOURS[page], words)
        for suffix, words in (("", {}), ("-zh", CHINESE))
        for page in COLOURS
    }


def draw(colours: dict[str, str], words: dict[str, str]) -> str:
    def text(x: int, y: int, anchor: str, english: str, style: str) -> str:
        shown = escape(words.get(english, english), quote=False)
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {style}>{shown}</text>'

    quiet, strong = f'fill="{colours["quiet"]}"', f'fill="{colours["text"]}" font-weight="600"'
    parts = [
        f"<title>{escape(words.get(TITLE, TITLE), quote=False)}</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8"'
        f' markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colours["line"]}"/>'
        "</marker></defs>",
    ]
    for x, y, width, name, lines, ours in BOXES:
        height = 42 + 16 * len(lines)
        outline = OURS if ours else colours["line"]
        parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6"'
            f' fill="{colours["box"]}" stroke="{outline}" stroke-width="{2 if ours else 1}"/>'
        )
        middle = x + width // 2
        parts.append(text(middle, y + 27, "middle", name, f'font-size="15" {strong}'))
        parts += [
            text(middle, y + 45 + 16 * place, "middle", line, quiet)
            for place, line in enumerate(lines)
        ]
    parts += [
        f'<path d="{path}" fill="none" stroke="{colours["line"]}" stroke-width="1.5"'
        f'{dashes} marker-end="url(#end)"/>'
        for paths, dashes in ((ARROWS, ""), (DASHED, ' stroke-dasharray="5 4"'))
        for path in paths
    ]
    parts += [text(*label, quiet) for label in LABELS]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 325" role="img"'
    font = 'font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif" font-size="12"'
    return "\n".join([f"{head} {font}>", *parts, "</svg>", ""])


if __name__ == "__main__":
    for name, drawing in figures().items():
        (FIGURES / name).write_text(drawing, encoding="utf-8")
