"""Parameters are read from a procedure's text in either dialect; any other text is an error."""

from __future__ import annotations

import pytest

from qtask_db.dialects.signature import Parameter, parse, read
from qtask_db.schema.render import INDEX, Renderer, dialects
from qtask_db.settings import Settings

MYSQL = """\
{#- Before it. -#}
CREATE PROCEDURE {{ p }}list_tasks (
  IN in_queue {{ text }},
  IN in_limit BIGINT UNSIGNED,
  INOUT out_task_id BIGINT,
  OUT out_name VARCHAR({{ limit.name }}) CHARACTER SET utf8mb4
)
COMMENT '{{ comment }}'
BEGIN
  SET in_limit = (1);
END
"""
ORACLE = """\
PROCEDURE list_tasks (
  in_queue IN VARCHAR2,
  out_ids IN OUT NOCOPY ids,
  out_number OUT NUMBER,
  out_rows OUT SYS_REFCURSOR,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
IS
BEGIN
  NULL;
END list_tasks;
"""


def test_mysql_says_the_mode_first() -> None:
    found = parse(MYSQL)
    assert found.parameters == (
        Parameter("in_queue", "IN", "{{ text }}", False),
        Parameter("in_limit", "IN", "BIGINT UNSIGNED", False),
        Parameter("out_task_id", "INOUT", "BIGINT", False),
        Parameter("out_name", "OUT", "VARCHAR({{ limit.name }}) CHARACTER SET utf8mb4", False),
    )
    assert (list(found.inputs), found.options, found.rows) == (["in_queue", "in_limit"], [], False)


def test_oracle_says_the_name_first_and_may_leave_out_what_has_a_default() -> None:
    found = parse(ORACLE)
    assert found.parameters == (
        Parameter("in_queue", "IN", "VARCHAR2", False),
        Parameter("out_ids", "INOUT", "ids", False),
        Parameter("out_number", "OUT", "NUMBER", False),
        Parameter("out_rows", "OUT", "SYS_REFCURSOR", False),
        Parameter("in_namespace", "IN", "VARCHAR2", True),
    )
    assert [out.name for out in found.outs] == ["out_number"]
    assert (found.options, found.rows) == (["in_namespace"], True)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE PROCEDURE {{ p }}begin_work ()\nBEGIN\nEND\n",
        "PROCEDURE begin_work\nIS\nBEGIN\n  NULL;\nEND begin_work;\n",
    ],
)
def test_a_procedure_may_have_none(text: str) -> None:
    assert parse(text).parameters == ()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (" (\n", " (\n\n"),
        ("  in_queue IN VARCHAR2", " in_queue IN VARCHAR2"),
        ("in_queue IN VARCHAR2", "in_queue VARCHAR2"),
        ("in_queue IN VARCHAR2", "in_queue IN "),
        ("in_queue IN VARCHAR2", "in-queue IN VARCHAR2"),
        ("VARCHAR2,", "VARCHAR2"),
        ("VARCHAR2,", "VARCHAR2,,"),
        ("DEFAULT NULL", "DEFAULT NULL,"),
    ],
)
def test_what_does_not_fit_is_refused(right: str, wrong: str) -> None:
    assert right in ORACLE
    with pytest.raises(ValueError, match="declares no parameter"):
        parse(ORACLE.replace(right, wrong, 1))


def test_another_text_declares_no_procedure() -> None:
    with pytest.raises(ValueError, match="no procedure is declared"):
        parse("CREATE VIEW {{ p }}task_list AS\nSELECT 1\n")


@pytest.mark.parametrize("dialect", dialects())
def test_a_call_needs_no_renderer_to_know_its_parameters(dialect: str) -> None:
    renderer = Renderer(dialect, Settings())
    for entry in INDEX["procedure"]:
        if "role" in entry:
            raw, rendered = read(dialect, entry["name"]), parse(renderer.render(entry["name"]))
            assert [(p.name, p.mode) for p in raw.parameters] == [
                (p.name, p.mode) for p in rendered.parameters
            ]
            if dialect == "oracle":  # which is sent each value by its type
                assert raw == rendered
