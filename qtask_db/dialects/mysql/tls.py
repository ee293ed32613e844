"""TLS of a MySQL or MariaDB connection, from the options of its URL."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, MutableMapping
from typing import Any

from qtask_db.errors import ConfigurationError

MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
CLEAR_TEXT = ("mysql_clear_password", "dialog")
"""Plugins by which the server gets the password itself."""
OBSOLETE = "mysql_old_password"
"""Its answer is as easy to read, and the driver has none."""


class Refused:
    """Stands for such a plugin: a server that asks for it gets no answer."""

    def __init__(self, connection: Any) -> None:
        """PyMySQL gives its connection."""

    def authenticate(self, packet: Any) -> None:  # noqa: ARG002
        """Raises the driver's error, which means AccessDenied."""
        from pymysql.constants.CR import CR_AUTH_PLUGIN_ERR
        from pymysql.err import OperationalError

        raise OperationalError(
            CR_AUTH_PLUGIN_ERR,
            "the server asks for the password in clear text, and nothing proves which server it "
            "is: ?ssl_mode=verify_identity&ssl_ca=... in the URL, or ?unix_socket=...",
        )


def arguments(options: MutableMapping[str, Any]) -> dict[str, Any]:
    """PyMySQL's arguments; takes `ssl_mode` and the files out of the options.

    The modes are those of the server's own clients; to name a CA is to ask for `verify_ca`. The
    context is made here because PyMySQL's own checks no host name where no CA is named, and leaves
    TLS out where the server has none although it is required without a check. A password in clear
    text goes only to a server that has proved who it is.
    """
    proved = bool(options.get("unix_socket")) or proves(options)
    refused = (OBSOLETE,) if proved else (OBSOLETE, *CLEAR_TEXT)
    return {"auth_plugin_map": dict.fromkeys(refused, Refused), **_encryption(options)}


def mode_of(options: Mapping[str, Any]) -> str:
    """How the connection is to be encrypted."""
    ca, cert = options.get("ssl_ca"), options.get("ssl_cert")
    default = "verify_ca" if ca else "required" if cert else "preferred"
    return str(options.get("ssl_mode", default))


def proves(options: Mapping[str, Any]) -> bool:
    """Whether the server's certificate tells which server it is. Any server on the Internet has one
    of the system's authorities, so that by them its host name must be checked, too.
    """
    mode = mode_of(options)
    return mode == "verify_identity" or (mode == "verify_ca" and bool(options.get("ssl_ca")))


def _encryption(options: MutableMapping[str, Any]) -> dict[str, Any]:
    mode = mode_of(options)
    ca, cert, key, _ = (
        options.pop(name, None) for name in ("ssl_ca", "ssl_cert", "ssl_key", "ssl_mode")
    )
    if mode not in MODES:
        raise ConfigurationError(f"ssl_mode must be one of {', '.join(MODES)}, not {mode!r}")
    if mode == "disabled":
        return {"ssl_disabled": True}
    if mode == "preferred":
        return {}
    try:
        context = ssl.create_default_context(cafile=ca)
        if cert or key:
            context.load_cert_chain(cert or key, key)
    except OSError as error:
        raise ConfigurationError(f"ssl_ca, ssl_cert or ssl_key cannot be used: {error}") from error
    context.check_hostname = mode == "verify_identity"
    context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("verify") else ssl.CERT_NONE
    # The certificates that the servers make for themselves are less than Python 3.13 wants.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return {"ssl": context}
