"""The wheel and the rendered schema of each released version, in `released/`."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FOLDER = Path(__file__).parent / "released"
VERSIONS = sorted(path.name for path in _FOLDER.iterdir() if path.is_dir())


def script(version: str, dialect: str) -> str:
    """The output of that version's `qtask render`."""
    return (_FOLDER / version / f"{dialect}.sql").read_text(encoding="utf-8")


def unpack(version: str, folder: Path) -> Path:
    """Unpacks its wheel: a folder for PYTHONPATH."""
    (wheel,) = (_FOLDER / version).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def toml(package: Path, name: str) -> dict[str, Any]:
    """A TOML file of `sql/` in an unpacked wheel."""
    return tomllib.loads((package / "qtask_db" / "sql" / name).read_text(encoding="utf-8"))


def signatures(text: str) -> dict[str, list[str]]:
    """The parameters of each procedure of a rendered schema, one text each, by name; those of
    packages are called `package.procedure`.
    """
    packages = re.findall(
        r"^CREATE OR REPLACE PACKAGE (\w+) (.*?)^END \1;", text, re.MULTILINE | re.DOTALL
    )
    if packages:
        found = {
            f"{package}.{name}": parameters
            for package, spec in packages
            for name, parameters in re.findall(
                r"^  PROCEDURE (\w+)(?: \((.*?)^  \))?;", spec, re.MULTILINE | re.DOTALL
            )
        }
    else:
        found = dict(
            re.findall(r"^CREATE PROCEDURE (\w+) \((.*?)\)$", text, re.MULTILINE | re.DOTALL)
        )
    return {
        name: [" ".join(line.rstrip(",").split()) for line in parameters.strip().splitlines()]
        for name, parameters in found.items()
    }
