"""Downloads from the machine's own package mirror, with a private apt state.

Nothing of the system changes and no root is needed: lists, archives and the package database
that apt sees lie in a folder of ours. Proxies, credentials, keyrings and the mirror's address
are the machine's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .base import Unavailable

# A server program needs none of these to run; told that they are installed, apt does not fetch
# them nor what they in turn depend on.
NOT_NEEDED = (
    "adduser",
    "ca-certificates-java",
    "debconf",
    "debconf-2.0",
    "dpkg",
    "init-system-helpers",
    "java-common",
    "locales",
    "lsb-base",
    "mariadb-common",
    "mysql-common",
    "passwd",
    "perl",
    "perl-base",
    "postgresql-client-common",
    "postgresql-common",
    "procps",
    "psmisc",
    "sensible-utils",
    "ssl-cert",
    "sysvinit-utils",
    "tzdata",
    "ucf",
    "usrmerge",
)
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)


class Apt:
    """apt-get on a private state, for the machine's own release or for another suite of it."""

    def __init__(self, folder: Path, suite: str | None = None) -> None:
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Unavailable("this machine has no apt-get (a Debian or Ubuntu is needed)")
        self.folder = folder
        self.suite = suite
        for part in ("state/lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._write_status()
        self._write_settings("")

    def update(self) -> None:
        """Fetch the package lists; Unavailable if no mirror of this machine has the suite."""
        if self.suite is None:
            self._run("update")
            return
        mirrors = self._mirrors()
        errors = []
        for mirror in mirrors:
            self._write_sources(mirror)
            try:
                self._run("update", "-o", "APT::Update::Error-Mode=any")
            except Unavailable as error:
                errors.append(str(error))
            else:
                return
        raise Unavailable("\n    ".join(errors) or "the apt configuration names no mirror")

    def download(self, *packages: str) -> list[Path]:
        """Fetch packages and what they depend on; the files are checked by apt's signatures."""
        self._run("install", "--yes", "--download-only", "--no-install-recommends", *packages)
        return sorted((self.folder / "cache/archives").glob("*.deb"))

    def _mirrors(self) -> list[str]:
        """The sources of the machine's own release, its main archive before any others."""
        release = _os_release()
        found = []
        for line in self._run("update", "--print-uris").splitlines():
            match = re.match(r"'(\S+?/)dists/([^/']+)/InRelease'", line)
            if match and match[2] == release.get("VERSION_CODENAME") and match[1] not in found:
                found.append(match[1])
        return found

    def _write_sources(self, mirror: str) -> None:
        keyring = next((name for name in KEYRINGS if Path(name).exists()), None)
        signed = f"[signed-by={keyring}] " if keyring else ""
        sources = self.folder / "sources.list"
        sources.write_text(f"deb {signed}{mirror} {self.suite} main\n")
        self._write_settings(
            f'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "{self.folder}/none";\n'
        )

    def _write_status(self) -> None:
        architecture = subprocess.run(
            ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
        ).stdout.strip()
        stanza = (
            "Package: {}\nStatus: install ok installed\nVersion: 999:1\nMulti-Arch: allowed\n"
            f"Architecture: {architecture}\nMaintainer: none\nDescription: not needed\n"
        )
        (self.folder / "status").write_text("\n".join(map(stanza.format, NOT_NEEDED)))

    def _write_settings(self, more: str) -> None:
        settings = f"""\
Dir::State "{self.folder}/state";
Dir::State::status "{self.folder}/status";
Dir::Cache "{self.folder}/cache";
Dir::Log "{self.folder}/cache";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""
        if os.geteuid() == 0:
            # apt would otherwise change to a user who may not be able to read this folder.
            settings += 'APT::Sandbox::User "root";\n'
        (self.folder / "apt.conf").write_text(settings + more)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["apt-get", "-q", "-c", str(self.folder / "apt.conf"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            raise Unavailable(f"apt-get {arguments[0]}: {' '.join(lines) or done.stderr.strip()}")
        return done.stdout


def is_debian() -> bool:
    return _os_release().get("ID") == "debian"


def unpack(archives: Sequence[Path], folder: Path) -> None:
    for archive in archives:
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)


def _os_release() -> dict[str, str]:
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value.strip("\"'") for name, _, value in pairs}
