"""A server that is another one than it seems learns no password where that is promised."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from certificates import Authority
from security.rogue import CLEAR, SCRAMBLED, SHA, Rogue, Thief, listening

from qtask_db import Database
from qtask_db.errors import QtaskError

PASSWORD = "Hush-8d1f-Word"
Attack = Callable[[str, str], str]
MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
KINDS = ("without TLS", "own certificate", "other host")
"""What it can show: nothing, a certificate that it made itself, or one for another host from the
authority that `ssl_ca` names.
"""
LEARNS = {
    "disabled": ("hashed", "hashed", "hashed"),
    "preferred": ("hashed", "hashed", "hashed"),
    "required": ("nothing", "hashed", "hashed"),
    "verify_ca": ("nothing", "nothing", "all"),
    "verify_identity": ("nothing", "nothing", "nothing"),
}
"""Of each kind: nothing; the password, by the plugins that hash it unless the server wants more; or
by those for clear text, too.
"""


@pytest.fixture
def attack(authority: Authority, stranger: Authority, tmp_path: Path) -> Attack:  # noqa: ARG001
    issuers = {
        "own certificate": stranger.issue("localhost", file="rogue"),
        "other host": authority.issue("elsewhere", file="rogue"),
    }

    def attack(mode: str, kind: str, plugin: str) -> str:
        context = None
        if kind in issuers:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(issuers[kind].cert, issuers[kind].key)
        options = {"ssl_mode": mode}
        if mode.startswith("verify"):
            options["ssl_ca"] = str(authority.file)
        rogue = Rogue(plugin, context)
        with listening(rogue.serve) as port:
            url = f"mysql://app:{PASSWORD}@localhost:{port}/shop?{urlencode(options)}"
            with pytest.raises(QtaskError) as refusal:
                Database(url).connect()
            assert PASSWORD not in str(refusal.value)
        return rogue.learnt(PASSWORD)

    return attack


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_what_it_learns(attack: Attack, mode: str, kind: str) -> None:
    learns = LEARNS[mode][KINDS.index(kind)]
    gives = {"nothing": (), "hashed": SHA, "all": (*SHA, *CLEAR)}[learns]
    less = "nothing" if learns == "nothing" else "scramble"
    found = {plugin: attack(mode, kind, plugin) for plugin in (*CLEAR, *SHA, *SCRAMBLED)}
    assert found == {plugin: "password" if plugin in gives else less for plugin in found}


def test_it_gets_no_file(tmp_path: Path) -> None:
    """LOAD DATA LOCAL, which any server may ask for."""
    (tmp_path / "file").write_text("Hush")
    thief = Thief(str(tmp_path / "file"))
    with listening(thief.serve) as port, pytest.raises(Exception, match="LOCAL"):
        Database(f"mysql://app:{PASSWORD}@localhost:{port}/shop?ssl_mode=disabled").connect()
    assert b"Hush" not in thief.got
