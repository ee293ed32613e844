"""Running MySQL and MariaDB from an initialised data folder that is copied for each start."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import account
from .base import DATABASE, Log, Server, Unavailable, cache_folder, free_port, locked
from .binaries import Program
from .process import ProcessServer
from .url import version_at

# Durable as in production, so that what is measured or killed here means something.
OPTIONS = (
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=1",
    "--sync-binlog=1",
    "--innodb-buffer-pool-size=256M",
    "--character-set-server=utf8mb4",
    "--local-infile=OFF",
)
MYSQL_OPTIONS = ("--mysqlx=OFF", "--performance-schema=ON")
RUN = "run"
"""The folder of what a server needs while it runs."""
# In the template nobody can log in: a password lives as long as one server.
ACCOUNT = f"""\
CREATE USER root@127.0.0.1 ACCOUNT LOCK;
GRANT ALL PRIVILEGES ON *.* TO root@127.0.0.1 WITH GRANT OPTION;
CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;
"""
# Nodes of a group have the same account: none of them is to tell the others.
PASSWORD = """\
SET SESSION sql_log_bin = 0;
ALTER USER root@127.0.0.1 IDENTIFIED BY '{}' ACCOUNT UNLOCK;
"""
# The scripts that mariadb-install-db feeds to the server, without the help texts.
MARIADB_SCRIPTS = (
    ("mariadb_system_tables.sql", "mysql_system_tables.sql"),
    ("mariadb_performance_tables.sql", "mysql_performance_tables.sql"),
    ("mariadb_system_tables_data.sql", "mysql_system_tables_data.sql"),
    ("mariadb_sys_schema.sql", "mysql_sys_schema.sql"),
)


def settings(engine: str) -> tuple[str, ...]:
    """Server options that hold wherever the server runs, in a container too."""
    return OPTIONS + MYSQL_OPTIONS if engine == "mysql" else OPTIONS


def start(
    found: Program,
    options: Sequence[str],
    source: str,
    log: Log,
    wrapper: Sequence[str] = (),
    password: str = "",
    port: int = 0,
) -> Server:
    """`wrapper`: a command that runs the one which follows it. Nodes of a group are told their
    common password and, if they must know each other's, the port.
    """
    template = _template(found, log)
    password, port = password or account.new_password(), port or free_port()
    folder = account.new_folder(found.engine)
    script = folder / "password.sql"
    try:
        _copy(template, folder / "data")
        # The server's own number: a copy is another server.
        (folder / "data" / "auto.cnf").unlink(missing_ok=True)
        account.give(folder / "data")
        account.write(script, PASSWORD.format(password))
        run = account.own_folder(folder / RUN)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    server = ProcessServer(
        found.engine,
        f"mysql://root:{password}@127.0.0.1:{port}/{DATABASE}",
        source,
        command=[
            *wrapper,
            *_command(found, folder),
            f"--port={port}",
            f"--socket={run / 'mysql.sock'}",
            f"--pid-file={run / 'mysql.pid'}",
            "--bind-address=127.0.0.1",
            f"--init-file={script}",
            *settings(found.engine),
            *options,
        ],
        folder=folder,
        probe=version_at,
    )
    account.write(script, "")  # from now on it is in the data
    return server


def _command(found: Program, folder: Path) -> list[str]:
    command = found.command(
        "--no-defaults", f"--basedir={found.base}", f"--datadir={folder / 'data'}",
        f"--tmpdir={folder / RUN}", f"--secure-file-priv={_no_files(found.engine, folder)}",
    )  # fmt: skip
    # Root that is nobody's root is refused without it.
    return [*command, "--user=root"] if os.geteuid() == 0 and not account.number() else command


def _no_files(engine: str, folder: Path) -> str:
    """The setting that keeps SQL from the machine's files: MariaDB must be given a folder."""
    if engine == "mysql":
        return "NULL"
    place = folder / "no-files"
    place.mkdir(mode=0o500, exist_ok=True)
    return str(place)


def _template(found: Program, log: Log) -> Path:
    """The initialised data folder of this very program, made when it is first needed."""
    recipe = f"{found.program} {found.version} {ACCOUNT}".encode()
    name = f"{found.engine}-{found.version}-{hashlib.sha256(recipe).hexdigest()[:8]}"
    folder = cache_folder() / "data" / name
    with locked(folder):
        if not folder.exists():
            log(f"{found.engine} {found.version}: initialising a data folder (once)")
            made = account.new_folder(found.engine)
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
            try:
                initialise = _init_mysql if found.engine == "mysql" else _init_mariadb
                for name in ("data", RUN):
                    account.own_folder(made / name)
                initialise(found, made)
                _copy(made / "data", temporary / "data")
                (temporary / "data").rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
                shutil.rmtree(made, ignore_errors=True)
    return folder


def _init_mysql(found: Program, folder: Path) -> None:
    script = folder / "account.sql"
    account.write(script, f"DROP USER root@localhost;\n{ACCOUNT}")
    command = [*_command(found, folder), "--initialize-insecure", f"--init-file={script}"]
    _run_once(command, folder, "")


def _init_mariadb(found: Program, folder: Path) -> None:
    parts = [
        "SET @auth_root_socket = NULL;",
        "CREATE DATABASE mysql;",  # a line is a statement here
        "USE mysql;",
        *(_script(found, names) for names in MARIADB_SCRIPTS),
        "DELETE FROM global_priv WHERE User IN ('root', '');",
        "FLUSH PRIVILEGES;",
        ACCOUNT,
    ]
    _run_once([*_command(found, folder), "--bootstrap"], folder, "\n".join(parts))


def _script(found: Program, names: Sequence[str]) -> str:
    share = found.base / "share"
    for folder in (share / "mysql", share / "mariadb", share):
        for name in names:
            if (folder / name).exists():
                return (folder / name).read_text(encoding="utf-8")
    raise Unavailable(f"{names[-1]} is missing below {share}")


def _run_once(command: list[str], folder: Path, text: str) -> None:
    done = account.start(
        account.within_reach(command, folder),
        subprocess.run,
        cwd=folder, input=text, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-15:]
        raise Unavailable("\n    ".join(["initialising the data folder failed:", *lines]))


def _copy(source: Path, target: Path) -> None:
    """The copy belongs to this process."""
    kept = "--preserve=mode,timestamps,links"
    subprocess.run(["cp", "-R", kept, "--reflink=auto", source, target], check=True)
