"""The servers' and drivers' errors that a call can meet, and what each means for its caller."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import oracledb
import pymysql
import pytest
import redis
from redis._parsers import BaseParser

from qtask_db.dialects import of_scheme
from qtask_db.dialects.mysql import errors as mysql_errors
from qtask_db.dialects.oracle import errors as oracle_errors
from qtask_db.doctor.advice import advice
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    InvalidArgument,
    NotInstalled,
    QtaskError,
)
from qtask_db.transport.commands import concerns_one_queue

LOST, DENIED = DatabaseUnavailable, AccessDenied

MYSQL: dict[type[QtaskError], str] = {
    LOST: """
        0 closed  1021 disk_full  1026 error_on_write  1028 filsort_abort  1030 get_errno
        1036 open_as_readonly  1037 outofmemory  1040 con_count  1041 out_of_resources
        1042 bad_host  1043 handshake  1047 unknown_com  1053 server_shutdown  1080 forcing_close
        1114 record_file_full  1129 host_is_blocked  1135 cant_create_thread
        1152 aborting_connection  1156 packets_out_of_order  1158 net_read  1159 read_interrupted
        1160 error_on_write  1161 write_interrupted  1184 new_aborting_connection
        1203 too_many_user_connections  1206 lock_table_full  1226 user_limit_reached
        1290 option_prevents_statement  1317 query_interrupted  1637 too_many_concurrent_trxs
        1811 io_write  1836 read_only_mode  1874 innodb_read_only  1878 temp_file_write
        1881 innodb_forced_recovery  1927 connection_killed  1931 query_exceeded_rows
        1969 statement_timeout  2002 connection  2003 conn_host  2005 unknown_host
        2006 server_gone  2008 out_of_memory  2012 server_handshake  2013 server_lost
        2014 commands_out_of_sync  2027 malformed_packet  2055 server_lost_extended
        3015 engine_out_of_memory  3019 innodb_undo_log_full  3024 query_timeout
        3032 server_offline_mode  3044 std_bad_alloc  3098 before_dml_validation  3100 run_hook
        3168 server_isnt_available  3169 session_was_killed  3675 disk_full_nowait
        3781 gr_hold_wait_timeout  3782 gr_hold_killed  3783 gr_hold_member_status
        3797 grp_trx_consistency_before  3985 mdl_out_of_resources  3989 schema_read_only
        4031 client_interaction_timeout  4081 da_global_conn_limit  4139 index_file_full
        6400 server_offline_mode_reason  9001 proxysql_connect_timeout
    """,
    Conflict: """
        1020 checkread  1180 error_during_commit  1205 lock_wait_timeout  1213 lock_deadlock
        1402 xa_rbrollback  1412 table_def_changed  1467 autoinc_read_failed  1613 xa_rbtimeout
        1614 xa_rbdeadlock  1615 need_reprepare  1689 lock_aborted  1964 prior_commit_failed
        3058 user_lock_deadlock  3101 transaction_rollback_during_commit  3132 locking_deadlock
        3572 lock_nowait
    """,
    DENIED: """
        1044 dbaccess  1045 access  1095 kill  1130 host_not_privileged  1142 tableaccess
        1143 columnaccess  1227 specific_access  1251 not_supported_auth_mode  1370 procaccess
        1524 plugin_is_not_loaded  1698 access_no_password  1820 must_change_password
        1862 must_change_password_login  1873 change_user  2059 auth_plugin  2061 auth_plugin_err
        3118 account_locked  3159 secure_transport_required  3164 audit_api_abort
        3530 role_not_granted  3879 db_access  3955 blocked_by_password_lock  4150 user_is_blocked
        4151 account_locked  6038 specific_access  6126 no_proxy_grant  6444 firewall
    """,
    NotInstalled: """
        1054 bad_field  1146 no_such_table  1305 sp_does_not_exist  1318 wrong_no_of_args
        1356 view_invalid
    """,
    ConfigurationError: "1046 no_db  1049 bad_db",
    InvalidArgument: """
        1264 out_of_range  1265 truncated  1292 wrong_value  1300 invalid_character
        1366 wrong_value_for_field  1406 data_too_long  3140 json_text  3141 json_text_in_param
        3157 json_too_deep
    """,
    DatabaseError: """
        1048 bad_null  1062 dup_entry  1064 parse  1105 unknown  1172 too_many_rows
        1175 update_without_key  1197 trans_cache_full  1267 collations  1364 no_default
        1415 sp_no_retset  1418 binlog_unsafe_routine  1436 stack_overrun  1442 cant_update_used
        1449 no_such_user  1451 row_is_referenced  1456 sp_recursion_limit  1568 cant_change_tx
        1644 signal_exception  1665 binlog_stmt_mode_and_row_engine  1690 data_out_of_range
        1712 index_corrupt  1785 gtid_unsafe  1792 read_only_transaction  1877 table_corrupt
        1932 not_in_engine  3636 cte_max_recursion_depth  3819 check_constraint  4025 constraint
        2026 ssl_connection  9999 unheard_of  -1 none
    """,
}

ORACLE: dict[type[QtaskError], str] = {
    LOST: """
        18 19 20 22 28 31 40 45 51 52 55 257 376 1012 1013 1033 1034 1035 1041 1089 1090 1092 1094
        1109 1115 1157 1219 1536 1628 1631 1632 1652 1653 1654 1659 1688 1691 2391 2393 2396 2399
        3113 3114 3135 4030 4031 4036 12150 12153 12170 12203 12500 12505 12514 12516 12518 12519
        12520 12526 12527 12528 12535 12537 12541 12543 12545 12547 12560 12570 12571 12606 12609
        12637 12757 16000 16456 19809 25401 25402 25403 25405 25408 25425 27072 29740 30036
        DPY-1001 DPY-4005 DPY-4011 DPY-4024 DPY-4033 DPY-4035 DPY-5001 DPY-5006 DPY-6000 DPY-6001
        DPY-6003 DPY-6005
    """,
    Conflict: "54 60 104 1555 1591 2049 4020 4021 4061 4065 4068 8103 8176 8177 12829 12860 24761 "
    "30006",
    DENIED: "1005 1017 1031 1039 1045 1950 28000 28001 28009 28040 28115 28150 41900 47400 "
    "65162 DPY-2033 DPY-4001",
    NotInstalled: "942 980 1775 4042 4043 4045 4063 4067 6508 6564",
    ConfigurationError: """
        12154 12162 DPY-2018 DPY-2049 DPY-3010 DPY-3015 DPY-4000 DPY-4017 DPY-4018 DPY-4026 DPY-4027
        DPY-6002 DPY-6008
    """,
    InvalidArgument: "1426 1438 1461 1722 6502 12899 22835 DPY-3002 DPY-4003",
    DatabaseError: """
        1 600 904 932 1400 1403 1422 2290 2291 2292 4091 6512 6530 6531 6550 22922 24338
        DPY-2010 DPY-3005
    """,
}

REDIS_SERVER = [
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "OOM command not allowed when used memory > 'maxmemory'. script: 5c4, on @user_script:4.",
    "ERR Error running script (call to f_5c4): @user_script:4: @user_script: 4: -OOM command not",
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk.",
    "NOREPLICAS Not enough good replicas to write.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "DENIED Redis is running in protected mode because protected mode is enabled",
    "UNKILLABLE Sorry the script already executed write commands against the dataset.",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "CLUSTERDOWN The cluster is down",
    "ERR max number of clients reached",
    "NOPERM User shop has no permissions to run the 'rpush' command",
]
REDIS_QUEUE = [
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "NOPERM No permissions to access a key",
    "NOPERM this user has no permissions to access one of the keys used as arguments",
    "MOVED 866 10.0.0.1:6379",
    "ASK 866 10.0.0.1:6379",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "CROSSSLOT Keys in request don't hash to the same slot",
    "CLUSTERDOWN Hash slot not served",
    "NOGROUP No such key 'Q' or consumer group 'qtask' in XREADGROUP with GROUP option",
    "NOSCRIPT No matching script. Please use EVAL.",
    "EXECABORT Transaction discarded because of previous errors.",
    "BUSYGROUP Consumer Group name already exists",
    "ERR wrong number of arguments for 'lpop' command",
]


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split() if word.lstrip("-").isdigit()]


@pytest.mark.parametrize(
    ("number", "kind"), [(n, kind) for kind, text in MYSQL.items() for n in numbers(text)]
)
def test_mysql_and_mariadb(number: int, kind: type[QtaskError]) -> None:
    text = "what 20106 said"
    error = pymysql.OperationalError(number if number >= 0 else text, text)
    found = of_scheme("mysql").translate(error)
    assert type(found) is kind
    assert text in str(found)


def test_mysqlclient_has_the_same_numbers() -> None:
    driver = pytest.importorskip("MySQLdb", reason="pip install mysqlclient")
    translate = of_scheme("mysql").translate
    for kind, text in MYSQL.items():
        for number in numbers(text):
            assert type(translate(driver.OperationalError(number, "x"))) is kind, number


@pytest.mark.parametrize(
    ("number", "kind"), [(n, kind) for kind, text in ORACLE.items() for n in text.split()]
)
def test_oracle(number: str, kind: type[QtaskError]) -> None:
    code = int(number) if number.isdigit() else 0
    full_code = f"ORA-{code:05}" if code else number
    details = SimpleNamespace(code=code, full_code=full_code, message=f"{full_code}: what it said")
    found = of_scheme("oracle").translate(oracledb.DatabaseError(details))
    assert type(found) is kind
    assert f"{full_code}: what it said" in str(found)


@pytest.mark.parametrize("text", REDIS_SERVER + REDIS_QUEUE)
def test_redis(text: str) -> None:
    error = BaseParser.parse_error(text)
    assert isinstance(error, redis.RedisError)
    assert concerns_one_queue(error) is (text in REDIS_QUEUE)


@pytest.mark.parametrize(
    "error", [redis.ConnectionError("x"), redis.TimeoutError("x"), OSError(113, "x")]
)
def test_redis_that_cannot_be_reached(error: Exception) -> None:
    assert not concerns_one_queue(error)


@pytest.mark.parametrize("module", [mysql_errors, oracle_errors])
def test_a_number_means_one_thing(module: Any) -> None:
    names = ("UNAVAILABLE", "CONFLICT", "DENIED", "NOT_INSTALLED", "ARGUMENT", "CONFIGURATION")
    seen = Counter(number for name in names for number in getattr(module, f"_{name}"))
    assert [number for number, times in seen.items() if times > 1] == []


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.Error("Already closed"),
        pymysql.err.InternalError("Packet sequence number wrong - got 2 expected 1"),
        pymysql.err.InterfaceError(0, ""),
    ],
    ids=str,
)
def test_a_lost_connection_without_a_number(error: Exception) -> None:
    assert type(of_scheme("mysql").translate(error)) is DatabaseUnavailable


@pytest.mark.parametrize(
    ("number", "text", "words"),
    [
        (1290, "running with the --read-only option", "takes no writes"),
        (1040, "Too many connections", "no connection left"),
        (1114, "The table 'qtask_task' is full", "no room left"),
        (1021, "Disk full (/tmp); waiting for someone to free some space", "no room left"),
        (1041, "Out of memory", "short of memory"),
        (1969, "interrupted (max_statement_time exceeded)", "a time limit"),
        (1317, "Query execution was interrupted", "run it again"),
        (1370, "execute command denied to user 'a'@'%' for routine 'x'", "SET DEFAULT ROLE"),
        (1044, "Access denied for user 'a'@'%' to database 'x'", "SET DEFAULT ROLE"),
        (1045, "Access denied for user 'a'@'%' (using password: YES)", "user and password"),
        (1142, "INSERT command denied to user 'a'@'%' for table 'x'", "render --grants"),
        (1862, "Your password has expired", "expired or the account is locked"),
        (3159, "Connections using insecure transport are prohibited", "ssl_mode=required"),
        (2003, "Can't connect to MySQL server on 'h'", "host and port"),
        (2013, "Lost connection during query", "host and port"),
        (3, "Error writing file '/tmp/MY' (errno: 28 - No space left on device)", "no room left"),
        (1305, "PROCEDURE shop.qtask_create_task does not exist", ""),
    ],
)
def test_the_advice_names_the_cause(number: int, text: str, words: str) -> None:
    found = of_scheme("mysql").translate(pymysql.err.OperationalError(number, text))
    assert isinstance(found, DatabaseError)
    assert found.number == number
    assert words in advice(found)
    assert words or not advice(found), "the text says it"


@pytest.mark.parametrize(
    ("full_code", "text", "words"),
    [
        ("ORA-01653", "unable to extend table", "no room left"),
        ("ORA-30036", "unable to extend segment in undo tablespace", "no room left"),
        ("ORA-19809", "limit exceeded for recovery files", "no room left"),
        ("ORA-16000", "database open for read-only access", "takes no writes"),
        ("ORA-00018", "maximum number of sessions exceeded", "no connection left"),
        ("ORA-04031", "unable to allocate shared memory", "short of memory"),
        ("ORA-02393", "exceeded call limit on CPU usage", "a time limit"),
        ("ORA-00028", "your session has been killed", "run it again"),
        ("ORA-01017", "invalid username/password", "user and password"),
        ("ORA-28001", "the password has expired", "expired or the account is locked"),
        ("DPY-4024", "call timeout of 60000 ms exceeded", "call_timeout"),
        ("ORA-12541", "TNS:no listener", "host and port"),
    ],
)
def test_the_advice_for_oracle(full_code: str, text: str, words: str) -> None:
    code = int(full_code[4:]) if full_code.startswith("ORA") else 0
    details = SimpleNamespace(code=code, full_code=full_code, message=f"{full_code}: {text}")
    found = of_scheme("oracle").translate(oracledb.DatabaseError(details))
    assert isinstance(found, DatabaseError)
    assert found.number == (code or full_code)
    assert words in advice(found)
