"""The relay: claims due tasks in the database and pushes their messages to Redis."""

from qtask_db.relay.service import Relay

__all__ = ["Relay"]
