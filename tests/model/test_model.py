"""The model and the procedures do the same, whatever is called in whatever order.

`QTASK_MODEL_EXAMPLES=2000 scripts/test tests/model` is the long profile, which also shrinks what
fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from qtask_db import Connection, Database
from qtask_db.install import install, uninstall

from .machine import Machine
from .rules.strategies import GRACE

PREFIX = "model_"
FEW = 40
EXAMPLES = int(os.environ.get("QTASK_MODEL_EXAMPLES", FEW))
STEPS = 60


@pytest.fixture
def own(installed_url: str) -> Iterator[Connection]:
    """A schema in which nothing is due by itself while an example runs."""
    install(installed_url, {"prefix": PREFIX, "push_grace": str(GRACE)}, report=lambda _line: None)
    with Database(installed_url, prefix=PREFIX).connect() as conn:
        yield conn
    uninstall(installed_url, PREFIX, report=lambda _line: None)


@pytest.mark.timeout(300 + 4 * EXAMPLES)  # a failure takes long to shrink
def test_procedures_do_what_the_model_says(own: Connection) -> None:
    run_state_machine_as_test(
        lambda: Machine(own),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if EXAMPLES > FEW else [Phase.generate],
            print_blob=True,
        ),
    )
