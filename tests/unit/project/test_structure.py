"""Modules of a size that one reads, folders that one overlooks, imports in one direction."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("qtask_db", "scripts", "tests")
LINES = 320
SIBLINGS = 15
FLOORS = 10

DOORS = {"qtask_db", "qtask_db.__main__"}
"""They import everything, so that they belong to no floor."""
RELEASED = {"qtask_db.dialects.oracle_schema"}
"""A name that released migrations import; what it names has moved to another room."""

ROOTS = ("scripts/tools", "tests/support", "tests/endurance", "tests", "")
"""Folders that modules are imported from, the innermost first."""


def modules(*parts: str) -> dict[str, Path]:
    """Each module by the name that imports it."""
    found = {}
    for part in parts:
        for path in sorted((ROOT / part).rglob("*.py")):
            root = next(ROOT / root for root in ROOTS if path.is_relative_to(ROOT / root))
            names = path.relative_to(root).with_suffix("").parts
            found[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return found


def imports(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """Of each module the others that it imports, in functions and for types, too."""
    graph = {}
    for name, path in known.items():
        wanted = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = origin(node, name, path)
                inner = {f"{source}.{alias.name}" for alias in node.names}
                wanted |= (inner & known.keys()) or {source}
        graph[name] = (wanted & known.keys()) - {name}
    return graph


def origin(node: ast.ImportFrom, name: str, path: Path) -> str:
    """The full name of the module that it imports from."""
    around = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    kept = around[: len(around) - node.level + 1] if node.level else []
    return ".".join([*kept, *filter(None, [node.module])])


def circles(graph: Mapping[str, Iterable[str]]) -> list[set[str]]:
    """Each set of nodes of which every one leads to every other."""
    reached = {node: reach(graph, node) for node in graph}
    found = [{other for other in reached[node] if node in reached[other]} for node in graph]
    return [circle for place, circle in enumerate(found) if circle and circle not in found[:place]]


def reach(graph: Mapping[str, Iterable[str]], start: str) -> set[str]:
    seen: set[str] = set()
    left = list(graph[start])
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            left += graph[node]
    return seen


def rooms() -> dict[str, set[str]]:
    """The package's modules and folders, with those that each imports."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, wanted in imports(modules("qtask_db")).items():
        if name not in DOORS | RELEASED:
            room = name.split(".")[1]
            graph[room] |= {one.split(".")[1] for one in wanted - DOORS - RELEASED} - {room}
    return graph


def test_no_module_leads_back_to_itself() -> None:
    assert circles(imports(modules(*PARTS))) == []


def test_no_room_leads_back_to_itself() -> None:
    assert circles(rooms()) == []


def test_circles_are_found() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": ["d"], "e": ["a"]}
    assert circles(graph) == [{"b", "c"}, {"d"}]


def test_the_house_has_few_floors() -> None:
    graph, floors = rooms(), dict[str, int]()

    def floor(room: str) -> int:
        if room not in floors:
            floors[room] = 1 + max(map(floor, graph[room]), default=0)
        return floors[room]

    for room in list(graph):
        floor(room)
    assert max(floors.values()) <= FLOORS, sorted(floors, key=floors.__getitem__)


def test_a_producer_stands_below_the_services() -> None:
    graph = rooms()
    above = {"cli", "client", "doctor", "install", "relay", "schema", "service", "worker"}
    for room in ("calls", "database", "dialects", "task", "transport"):
        assert not reach(graph, room) & above


def test_no_two_files_of_tests_have_one_name() -> None:
    """pytest collects only the first."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_no_file_is_long() -> None:
    files = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
    long = {
        str(path.relative_to(ROOT))
        for path in (*files, *(ROOT / "sql").rglob("*.sql"))
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES
    }
    assert not long


def test_no_folder_is_full() -> None:
    siblings: dict[Path, int] = defaultdict(int)
    for part in (*PARTS, "sql", "migrations"):
        for path in (ROOT / part).rglob("*"):
            hidden = any(n[0] == "." or n == "__pycache__" for n in path.relative_to(ROOT).parts)
            siblings[path.parent] += path.is_file() and not hidden
    full = {str(folder.relative_to(ROOT)) for folder, n in siblings.items() if n > SIBLINGS}
    assert not full
