"""The dialect of Oracle, as far as it goes without a server: URLs, sessions, errors."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import oracledb
import oracledb.errors as driver
import pytest

from qtask_db import Connection, Database, errors
from qtask_db.constants import ERROR
from qtask_db.dialects.oracle import errors as oracle_errors
from qtask_db.dialects.oracle.driver import Oracle


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments that the driver gets; the last connection is under `raw`."""
    seen: dict[str, Any] = {}

    def connect(**arguments: Any) -> Any:
        seen.update(arguments, raw=SimpleNamespace())
        return seen["raw"]

    monkeypatch.setattr(oracledb, "connect", connect)
    return seen


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "oracle+oracledb://u:p%40w@db:1522/?service_name=FREEPDB1",
            {"user": "u", "password": "p@w", "host": "db", "port": 1522}
            | {"service_name": "FREEPDB1"},
        ),
        ("oracle://u:p@db/shop", {"host": "db", "port": 1521, "service_name": "shop"}),
        ("oracle://u:p@db/?sid=XE", {"host": "db", "sid": "XE"}),
        (
            "oracle://u:p@/?dsn=shop_high&config_dir=/wallet&wallet_location=/wallet"
            "&wallet_password=s",
            {"dsn": "shop_high", "config_dir": "/wallet", "wallet_location": "/wallet"}
            | {"wallet_password": "s"},
        ),
        (
            "oracle://u:p@db/shop?protocol=tcps&ssl_server_dn_match=off&tcp_connect_timeout=2.5",
            {"protocol": "tcps", "ssl_server_dn_match": False, "tcp_connect_timeout": 2.5},
        ),
        (
            "oracle://u:p@db/shop?server_type=pooled&cclass=QTASK&purity=self",
            {"server_type": "pooled", "cclass": "QTASK", "purity": oracledb.PURITY_SELF},
        ),
        (
            "oracle://u:p@db/shop",
            {"ssl_server_dn_match": True, "tcp_connect_timeout": 10, "program": "qtask-db"},
        ),
    ],
)
def test_a_url_becomes_the_drivers_arguments(
    connected: dict[str, Any], url: str, expected: dict[str, Any]
) -> None:
    Database(url).connect(autocommit=False)
    assert {name: connected.get(name) for name in expected} == expected
    assert ("host" in connected) is ("dsn" not in connected)


def test_what_a_session_is_given(connected: dict[str, Any]) -> None:
    Database("oracle://u:p@db/shop").connect(autocommit=True)
    assert vars(connected["raw"]) == {"autocommit": True, "call_timeout": 60_000}
    Database("oracle://u:p@db/shop?call_timeout=0.5&current_schema=QT").connect(autocommit=False)
    assert vars(connected["raw"]) == {
        "autocommit": False, "call_timeout": 500, "current_schema": "QT"
    }  # fmt: skip


class Session:
    """As much of a connection as a look at one that has idled needs."""

    autocommit = True
    call_timeout = 60_000

    def __init__(self, *, healthy: bool = True, answers: bool = True) -> None:
        self._healthy, self._answers = healthy, answers
        self.waited: list[int] = []

    def is_healthy(self) -> bool:
        return self._healthy

    def ping(self) -> None:
        self.waited.append(self.call_timeout)
        if not self._answers:
            raise of_driver(0, "DPY-4024", "DPY-4024: call timeout of 3000 ms exceeded")


@pytest.mark.parametrize(
    ("session", "idle", "usable", "waited"),
    [
        (Session(), 9.0, True, []),
        (Session(), 11.0, True, [3000]),
        (Session(answers=False), 11.0, False, [3000]),
        (Session(healthy=False), 0.0, False, []),
    ],
    ids=["used lately", "idle", "forgotten", "ended"],
)
def test_a_connection_that_idled_is_looked_at(
    session: Session, idle: float, usable: bool, waited: list[int]
) -> None:
    assert Connection(session, Oracle(), "qtask_").usable(idle) is usable
    assert (session.waited, session.call_timeout) == (waited, 60_000)


def test_firewalls_see_a_packet_each_minute(connected: dict[str, Any]) -> None:
    Database("oracle://u:p@db/shop").connect()
    assert connected["expire_time"] == 1
    Database("oracle://u:p@db/shop?expire_time=5").connect()
    assert connected["expire_time"] == 5


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://u:s3cret@db", "names no service"),
        ("oracle://u:s3cret@one,two/shop", "names several hosts: give the dsn option"),
        ("oracle://u:s3cret@db/shop?ssl_server_dn_match=maybe", "must be on or off"),
        ("oracle://u:s3cret@db/shop?purity=old", "purity must be new or self"),
        ("oracle://u:s3cret@db/shop?call_timeout=soon", "call_timeout .* must be a number"),
        ("oracle://u:s3cret@db/shop?ssl_ca=x", "'ssl_ca' is not an option of a database URL"),
    ],
)
def test_a_url_that_is_not_understood_is_refused(
    connected: dict[str, Any], url: str, words: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=words) as caught:
        Database(url).connect()
    assert "s3cret" not in str(caught.value)
    assert connected == {}


def test_passwords_are_not_shown() -> None:
    shown = str(Database("oracle://u:s3cret@/?dsn=shop&wallet_password=s3cret&expire_time=1"))
    assert shown == "oracle://u:***@/?dsn=shop&wallet_password=***&expire_time=1"


def of_driver(code: int, full_code: str, message: str, recoverable: bool = False) -> Exception:
    return oracledb.DatabaseError(
        SimpleNamespace(code=code, full_code=full_code, message=message, isrecoverable=recoverable)
    )


def ora(code: int, text: str = "x", recoverable: bool = False) -> Exception:
    return of_driver(code, f"ORA-{code:05}", f"ORA-{code:05}: {text}", recoverable)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ora(60), errors.Conflict),
        (ora(54), errors.Conflict),
        (ora(8177), errors.Conflict),
        (ora(4068), errors.Conflict),
        (ora(4061), errors.Conflict),
        (ora(1017), errors.AccessDenied),
        (ora(1031), errors.AccessDenied),
        (ora(1045), errors.AccessDenied),
        (ora(942), errors.NotInstalled),
        (ora(4043), errors.NotInstalled),
        (ora(4067), errors.NotInstalled),
        (ora(6550, "line 1\nPLS-00201: identifier 'QTASK.X' ..."), errors.NotInstalled),
        (ora(6550, "line 1\nPLS-00103: Encountered ..."), errors.DatabaseError),
        (ora(6502), errors.InvalidArgument),
        (ora(12899), errors.InvalidArgument),
        (ora(3113), errors.DatabaseUnavailable),
        (ora(12541), errors.DatabaseUnavailable),
        (ora(99999, recoverable=True), errors.DatabaseUnavailable),
        (of_driver(3113, "DPY-4011", "DPY-4011: closed"), errors.DatabaseUnavailable),
        (of_driver(0, "DPY-4024", "DPY-4024: call timeout"), errors.DatabaseUnavailable),
        (of_driver(0, "DPY-6005", "DPY-6005: cannot connect"), errors.DatabaseUnavailable),
        (of_driver(0, "DPY-4001", "DPY-4001: no credentials"), errors.AccessDenied),
        (of_driver(0, "DPY-4000", "DPY-4000: no such entry"), errors.ConfigurationError),
        (ora(2049), errors.Conflict),
        (ora(1591), errors.Conflict),
        (ora(63300), errors.Conflict),
        (ora(257), errors.DatabaseUnavailable),
        (ora(1035), errors.DatabaseUnavailable),
        (ora(4031), errors.DatabaseUnavailable),
        (ora(30036), errors.DatabaseUnavailable),
        (ora(12526), errors.DatabaseUnavailable),
        (ora(12527), errors.DatabaseUnavailable),
        (ora(12592), errors.DatabaseUnavailable),
        (ora(25404), errors.DatabaseUnavailable),
        (ora(25409), errors.DatabaseUnavailable),
        (ora(12154), errors.ConfigurationError),
        (ora(12506), errors.AccessDenied),
        (ora(980), errors.NotInstalled),
        (ora(1653), errors.DatabaseUnavailable),
        (ora(1456), errors.DatabaseError),
        (of_driver(0, "DPY-4028", "DPY-4028: server_type"), errors.ConfigurationError),
        (of_driver(0, "DPY-6006", "DPY-6006: certificate"), errors.ConfigurationError),
        (of_driver(0, "DPY-6001", "DPY-6001: service"), errors.DatabaseUnavailable),
        (ora(600), errors.DatabaseError),
        (oracledb.InterfaceError("not made by the driver"), errors.DatabaseError),
    ],
    ids=str,
)
def test_errors_are_sorted_by_their_numbers(error: Exception, kind: type) -> None:
    assert type(Oracle().translate(error)) is kind


def test_what_the_driver_takes_for_a_lost_or_passing_connection() -> None:
    """Its own lists: what ends a session, and what may be tried again."""
    lost = driver.ERR_CONNECTION_CLOSED
    dead = {code for code, number in driver.ERR_ORACLE_ERROR_XREF.items() if number == lost}
    codes = dead | set(driver.ERR_RECOVERABLE_ERROR_CODES)
    assert len(codes) > 30
    for code in codes:
        error = oracledb.DatabaseError(driver._Error(f"ORA-{code:05}: x", code=code))
        assert type(Oracle().translate(error)) is errors.DatabaseUnavailable, code


def test_each_error_of_the_driver_that_we_name_exists() -> None:
    named = {
        int(name[4:])
        for kind in vars(oracle_errors).values()
        if isinstance(kind, set)
        for name in kind
        if isinstance(name, str)
    }
    assert named <= driver.ERR_MESSAGE_FORMATS.keys()


class Refusing:
    """A connection whose calls are refused, and leave a transaction."""

    def __init__(self, autocommit: bool, in_progress: bool = False) -> None:
        self.autocommit = autocommit
        self.transaction_in_progress = in_progress
        self.rolled_back = False

    def is_healthy(self) -> bool:
        return True

    def cursor(self) -> Any:
        return contextlib.nullcontext(self)

    def callproc(self, *_arguments: Any) -> None:
        self.transaction_in_progress = True
        raise ora(ERROR["task_not_found"])

    def rollback(self) -> None:
        self.transaction_in_progress, self.rolled_back = False, True


@pytest.mark.parametrize(
    ("raw", "rolled_back"),
    [(Refusing(True), True), (Refusing(False), False), (Refusing(True, True), False)],
)
def test_a_refused_call_leaves_no_transaction_that_it_began(
    raw: Refusing, rolled_back: bool
) -> None:
    """An empty one would keep the next call from being repeated, and a scan from being made."""
    with pytest.raises(errors.TaskNotFound):
        Connection(raw, Oracle(), "qtask_").call("finish_task", 1, 1)
    assert raw.rolled_back is rolled_back
    assert raw.transaction_in_progress is not rolled_back


@pytest.mark.parametrize(
    ("code", "text", "repeated"),
    [
        (4063, 'package body "TASKS.QTASK" has errors', True),
        (4067, 'not executed, package body "TASKS.QTASK" does not exist', True),
        (6550, "line 1\nPLS-00905: object TASKS.QTASK is invalid", True),
        (6550, "line 1\nPLS-00201: identifier 'QTASK.NEXT_DUE' must be declared", False),
        (942, "table or view does not exist", False),
    ],
)
def test_a_package_that_is_being_replaced_is_called_again(
    code: int, text: str, repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def call(_dialect: Oracle, _raw: Any, _prefix: str, verb: str, *_rest: Any) -> Any:
        tries.append(verb)
        if len(tries) == 1:
            raise ora(code, text)
        return (5,), []

    monkeypatch.setattr(Oracle, "call", call)
    monkeypatch.setattr(Oracle, "own_transaction", lambda *_: True)
    conn = Connection(SimpleNamespace(), Oracle(), "qtask_")
    if repeated:
        assert conn.call("next_due") == ((5,), [])
    else:
        with pytest.raises(errors.NotInstalled):
            conn.call("next_due")
    assert len(tries) == 1 + repeated


def test_what_is_not_the_drivers_is_not_translated() -> None:
    assert Oracle().translate(ValueError("x")) is None


@pytest.mark.parametrize("name", ERROR)
def test_an_error_of_a_procedure_has_its_text_alone(name: str) -> None:
    raised = ora(
        ERROR[name], 'the text: of it\nORA-06512: at "QTASK.QTASK", line 7\nHelp: https://'
    )
    found = Oracle().translate(raised)
    assert isinstance(found, errors.ProcedureError)
    assert (found.number, str(found)) == (ERROR[name], "the text: of it")
