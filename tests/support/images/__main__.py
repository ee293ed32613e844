"""Command line: `python -m images mysql redis` imports images into the Docker daemon.

Prints one QTASK_<ENGINE>_IMAGE=<name> line for each, as the servers package reads them.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tarfile
import tempfile
import time
from pathlib import Path, PurePosixPath

import docker
from servers import ServerError, packages
from servers.apt import Apt, unpack
from servers.base import cache_folder, locked

HERE = Path(__file__).parent
PORTS = {"mysql": 3306, "redis": 6379}
# Server plugins and locale tables that a test database never loads.
LEFT_OUT = ("usr/lib/mysql/plugin", "gconv", "usr/share/mysql/charsets", "libdb-5.3")
# The libraries' paths on a merged-/usr system: programs name their loader as /lib64/...
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
NUMBER = 61184
"""Whose the servers are: of those that no person and no other service has."""
ACCOUNTS = f"root:x:0:0:root:/:/bin/sh\nqtask:x:{NUMBER}:{NUMBER}::/:/bin/sh\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="images", description=__doc__)
    parser.add_argument("engines", nargs="+", choices=sorted(PORTS), metavar="engine")
    try:
        for engine in parser.parse_args().engines:
            started = time.monotonic()
            name, size = build(engine)
            seconds = time.monotonic() - started
            print(f"{name}: {size / 1e6:.0f} MB in {seconds:.1f} s", file=sys.stderr, flush=True)
            print(f"QTASK_{engine.upper()}_IMAGE={name}", flush=True)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(engine: str) -> tuple[str, int]:
    """Import the image of one engine; its name and size."""
    packages.unpacked(engine, _progress)
    client = docker.from_env(timeout=600)
    name = f"qtask-{engine}:local"
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            _fill(tar, engine)
        archive.seek(0)
        client.api.import_image_from_data(
            archive.read(),
            repository=name.split(":")[0],
            tag=name.split(":")[1],
            changes=[
                'ENTRYPOINT ["/entrypoint.sh"]',
                f'CMD ["{"mysqld" if engine == "mysql" else "redis-server"}"]',
                f"EXPOSE {PORTS[engine]}",
                f"USER {NUMBER}",
                "ENV PATH=/usr/sbin:/usr/bin",
            ],
        )
    size: int = client.images.get(name).attrs["Size"]
    client.close()
    return name, size


def _fill(tar: tarfile.TarFile, engine: str) -> None:
    _add_files(tar, cache_folder() / "packages" / engine)
    tar.add(_busybox(), "usr/bin/busybox", filter=_as_root)
    for applet in ("sh", "cat", "rm", "sed", "echo"):
        _add_link(tar, f"usr/bin/{applet}", "busybox")
    tar.add(HERE / f"{engine}-entrypoint.sh", "entrypoint.sh", filter=_executable)
    _add_text(tar, "etc/passwd", ACCOUNTS)
    # Docker makes those that are not named for root alone.
    for parent in {str(one) for name in tar.getnames() for one in PurePosixPath(name).parents}:
        _add_folder(tar, parent, 0o755)
    for folder, mode in {"tmp": 0o1777, "data": 0o700, "run": 0o700}.items():
        _add_folder(tar, folder, mode, NUMBER)


def _add_files(tar: tarfile.TarFile, root: Path) -> None:
    """The package's files, those outside /usr moved into it as on a merged-/usr system."""
    tops = set()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        top, _, rest = name.partition("/")
        if top not in {"usr", *LINKS} or any(part in name for part in LEFT_OUT):
            continue
        if path.is_symlink() or not path.is_dir():
            name = f"{LINKS.get(top, top)}/{rest}"
            tops.add("/".join(name.split("/")[:2]))
            tar.add(path, name, recursive=False, filter=_as_root)
    for link, target in LINKS.items():
        if target in tops:
            _add_link(tar, link, target)


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _executable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o755
    return _as_root(member)


def _add_folder(tar: tarfile.TarFile, name: str, mode: int, owner: int = 0) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    member.uid = member.gid = owner
    tar.addfile(member)


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    tar.addfile(member)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


def _busybox() -> Path:
    """A shell that needs no libraries, for the entry points."""
    folder = cache_folder() / "packages" / "busybox"
    with locked(folder):
        if not folder.exists():
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
            try:
                apt = Apt(temporary / "apt")
                apt.update()
                archives = apt.download("busybox-static")
                own = [path for path in archives if path.name.startswith("busybox-static_")]
                unpack(own, temporary / "root")
                (temporary / "root").rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return next(path for path in folder.glob("**/bin/busybox") if path.is_file())


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
