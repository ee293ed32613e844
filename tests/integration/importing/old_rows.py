"""What has become of the rows of a pass."""

from __future__ import annotations

from qtask_db.importing.run import Pass


def outcomes(done: Pass) -> dict[str, int]:
    names = {name for counts in done.groups.values() for name in counts}
    return {name: done.count(name) for name in names}
