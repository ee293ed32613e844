"""Tools that run programs in other languages: on this machine already, or fetched to the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from servers.apt import Apt, unpack
from servers.base import Unavailable, cache_folder, locked

PROGRAMS = Path(__file__).parent / "programs"
NPM = Path(__file__).parent / "npm"
REQUIREMENTS = Path(__file__).parents[2] / "scripts" / "requirements"
GO = ("golang-go", "golang-github-go-sql-driver-mysql-dev", "golang-github-gomodule-redigo-dev")


@dataclass(frozen=True)
class Tool:
    """A command that runs the program whose path follows, and what it needs in its environment."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    modules: Path | None = None
    """A folder `node_modules`, which Node seeks beside the program."""


def python(folder: Path) -> Tool:  # noqa: ARG001 - its drivers are in .venv
    return Tool((sys.executable,))


def node(folder: Path) -> Tool:
    program = _installed("node", "Node 20 or later (packages nodejs, npm)")
    wanted = (NPM / "package-lock.json").read_text(encoding="utf-8")
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        npm = _installed("npm", "the package npm")
        shutil.copytree(NPM, folder, dirs_exist_ok=True)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        stamp.write_text(wanted, encoding="utf-8")
    return Tool((program,), modules=folder / "node_modules")


def php(folder: Path) -> Tool:
    root = _packages(folder, "php-cli", "php-mysql", "php-redis")
    extensions = _one(root, "usr/lib/php/*/pdo_mysql.so").parent
    wanted = ("pdo", "mysqlnd", "pdo_mysql", "mysqli", "igbinary", "redis")
    loaded = [f"-dextension={name}" for name in wanted]
    program = _one(root, "usr/bin/php[0-9]*")
    return Tool((str(program), "-n", f"-dextension_dir={extensions}", *loaded), _libraries(root))


def go(folder: Path) -> Tool:
    root = _packages(folder, *GO)
    return Tool(
        (str(_one(root, "usr/lib/go-*/bin/go")), "run"),
        {
            "GOROOT": str(_one(root, "usr/lib/go-*/bin").parent),
            "GOPATH": str(root / "usr/share/gocode"),
            "GOCACHE": str(folder / "build"),
            "GO111MODULE": "off",
            "CGO_ENABLED": "0",
        },
    )


def java(folder: Path) -> Tool:
    program = _installed("java", "a Java 17 or later (package default-jdk-headless)")
    jar = _one(_packages(folder, "libmariadb-java"), "usr/share/java/mariadb-java-client.jar")
    return Tool((program, "-cp", str(jar)))


def mysqlclient(folder: Path) -> Tool:
    """It has no wheel for Linux, so it is compiled against the library of a package."""
    root = _packages(folder, "libmariadb-dev")
    libraries = _libraries(root)
    if not (folder / "site" / "MySQLdb").exists():
        _installed("gcc", "gcc, to compile mysqlclient")
        library = _one(root, "usr/lib/*/libmariadb.so").parent
        flags = {
            "MYSQLCLIENT_CFLAGS": f"-I{root}/usr/include/mariadb",
            "MYSQLCLIENT_LDFLAGS": f"-L{library} -lmariadb",
        }
        compiling = {"PYTHONPATH": str(folder / "build")}
        for name, target, environment in (
            ("setuptools", "build", {}),
            ("mysqlclient", "site", libraries | flags | compiling),
        ):
            pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
            wanted = ["--no-build-isolation", "-r", str(REQUIREMENTS / f"{name}.txt")]
            _run([*pip, *wanted, "--target", str(folder / target)], folder, environment)
    plugins = _one(root, "usr/lib/*/libmariadb3/plugin")
    paths = {"PYTHONPATH": str(folder / "site"), "MARIADB_PLUGIN_DIR": str(plugins)}
    return Tool((sys.executable,), libraries | paths)


def provide(make: Callable[[Path], Tool], config: pytest.Config) -> Tool:
    """The tool, in a folder of the cache; skips if something is missing, and says what."""
    if make is not python and not config.getoption("--clients"):
        pytest.skip(f"with --clients scripts/test fetches {make.__name__} into .cache and runs it")
    folder = cache_folder() / "clients" / make.__name__
    folder.parent.mkdir(exist_ok=True)
    with locked(folder):
        folder.mkdir(exist_ok=True)
        try:
            return make(folder)
        except Unavailable as error:
            pytest.skip(str(error))


def _installed(program: str, needed: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Unavailable(f"no {program} on the PATH: install {needed}")
    return found


def _packages(folder: Path, *names: str) -> Path:
    """The distribution's packages and their libraries, unpacked."""
    root = folder / "root"
    if not root.exists():
        apt = Apt(folder / "apt")
        apt.update()
        files = {file for name in names for file in apt.download(name)}
        unpack(sorted(files), folder / "new")
        (folder / "new").rename(root)
        shutil.rmtree(folder / "apt")
    return root


def _libraries(root: Path) -> dict[str, str]:
    """The path of the packages' libraries, which are of the machine's own release."""
    found = {str(path.parent) for path in root.rglob("lib*.so*")}
    return {"LD_LIBRARY_PATH": os.pathsep.join(sorted(found))}


def _one(root: Path, pattern: str) -> Path:
    found = sorted(root.glob(pattern))
    if not found:
        raise Unavailable(f"the packages hold no {pattern}")
    return found[0]


def _run(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-5:]
        raise Unavailable("\n    ".join([f"{' '.join(command[:3])} failed:", *lines]))
