"""Running ZooKeeper: Debian's libraries of it, in Debian's Java."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import account, releases
from .apt import Apt, is_debian, unpack
from .base import Log, Server, Unavailable, cache_folder, free_port, locked
from .process import ProcessServer
from .url import version_at

PACKAGES = ("libzookeeper-java", "default-jre-headless")
JARS = ("zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-simple", "metrics-core", "snappy-java")
"""Of the libraries, those that a server of its own loads."""
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m")
SETTINGS = """\
dataDir={data}
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
"""


def start(engine: str, options: Sequence[str], log: Log) -> Server:
    found = _unpacked(log)
    folder, port = account.new_folder(engine), free_port()
    settings = SETTINGS.format(data=account.own_folder(folder / "data"), port=port)
    account.write(folder / "zoo.cfg", settings + "\n".join(options))
    jars = ":".join(str(found / f"usr/share/java/{name}.jar") for name in JARS)
    return ProcessServer(
        engine,
        # A server has no password; those who make a node keep it to this login.
        f"zk://tests:{account.new_password()}@127.0.0.1:{port}",
        f"the unpacked packages {' and '.join(PACKAGES)}",
        command=[*_java(found), *SMALL, "-cp", jars, MAIN, str(folder / "zoo.cfg")],
        folder=folder,
        probe=version_at,
    )


def _unpacked(log: Log) -> Path:
    """The folder in the cache, downloaded when it is first needed."""
    if not is_debian():
        raise Unavailable("this machine is no Debian, whose packages ZooKeeper is run from")
    release = releases.chosen("zookeeper")
    folder = cache_folder() / "packages" / (release.name if release else "zookeeper")
    with locked(folder):
        if not folder.exists():
            log(f"{folder.name}: downloading its packages and Java (once)")
            with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
                apt = Apt(Path(temporary) / "apt", release.suite if release else None)
                apt.update()
                root = Path(temporary) / "root"
                unpack(apt.download(*PACKAGES), root)
                _settle(root)
                root.rename(folder)
    return folder


def _settle(root: Path) -> None:
    """Lets links lead to what lies in the folder, and removes what is for people."""
    for link in [path for path in root.rglob("*") if path.is_symlink()]:
        target = link.readlink()
        inside = root / str(target).lstrip("/")
        if target.is_absolute() and inside.exists():
            link.unlink()
            link.symlink_to(os.path.relpath(inside, link.parent))
    shutil.rmtree(root / "usr/share/doc")


def _java(root: Path) -> list[str]:
    """Java, run through the loader and with the libraries that it came with."""
    homes = [home for home in root.glob("usr/lib/jvm/java-*") if not home.is_symlink()]
    program = homes[0] / "bin/java"
    loader = next(path for path in sorted(root.rglob("ld-linux*.so.*")) if path.is_file())
    libraries = sorted({str(path.parent) for path in root.rglob("lib*.so.*")})
    return [
        str(loader),
        "--library-path",
        ":".join(libraries),
        "--argv0",
        str(program),
        str(program),
    ]
