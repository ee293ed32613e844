"""The SQL templates, the migrations and the TOML files that lie outside the package's modules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PACKAGE = Path(__file__).resolve().parent


def directory(name: str) -> Path:
    """`sql` or `migrations`: inside an installed wheel, or at the top of a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def read_toml(name: str) -> dict[str, Any]:
    """The content of a TOML file of `sql/`."""
    return tomllib.loads((directory("sql") / name).read_text(encoding="utf-8"))
