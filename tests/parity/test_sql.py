"""Every dialect has the same procedures, parameters, headers and errors, written the same way."""

from __future__ import annotations

import re
from itertools import groupby

import pytest
from procedures import ALL, DIALECTS, PUBLIC, SQL, each_procedure
from sqlapi import TITLES

from qtask_db.constants import CONSTANTS, ERROR
from qtask_db.errors import ProcedureError
from qtask_db.schema.render import INDEX, MACROS, folder_of
from qtask_db.settings import DEFAULT_PREFIX

SECTIONS = ["Parameters", "Result", "Errors", "Transaction"]
# One JSON object on MySQL, which has no defaults for parameters.
TASK_OPTIONS = [
    "in_namespace", "in_order_no", "in_deadline", "in_delete_deadline", "in_max_count",
    "in_on_failure",
]  # fmt: skip
SCHEDULE_OPTIONS = [
    "in_namespace", "in_misfire", "in_max_catch_up", "in_overlap", "in_owner", "in_deadline",
    "in_delete_deadline", "in_max_count", "in_on_failure",
]  # fmt: skip
OPTIONS = {*TASK_OPTIONS, *SCHEDULE_OPTIONS}

every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


@every_dialect
def test_the_index_names_the_files(dialect: str) -> None:
    listed = [
        (folder_of(kind, entry), entry["name"])
        for kind in ("procedure", "view", "event")
        for entry in INDEX[kind]
        if entry.get("dialect", dialect) == dialect
    ]
    paths = list((SQL / dialect).rglob("*.sql"))
    files = {(str(path.parent.relative_to(SQL / dialect)), path.stem) for path in paths}
    # Files without an entry are of the installation.
    assert set(listed) <= files
    assert all(folder.startswith("install") for folder, _ in files - set(listed))
    # A template includes another by its name alone.
    assert len({path.stem for path in paths}) == len(paths)
    assert {path.stem for path in paths if path.parent.name == "macros"} == set(MACROS)


def test_the_index_is_grouped_and_gives_a_reason() -> None:
    public = [entry for entry in INDEX["procedure"] if "role" in entry]
    internal = [entry for entry in INDEX["procedure"] if "role" not in entry]
    assert INDEX["procedure"] == [*public, *internal]
    assert all("example" in entry for entry in public)
    assert not any("example" in entry for entry in internal)
    assert [group for group, _ in groupby(entry["group"] for entry in public)] == list(TITLES)
    groups = [group for group, _ in groupby(entry["group"] for entry in internal)]
    assert len(groups) == len(set(groups))
    for entry in (entry for kind in INDEX if kind != "retired" for entry in INDEX[kind]):
        assert ("dialect" in entry) is bool(entry.get("why")), entry["name"]
    assert not any("dialect" in entry for entry in public)


@every_dialect
def test_names_are_short_enough(dialect: str) -> None:
    names = [DEFAULT_PREFIX + entry["name"] for kind in INDEX.values() for entry in kind]
    for found in ALL[dialect].values():
        names += [name for _, name in found.parameters] + [name for name, _ in found.locals]
    assert [
        name for name in names if len(name) > 30 or not re.fullmatch(r"[a-z][a-z0-9_]*", name)
    ] == []


@each_procedure
def test_parameters_and_locals_say_what_they_are(dialect: str, name: str) -> None:
    found = ALL[dialect][name]
    for mode, parameter in found.parameters:
        assert parameter.startswith("in_" if mode == "IN" else "out_"), parameter
    # The outs come last, in the order in which they are returned; only options may follow them.
    modes = [mode for mode, parameter in found.parameters if parameter not in OPTIONS]
    if name in PUBLIC:
        assert modes == sorted(modes)
        assert "INOUT" not in modes
    for local, kind in found.locals:
        assert local.startswith("c_" if kind == "CURSOR" else "v_"), local


@every_dialect
@pytest.mark.parametrize("name", PUBLIC)
def test_the_header_has_its_sections_in_order(dialect: str, name: str) -> None:
    found = ALL[dialect][name]
    assert found.sections == [s for s in SECTIONS if s in found.sections], "in another order"
    optional = {"Result"} | ({"Parameters"} if not found.parameters else set())
    assert set(SECTIONS) - optional <= set(found.sections)
    first = found.header.strip().splitlines()[0]
    assert re.match(r"[A-Z]\w+s ", first) or first.startswith(("Heartbeat", "Says")), first
    assert not re.search(r"(?i)author|calls:|version", found.header)


@every_dialect
@pytest.mark.parametrize("name", PUBLIC)
def test_the_header_tells_of_every_parameter(dialect: str, name: str) -> None:
    found = ALL[dialect][name]
    names = [p for mode, p in found.parameters if mode == "IN"]
    assert list(found.told("Parameters")) == names
    names = [p for mode, p in found.parameters if mode == "OUT" and p != "out_rows"]
    assert list(found.told("Result")) == names


@every_dialect
@pytest.mark.parametrize("name", PUBLIC)
def test_the_header_names_errors_that_exist(dialect: str, name: str) -> None:
    text = re.sub(r"\([^)]*\)", "", ALL[dialect][name].section("Errors"), flags=re.DOTALL)
    told = re.findall(r"[a-z]\w+", text)
    assert told
    assert set(told) <= set(ERROR)
    assert len(set(told)) == len(told)


@every_dialect
def test_the_headers_name_every_error(dialect: str) -> None:
    told = " ".join(ALL[dialect][name].section("Errors") for name in PUBLIC)
    assert {name for name in ERROR if re.search(rf"\b{name}\b", told)} == set(ERROR)


@every_dialect
@pytest.mark.parametrize("name", PUBLIC)
def test_what_a_procedure_raises_itself_is_in_its_header(dialect: str, name: str) -> None:
    found = ALL[dialect][name]
    raised = {
        int(n)
        for n in re.findall(r"(?:MYSQL_ERRNO = |RAISE_APPLICATION_ERROR\(-)(\d+)", found.text)
    }
    names = {number: error for error, number in ERROR.items()}
    told = set(re.findall(r"[a-z]\w+", found.section("Errors")))
    assert {names[number] for number in raised} <= told


@every_dialect
@pytest.mark.parametrize("name", PUBLIC)
def test_the_header_says_whose_transaction_it_is(dialect: str, name: str) -> None:
    found = ALL[dialect][name]
    own = "begin_work" in found.text
    told = found.section("Transaction").strip()
    assert told == ("Commits by itself." if own else "Joins the caller's.")
    assert ("transaction_open" in found.section("Errors")) is (told == "Commits by itself.")


@each_procedure
def test_an_internal_procedure_says_so(dialect: str, name: str) -> None:
    assert ALL[dialect][name].header.startswith("Internal: ") is (name not in PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_dialects_have_the_same_parameters_and_headers(name: str) -> None:
    mysql, oracle = (ALL[dialect][name] for dialect in ("mysql", "oracle"))
    parameters = [p for p in mysql.parameters if p[1] != "in_options"]
    if parameters != mysql.parameters:
        options = SCHEDULE_OPTIONS if name == "set_schedule" else TASK_OPTIONS
        parameters += [("IN", option) for option in options]
    if re.search(r"\brows?\b", mysql.section("Result")):
        parameters.append(("OUT", "out_rows"))
    assert oracle.parameters == parameters

    for title in ("", "Result", "Transaction"):
        assert oracle.section(title).split() == mysql.section(title).split()
    ours, theirs = oracle.told("Parameters"), mysql.told("Parameters")
    assert {n: ours[n] for n in ours.keys() & theirs} == {
        n: theirs[n] for n in theirs if n != "in_options"
    }
    errors = mysql.section("Errors")
    if "in_options" in theirs:
        errors = errors.replace("unknown_option, ", "")  # Oracle has one parameter each
    assert oracle.section("Errors").split() == errors.split()


def raised(dialect: str, *names: str) -> set[tuple[str, str]]:
    """Numbers and texts."""
    texts = "\n".join(ALL[dialect][name].text for name in names)
    pattern = r"(?:MYSQL_ERRNO = |RAISE_APPLICATION_ERROR\(-)(\d+), (?:MESSAGE_TEXT = )?'([^']*)'"
    return set(re.findall(pattern, texts))


@pytest.mark.parametrize("name", PUBLIC)
def test_dialects_raise_the_same(name: str) -> None:
    mysql, oracle = raised("mysql", name), raised("oracle", name)
    assert oracle <= mysql
    # A check that two verbs need is internal on Oracle. Its limit of nesting is one of them, and
    # its driver refuses texts that are not Unicode.
    internal = raised("oracle", *(n for n in ALL["oracle"] if n not in PUBLIC))
    special = re.compile("nested too deeply|characters of Unicode")
    assert {error for error in mysql - oracle if not special.search(error[1])} <= internal


@pytest.mark.parametrize(
    "path",
    [path.relative_to(SQL).as_posix() for path in sorted(SQL.rglob("*.sql"))],
)
def test_the_style_of_a_template(path: str) -> None:
    source = (SQL / path).read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/|--.*?$|'(?:[^']|'')*'", "", source, flags=re.DOTALL | re.MULTILINE)
    assert "SELECT *" not in code
    assert not re.search(r"status\s*(=|<>|IN)\s*\(?\d", code), "a status by its number"
    assert not re.search(r"MYSQL_ERRNO\s*=\s*\d|ERROR\s*\(-\d", code), "an error by its number"
    assert not re.search(r"\{%-?\s*if\s+dialect", source)
    assert not re.search(r"(?<!@)@\w", code), "a user variable"
    assert "\t" not in source
    assert source.endswith("\n")
    assert not re.search(r"[ ]+$", source, flags=re.MULTILINE)


def test_constants_and_classes_are_the_same() -> None:
    numbers = {c.__name__: n for n, c in ProcedureError.by_number.items()}
    assert numbers == {name.title().replace("_", ""): number for name, number in ERROR.items()}


def test_constants_are_sound() -> None:
    default, limit = CONSTANTS["default"], CONSTANTS["limit"]
    assert len(set(CONSTANTS["status"].values())) == len(CONSTANTS["status"]) == 5
    assert 0 < default["payload_limit"] <= limit["payload_limit"]
    assert 0 < default["max_count"] <= limit["max_count"]
    assert all(
        0 < default[n] <= limit["seconds"]
        for n in ("deadline", "keep_unfinished", "batch_lease", "push_grace")
    )


def test_every_verb_has_a_contract_test() -> None:
    folder = SQL.parent / "tests" / "contract"
    public = [entry for entry in INDEX["procedure"] if "role" in entry]
    paths = [folder / entry["group"] / f"test_{entry['name']}.py" for entry in public]
    missing = [path.name for path in paths if not path.is_file()]
    assert missing == []


def test_the_contract_names_no_dialect() -> None:
    folder = SQL.parent / "tests" / "contract"
    words = re.compile(r"(?i)mysql|mariadb|oracle|innodb|oracledb")
    found = {p.name: words.findall(p.read_text(encoding="utf-8")) for p in folder.rglob("*.py")}
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize("name", ALL["mysql"])
def test_every_text_has_its_character_set_and_collation(name: str) -> None:
    """Else it has the schema's, as columns of JSON_TABLE do: names that do not fit there would be
    lost, and characters without a weight would count as blanks.
    """
    text = re.sub(
        r"/\*.*?\*/|--.*?$|'(?:[^']|'')*'", "", ALL["mysql"][name].text, flags=re.S | re.M
    )
    kinds = re.findall(
        r"\b(?:(?:LONG|MEDIUM|TINY)?TEXT|(?:VAR)?CHAR(?: ?\(\d+\))?)\b(?! ?\(\w)(.{0,45})", text
    )
    assert [
        k for k in kinds if not k.startswith(" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    ] == []


@pytest.mark.parametrize("name", ALL["mysql"])
def test_no_setting_of_the_session_changes_how_a_transaction_ends(name: str) -> None:
    """completion_type would begin the next one, or end the connection."""
    ends = re.findall(r"\b(?:COMMIT|ROLLBACK)\b(?! TO)[^;]*;", ALL["mysql"][name].text)
    assert [e for e in ends if not e.endswith(" AND NO CHAIN NO RELEASE;")] == []


@each_procedure
def test_no_loop_is_endless(dialect: str, name: str) -> None:
    """A loop goes through rows or a list, or counts its tries or its time."""
    text = ALL[dialect][name].text
    loops = re.findall(r"^ *(?:\w+: )?(?:WHILE\b.*|LOOP|REPEAT)$", text, flags=re.MULTILINE)
    rows = re.findall(
        r"IF v_done\b|EXIT WHEN|WHILE v_place < (?:v_due\b|v_count\b|LENGTH)|WHILE v_rest <> ''",
        text,
    )
    counts = re.findall(r"\bv_(?:race|races|tries) > \d+|v_depth <= \d+|v_rounds = \d+", text)
    counts += re.findall(r"\bv_left <= 0\b|\bout_slept < in_rest\b", text)
    assert len(loops) <= len(rows) + len(counts)
