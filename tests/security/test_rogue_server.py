"""A server that is another one than it seems learns no password in the modes that promise it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from certificates import Authority, Certificate
from security.rogue import CLEAR, SCRAMBLED, SHA, Rogue, Thief, listening

from qtask_db import Database
from qtask_db.errors import QtaskError, QueueUnavailable
from qtask_db.transport.queues import Queues

PASSWORD = "Hush-8d1f-Word"
Attack = Callable[[str, str, str], str]
Contexts = dict[str, "ssl.SSLContext | None"]
MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
KINDS = ("without TLS", "own certificate", "other host")
"""It shows nothing, a certificate that it made itself, or one for another host from the authority
that `ssl_ca` names.
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


REDIS_LEARNS = {
    "redis://": ("password", "nothing", "nothing"),
    "rediss:// ssl_ca_certs": ("nothing", "nothing", "nothing"),
    "rediss:// ssl_ca_certs ssl_check_hostname=false": ("nothing", "nothing", "password"),
    "rediss:// ssl_cert_reqs=none": ("nothing", "password", "password"),
}


@pytest.fixture
def contexts(authority: Authority, stranger: Authority) -> Contexts:
    def context(issued: Certificate) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(issued.cert, issued.key)
        return made

    own = stranger.issue("localhost", file="rogue")
    other = authority.issue("elsewhere", file="rogue")
    return {"without TLS": None, "own certificate": context(own), "other host": context(other)}


@pytest.fixture
def attack(authority: Authority, contexts: Contexts) -> Attack:
    def attack(mode: str, kind: str, plugin: str) -> str:
        options = {"ssl_mode": mode}
        if mode.startswith("verify"):
            options["ssl_ca"] = str(authority.file)
        rogue = Rogue(plugin, contexts[kind])
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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", REDIS_LEARNS, ids=["plain", "checked", "authority", "unchecked"])
def test_what_one_that_poses_as_redis_learns(
    authority: Authority, contexts: Contexts, way: str, kind: str
) -> None:
    scheme, *options = way.replace("ssl_ca_certs", f"ssl_ca_certs={authority.file}").split()
    heard = bytearray()

    def serve(sock: socket.socket) -> None:
        context = contexts[kind]
        sock = context.wrap_socket(sock, server_side=True) if context else sock
        heard.extend(sock.recv(65_536))

    with listening(serve) as port, pytest.raises(QueueUnavailable) as refusal:
        Queues(f"{scheme}app:{PASSWORD}@localhost:{port}/0?{'&'.join(options)}").ping()
    assert PASSWORD not in str(refusal.value)
    learnt = "password" if PASSWORD.encode() in heard else "nothing"
    assert learnt == REDIS_LEARNS[way][KINDS.index(kind)]
