"""TLS of a MySQL or MariaDB connection, from the options of its URL."""

from __future__ import annotations

import ssl
from collections.abc import MutableMapping
from typing import Any

from qtask_db.errors import ConfigurationError

MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")


def arguments(options: MutableMapping[str, Any]) -> dict[str, Any]:
    """PyMySQL's arguments; takes `ssl_mode` and the files out of the options.

    The modes are those of the server's own clients; to name a CA is to ask for `verify_ca`. The
    context is made here because PyMySQL's own checks no host name where no CA is named, and leaves
    TLS out where the server has none although it is required without a check.
    """
    ca, cert, key = (options.pop(name, None) for name in ("ssl_ca", "ssl_cert", "ssl_key"))
    mode = options.pop("ssl_mode", "verify_ca" if ca else "required" if cert else "preferred")
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
