"""The relay: claims due tasks in the database and pushes their messages to Redis."""

from qtask_db.relay.service import Counters, Relay

__all__ = ["Counters", "Relay"]
