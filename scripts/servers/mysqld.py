"""Running MySQL and MariaDB from an initialised data folder that is copied for each start."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .base import DATABASE, PASSWORD, Log, Server, Unavailable, cache_folder, free_port
from .binaries import Program
from .locks import locked
from .process import ProcessServer, new_folder
from .url import version_at

# Durable as in production, so that what is measured or killed here means something.
OPTIONS = (
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=1",
    "--sync-binlog=1",
    "--innodb-buffer-pool-size=256M",
    "--character-set-server=utf8mb4",
)
MYSQL_OPTIONS = ("--mysqlx=OFF", "--performance-schema=ON")
# The compiled-in folder need not exist, and MySQL does not start without it.
NO_FILES = "--secure-file-priv="
ACCOUNT = f"""\
CREATE USER 'root'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;
"""
# What mariadb-install-db feeds to the server, without the help texts.
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
) -> Server:
    """`wrapper`: a command that runs the one which follows it."""
    template = _template(found, log)
    folder = new_folder(found.engine)
    try:
        _copy(template, folder / "data")
        # The server's own number: a copy is another server.
        (folder / "data" / "auto.cnf").unlink(missing_ok=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    port = free_port()
    return ProcessServer(
        found.engine,
        f"mysql://root:{PASSWORD}@127.0.0.1:{port}/{DATABASE}",
        source,
        command=[
            *wrapper,
            *_command(found, folder / "data"),
            f"--port={port}",
            f"--socket={folder / 'mysql.sock'}",
            f"--pid-file={folder / 'mysql.pid'}",
            f"--tmpdir={folder}",
            "--bind-address=127.0.0.1",
            *settings(found.engine),
            *options,
        ],
        folder=folder,
        probe=version_at,
    )


def _command(found: Program, data: Path) -> list[str]:
    command = found.command(
        "--no-defaults", f"--basedir={found.base}", f"--datadir={data}", NO_FILES
    )
    return [*command, "--user=root"] if os.geteuid() == 0 else command


def _template(found: Program, log: Log) -> Path:
    """The initialised data folder of this very program, made when it is first needed."""
    recipe = f"{found.program} {found.version} {ACCOUNT}".encode()
    name = f"{found.engine}-{found.version}-{hashlib.sha256(recipe).hexdigest()[:8]}"
    folder = cache_folder() / "data" / name
    with locked(folder):
        if not folder.exists():
            log(f"{found.engine} {found.version}: initialising a data folder (once)")
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
            try:
                initialise = _init_mysql if found.engine == "mysql" else _init_mariadb
                initialise(found, temporary)
                (temporary / "data").rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _init_mysql(found: Program, folder: Path) -> None:
    script = folder / "account.sql"
    script.write_text(ACCOUNT)
    _run_once(
        [
            *_command(found, folder / "data"),
            "--initialize-insecure",
            f"--init-file={script}",
        ],
        "",
    )


def _init_mariadb(found: Program, folder: Path) -> None:
    (folder / "data").mkdir()
    parts = [
        "SET @auth_root_socket = NULL;",
        "CREATE DATABASE mysql;",  # a line is a statement here
        "USE mysql;",
        *(_script(found, names) for names in MARIADB_SCRIPTS),
        # The scripts make accounts without a password that would go before 'root'@'%'.
        "DELETE FROM global_priv WHERE User IN ('root', '');",
        "FLUSH PRIVILEGES;",
        ACCOUNT,
    ]
    _run_once([*_command(found, folder / "data"), "--bootstrap"], "\n".join(parts))


def _script(found: Program, names: Sequence[str]) -> str:
    share = found.base / "share"
    for folder in (share / "mysql", share / "mariadb", share):
        for name in names:
            if (folder / name).exists():
                return (folder / name).read_text(encoding="utf-8")
    raise Unavailable(f"{names[-1]} is missing below {share}")


def _run_once(command: list[str], text: str) -> None:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-15:]
        raise Unavailable("\n    ".join(["initialising the data folder failed:", *lines]))


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
