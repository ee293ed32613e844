"""The tests on groups of servers run when they are asked for."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _asked_for(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--cluster"):
        pytest.skip("takes two minutes: --cluster runs it")
