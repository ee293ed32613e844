"""Oracle's documents show each construct of the package and give it the meaning that is relied on:
no grammar can see that, and no server is at hand to say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import plsql
import pytest
from test_static import RENDERER, package, rendered

SUBPROGRAMS = [s for s in package("body").subprograms if s.has_body]
SQL = [
    pytest.param(subprogram, query, id=f"{subprogram.name}-{query[0].line}")
    for subprogram in SUBPROGRAMS
    for query in subprogram.queries
]
TABLES = "\n".join(RENDERER.tables())
# Columns of the tables, of JSON_TABLE and of records.
CLOBS = set(re.findall(r"\b(\w+) CLOB\b", TABLES + rendered()["package_body"]))
# Of a CLOB they make something else.
NOT_CLOB = {"INSTR", "LENGTH", "REGEXP_COUNT", "REGEXP_INSTR", "TO_CHAR"}
COMPARISONS = {"=", "<>", "<", ">", "<=", ">=", "IN", "BETWEEN"}
# Values that the server copies into a cursor when it opens it.
COPIED = {"NUMBER", "VARCHAR2", "TIMESTAMP", "SYS.ODCIVARCHAR2LIST"}
# The common part of the diagrams of 19c, 21c and 23ai: each has other clauses for errors and for
# missing keys, and without them both are NULL.
COLUMN = re.compile(
    r"\w+ (FOR ORDINALITY"
    r"|NUMBER EXISTS PATH ''"
    r"|(NUMBER|CLOB|VARCHAR2 \( \d+ (CHAR )?\)) (FORMAT JSON (WITH WRAPPER )?)?PATH '')"
)


def words(tokens: list[plsql.Token]) -> list[str]:
    return [token.word if token.kind != "text" else "''" for token in tokens]


def groups(tokens: list[str], name: str) -> Iterator[list[str]]:
    """The tokens in the parentheses behind each occurrence of the name."""
    for place, word in enumerate(tokens[:-1]):
        if word == name and tokens[place + 1] == "(":
            yield tokens[place + 2 : closing(tokens, place + 1)]


def closing(tokens: list[str], at: int) -> int:
    """The place of the parenthesis that closes the one at `at`."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place] == "(") - (tokens[place] == ")")
        if depth == 0:
            return place
    raise AssertionError("not closed")


def operand(tokens: list[str], at: int, step: int) -> list[str]:
    """The value that stands before (-1) or behind (+1) a place."""
    start = at = at + step
    opened, closed = ("(", ")") if step > 0 else (")", "(")
    depth = 0
    while 0 <= at < len(tokens):
        depth += (tokens[at] == opened) - (tokens[at] == closed)
        following = tokens[at + step] if 0 <= at + step < len(tokens) else ""
        goes_on = following in (".", "||") or tokens[at] in (".", "||")
        if step > 0:
            goes_on = goes_on or (following == "(" and re.match(r"[A-Z]", tokens[at]) is not None)
        else:
            goes_on = goes_on or (tokens[at] == "(" and re.match(r"[A-Z]", following) is not None)
        if depth == 0 and not goes_on:
            break
        at += step
    return tokens[start : at + 1] if step > 0 else tokens[at : start + 1]


def is_clob(value: list[str], clobs: set[str]) -> bool:
    inner = value[: value.index("FROM")] if value[:2] == ["(", "SELECT"] else list(value)
    for place in range(len(inner) - 2, -1, -1):
        if inner[place] in NOT_CLOB and inner[place + 1] == "(":
            del inner[place : closing(inner, place + 1) + 1]
    return not clobs.isdisjoint(inner)


def clobs_of(subprogram: plsql.Subprogram) -> set[str]:
    """In upper case, as words are."""
    return {n.upper() for n in CLOBS | {n for n, t in subprogram.types.items() if t == "CLOB"}}


def compared_clobs(query: list[str], clobs: set[str]) -> list[str]:
    found, assigned = [], False
    for place, word in enumerate(query):
        assigned = (assigned or word == "SET") and word != "WHERE"
        if word in COMPARISONS and not (assigned and word == "="):
            sides = [operand(query, place, -1), operand(query, place, +1)]
            found += [" ".join(side) for side in sides if is_clob(side, clobs)]
        if word == "DISTINCT":
            selected = " ".join(query[place:])
            selected = re.split(r" FROM | \)", selected)[0]
            found += [selected] if is_clob(selected.split(), clobs) else []
    return found


@pytest.mark.parametrize(("subprogram", "query"), SQL)
def test_no_clob_is_compared_in_sql(subprogram: plsql.Subprogram, query: list[plsql.Token]) -> None:
    """SQL can only look into them (ORA-00932): LOBs Guide, operators that are supported."""
    assert compared_clobs(words(query), clobs_of(subprogram)) == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM t WHERE SUBSTR(task, 1, 1) = '{'",
        "SELECT 1 FROM t WHERE 'x' = task",
        "SELECT 1 FROM t WHERE t.payload IN (v_some)",
        "SELECT 1 FROM t WHERE 'a' || payload <> name",
        "SELECT DISTINCT payload FROM t",
        "UPDATE t SET payload = v_some WHERE payload = v_some",
    ],
)
def test_a_compared_clob_is_seen(text: str) -> None:
    assert len(compared_clobs(words(plsql.tokens(text)), {"TASK", "PAYLOAD"})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM t WHERE INSTR(task, '{') = 1 AND LENGTH(payload) < 2",
        "UPDATE t SET payload = v_some WHERE payload IS NOT NULL",
        "SELECT COUNT(DISTINCT name), payload FROM t",
    ],
)
def test_other_uses_of_clobs_are_fine(text: str) -> None:
    assert compared_clobs(words(plsql.tokens(text)), {"TASK", "PAYLOAD"}) == []


def test_columns_of_json_are_what_every_version_knows() -> None:
    body = words(plsql.tokens(rendered()["package_body"]))
    columns = [
        column for group in groups(body, "COLUMNS") for column in re.split(r" , ", " ".join(group))
    ]
    assert len(columns) > 40
    for column in columns:
        assert COLUMN.fullmatch(column), column


@pytest.mark.parametrize("subprogram", SUBPROGRAMS, ids=lambda s: s.name)
def test_ref_cursors_read_nothing_that_ends_with_the_call(subprogram: plsql.Subprogram) -> None:
    """Their rows are fetched when it has ended, and with it its temporary LOBs (ORA-22922) and its
    collections of the package's own types (ORA-22163, ORA-03113).
    """
    for query in subprogram.cursors:
        names = {token.text for token in query} & subprogram.types.keys()
        assert {subprogram.types[name] for name in names} <= COPIED


def test_collections_in_sql_are_of_types_of_the_schema() -> None:
    for subprogram in SUBPROGRAMS:
        for query in subprogram.queries:
            for (name,) in groups([t.text for t in query], "TABLE"):
                assert subprogram.types[name].startswith("SYS."), name


# Columns, variables and parameters that hold texts of callers.
TEXTS = {
    *(
        n.upper()
        for n in re.findall(r"\b(\w+) VARCHAR2\(\d+ CHAR\)", TABLES + rendered()["package_body"])
    ),
    *(n.upper() for s in SUBPROGRAMS for n, kind in s.types.items() if kind == "VARCHAR2"),
}


def loosely_compared(tokens: list[str]) -> list[str]:
    """Comparisons of texts that do not also compare their bytes."""
    found = []
    for place, word in enumerate(tokens):
        if word not in COMPARISONS or (word == "IN" and tokens[place + 1] != "("):
            continue  # of a parameter
        left, right = operand(tokens, place, -1), operand(tokens, place, +1)
        if "NLSSORT" in (left[0], right[0]):
            continue
        if not any(side[-1] in TEXTS | {"''"} for side in (left, right)):
            continue
        if word == "=" and tokens[place - len(left) - 1] in ("SET", ","):
            continue  # of an UPDATE: an assignment
        strict = ["AND", *binary(left), "=", *binary(right)]
        after = place + len(right) + 1
        if word != "=" or tokens[after : after + len(strict)] != strict:
            found.append(" ".join([*left, word, *right]))
    return found


def binary(value: list[str]) -> list[str]:
    return ["NLSSORT", "(", *value, ",", "''", ")"]


def test_texts_are_compared_by_their_bytes() -> None:
    """Whatever NLS_COMP and NLS_SORT of the session say; a constant is compared nowhere."""
    body = rendered()["package_body"]
    assert loosely_compared(words(plsql.tokens(body))) == []
    assert set(re.findall(r"NLS_SORT=\w+", body)) == {"NLS_SORT=BINARY"}
    assert {"QUEUE", "V_QUEUE", "ORDER_KEY", "IN_NAMESPACE", "RELAY"} <= TEXTS


@pytest.mark.parametrize(
    "text",
    [
        "queue = v_queue",
        "v_queue <> queue.queue AND NLSSORT(v_queue, '') = NLSSORT(queue.queue, '')",
        "namespace = v_queue AND NLSSORT(namespace, '') = NLSSORT(v_namespace, '')",
        "SUBSTR(in_queue, 1, 1) = ' '",
        "relay IN ('a', 'b')",
    ],
)
def test_a_loose_comparison_is_seen(text: str) -> None:
    assert len(loosely_compared(["(", *words(plsql.tokens(text)), ")"])) == 1


def test_no_value_depends_on_other_settings_of_the_session() -> None:
    """Dates become texts by a format and a calendar, and no number with a fraction does."""
    everything = "".join(rendered().values())
    formats = re.findall(r"TO_CHAR\([^(),]+, ([^()]+)\)", everything)
    assert set(formats) == {
        "'YYYY-MM-DD HH24:MI:SS.FF3', 'NLS_CALENDAR=GREGORIAN'",
        "'SSSSS.FF3'",
        """'YYYY-MM-DD"T"HH24:MI:SS"Z"', 'NLS_CALENDAR=GREGORIAN'""",
    }
    code = re.sub(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", "", everything, flags=re.DOTALL)
    # Without the time zone of the session, or after its conversion to UTC.
    assert not re.search(r"\b(SYSDATE|CURRENT_DATE|CURRENT_TIMESTAMP|LOCALTIMESTAMP)\b", code)
    assert len(re.findall(r"\bSYSTIMESTAMP\b", code)) == len(
        re.findall(r"\bSYS_EXTRACT_UTC\(SYSTIMESTAMP\)", code)
    )
    assert not re.search(r"\b(TO_DATE|TO_TIMESTAMP|TO_TIMESTAMP_TZ|DATE)\b", code)
