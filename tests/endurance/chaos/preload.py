"""The modules of every process of a run: loaded once, so that a start takes milliseconds."""

import pymysql.connections  # noqa: F401
import redis  # noqa: F401

import qtask_db.cli.commands.run
import qtask_db.relay
import qtask_db.worker  # noqa: F401

from . import producer, roles  # noqa: F401
