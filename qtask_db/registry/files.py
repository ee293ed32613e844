"""Nodes in files, as the Go library keeps them for programs on one machine."""

from __future__ import annotations

from pathlib import Path

from qtask_db.errors import ConfigurationError
from qtask_db.registry.address import Address


def read(address: Address, path: str) -> str | None:
    """The text of a node; None if there is no such file. Raises ConfigurationError if the folder is
    not there, or the file cannot be read.
    """
    folder = Path(address.place)
    if not folder.is_dir():
        raise ConfigurationError(
            f"the folder {folder.absolute()} of the registry {address} is not there: mend the URL"
        )
    # A node has children as well as a value. Colons are for systems that have none in a name.
    file = folder / path.lstrip("/").replace(":", "@@@") / ".init"
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(f"the registry cannot read {file}: {reason}") from None
