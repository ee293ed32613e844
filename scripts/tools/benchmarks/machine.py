"""The machine and its state, told beside the figures: they mean little without."""

from __future__ import annotations

import datetime
import os
import platform
import time
from pathlib import Path

from .figure import at

WRITES = 100
BLOCK = 4096


class Machine:
    """Its load and its disk when the measuring begins."""

    def __init__(self, folder: Path) -> None:
        self._began = time.monotonic()
        self._load = os.getloadavg()[0]
        self._at = datetime.datetime.now(datetime.timezone.utc)
        self._disk = _disk(folder / "synced")

    def state(self, servers: str) -> list[str]:
        """Lines about it, its load before and after, and the servers."""
        written = [f"{at(self._disk, share):.2g}" for share in (0.5, 0.99)]
        return [
            f"{os.cpu_count()} cores of {_model()}, {_memory():.0f} GB, "
            f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
            servers,
            f"{self._at:%-d %B %Y, %H:%M} UTC, {time.monotonic() - self._began:,.0f} s; "
            f"load {self._load:.1f} before, {os.getloadavg()[0]:.1f} after",
            f"{BLOCK} bytes are on the disk in {written[0]} ms (p50), {written[1]} ms (p99)",
        ]


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _disk(path: Path) -> list[float]:
    """Milliseconds that small writes take until they are on the disk."""
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            file.write(bytes(BLOCK))
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    return took
