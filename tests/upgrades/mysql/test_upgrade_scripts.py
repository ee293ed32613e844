"""A schema that a script has made is brought to the present version, or the next, by its script."""

from __future__ import annotations

import pytest
from releases import VERSIONS, script
from schemas import run_script, schema
from testing import count, new

from qtask_db import Database
from qtask_db.install import install, uninstall
from qtask_db.render import Renderer
from qtask_db.settings import Settings


@pytest.mark.usefixtures("following")
@pytest.mark.parametrize("version", VERSIONS)
def test_the_scripts_of_two_versions(version: str, empty_url: str) -> None:
    run_script(empty_url, script(version, "mysql"))
    with Database(empty_url).connect() as conn:
        new(conn)
    later = Renderer("mysql", Settings()).script()
    for _ in range(2):
        run_script(empty_url, later)
    upgraded = schema(empty_url)
    install(empty_url, {}, report=lambda _: None)
    assert schema(empty_url) == upgraded
    with Database(empty_url).connect() as conn:
        assert count(conn) == 1
    uninstall(empty_url, report=lambda _: None)
    install(empty_url, {}, report=lambda _: None)
    assert schema(empty_url) == upgraded
