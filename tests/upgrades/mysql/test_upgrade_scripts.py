"""A schema that a script has made is brought to the next version, by its script or by qtask."""

from __future__ import annotations

import pytest
from releases import VERSIONS, script
from schemas import run_script, schema
from testing import count, new

from qtask_db import Database
from qtask_db.install import install, uninstall
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings


@pytest.mark.usefixtures("following")
@pytest.mark.parametrize("by", ["script", "install"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_as_a_new_one(version: str, by: str, empty_url: str) -> None:
    run_script(empty_url, script(version, "mysql"))
    with Database(empty_url).connect() as conn:
        new(conn)
    later = Renderer("mysql", Settings()).script()
    for _ in range(2):  # the second one drops what calls that were under way may have needed
        if by == "script":
            run_script(empty_url, later)
        else:
            quiet_install(empty_url)
    upgraded = schema(empty_url)
    quiet_install(empty_url)
    assert schema(empty_url) == upgraded
    with Database(empty_url).connect() as conn:
        assert count(conn) == 1
    uninstall(empty_url, report=lambda _: None)
    quiet_install(empty_url)
    assert schema(empty_url) == upgraded


def quiet_install(url: str) -> None:
    install(url, {}, report=lambda _: None)
