"""One process of an upgrade's test, of whatever version PYTHONPATH has:

    python process.py ROLE NAME FOLDER DATABASE_URL REDIS_URL

The roles are those of scripts/chaos, left in peace, with tasks that end soon.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from qtask_db import NewTask

if find_spec("qtask_db.transport") is None:  # its modules lay beside the others in 0.1.0
    transport = ModuleType("qtask_db.transport")
    for present, old in {
        "kinds": "redis_kinds", "message": "message", "queues": "queues", "url": "redis_url",
    }.items():  # fmt: skip
        module = importlib.import_module(f"qtask_db.{old}")
        setattr(transport, present, module)
        sys.modules[f"qtask_db.transport.{present}"] = module
    sys.modules["qtask_db.transport"] = transport

from chaos import process, producer, roles

LEASE = 5
PACE = 0.05


class Producer(producer.Producer):
    """Creates tasks that have all ended a few seconds later.

    Its order numbers are its own: two transactions that create the same ones in another order are
    a deadlock, upgrade or not.
    """

    def _new(self) -> NewTask:
        rng = self._rng
        self._count += 1
        payload = {
            "k": f"{self._name}-{self._count}",
            "failures": int(rng.random() < 0.1),
            "seconds": rng.choice((0, 0.01)),
        }
        queue = rng.choice(process.QUEUES)
        return NewTask(
            "upgrade",
            json.dumps(payload),
            60,
            queue,
            delay=rng.choice((None, 0, 1)),
            order_no=f"{self._name} {queue} {rng.randrange(producer.ORDERS)}"
            if rng.random() < 0.2
            else None,
            delete_deadline=86_400,
        )


if __name__ == "__main__":
    role, name, folder = sys.argv[1:]
    database_url, redis_url = (os.environ[f"QTASK_{side}_URL"] for side in ("DATABASE", "REDIS"))
    process.FUSE = 0.0
    producer.Producer = Producer  # type: ignore[misc]
    settings = process.Settings(Path(folder), database_url, redis_url, LEASE, PACE)
    roles.enter(role, name, name, settings)
