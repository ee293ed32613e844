"""Counts sentences that need a second reading, in documents, docstrings, comments and messages.

- `what`: begins with What or Who, so that the subject comes late
- `where`: says `where` for if or when
- `is no`: says `is no X` for `is not an X`
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = re.compile(
    r"docs/reference/(sql|cli|python|errors)\.md$|^tests/upgrades/released/"
    r"|^migrations/\w+/qtask-0001-|^tests/unit/project/test_prose\.py$"
)
"""Generated pages, whose texts are counted in their sources; released files; this script's test."""
_PLACE = re.compile(
    "say|says|said|tell|tells|told|show|shows|know|knows|known|see|sees|from|to|is|are|was|of|"
    "place|places|point|side|line|file|folder|exactly|out|just|decide|decides|learn|only|name|names|"
    "stay|stays|on"
)
"""Words after which `where` means a place."""
KINDS = {
    "what": re.compile(r"^()(?:What|Who)\b(?!.*\?$)"),
    "where": re.compile(
        r"(?:\b(\w+),?\s+|^)[Ww]here\b(?!\s+(?:is|are|does|to|do|can)\b|[^,;]* belongs?\b)"
    ),
    "is no": re.compile(r"(\w*) ?\bis no (?!longer\b|more\b|less\b|other\b|\w+er than\b)\w"),
}
"""Each with the word before, which can mean that it is well said."""
_SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|CALL|GRANT|BEGIN|DECLARE|FROM)\b")
_END = re.compile(r"[.!?](?=\s|$)|\n\s*\n|\n\s*(?=[-*|#] ?)| \| ")


def pieces(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a file that people read, each with its first line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield 1, re.sub(r"^```.*?^```|^ {4,}\S.*?$", _blank, text, flags=re.M | re.S)
        return
    mark = "--" if path.suffix == ".sql" else "#"
    for found in re.finditer(rf"(?:^ *{mark}.*\n)+|(?<= ){mark} .*\n", text, re.MULTILINE):
        said = re.sub(rf"^ *{mark} ?", "", found[0], flags=re.MULTILINE)
        yield text.count("\n", 0, found.start()) + 1, said
    if path.suffix == ".sql":
        for found in re.finditer(r"/\*(.*?)\*/|'([^'\n]*)'", text, re.DOTALL):
            if found[1] or _reads(found[2] or ""):
                yield text.count("\n", 0, found.start()) + 1, found[1] or found[2]
    elif path.suffix == ".py":
        yield from _strings(ast.parse(text))


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said = "".join(_said(part) or "X" for part in node.values)
        else:
            said = "" if id(node) in parts else _said(node)
        if isinstance(node, ast.expr) and _reads(said):
            yield node.lineno, said


def _said(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _reads(text: str) -> bool:
    """Whether a text of code is prose."""
    return len(text.split()) > 3 and not _SQL.search(text)


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def sentences(first: int, text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a text, each with its line."""
    at = 0
    for end in [*(found.end() for found in _END.finditer(text)), len(text)]:
        part = text[at:end]
        plain = " ".join(part.split()).lstrip("-*|#> ").strip()
        if plain:
            skipped = len(part) - len(part.lstrip())
            yield first + text.count("\n", 0, at + skipped), plain
        at = end


def kinds(sentence: str) -> Iterator[str]:
    plain = re.sub(r"`[^`]*`", "`", sentence)
    for kind, pattern in KINDS.items():
        for found in pattern.finditer(plain):
            fine = _PLACE if kind == "where" else re.compile("there|There")
            if not fine.fullmatch(found[1] or ""):
                yield kind


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/prose",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="show the sentences")
    parser.add_argument("--total", action="store_true", help="show the sums alone")
    parser.add_argument("path", nargs="*", type=Path, help="files; all of the repository if none")
    args = parser.parse_args()
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    paths = args.path or [Path(name) for name in listed.stdout.splitlines()]
    known = (".md", ".py", ".sql", ".toml", ".yml", ".sh")
    total: Counter[str] = Counter()
    for path in paths:
        if LEFT_OUT.search(str(path)) or (path.suffix and path.suffix not in known):
            continue
        count: Counter[str] = Counter()
        for first, text in pieces(path):
            for line, sentence in sentences(first, text):
                for kind in kinds(sentence):
                    count[kind] += 1
                    if args.list:
                        print(f"{path}:{line}: {kind}: {sentence}")
        total += count
        if count and not args.list and not args.total:
            print("  ".join(f"{kind} {count[kind]:3}" for kind in KINDS), f" {path}")
    print("  ".join(f"{kind} {total[kind]:3}" for kind in KINDS), " in all")


if __name__ == "__main__":
    main()
