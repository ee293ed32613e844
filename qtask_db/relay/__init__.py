"""The relay: claims due tasks in the database and pushes their messages to Redis."""

from qtask_db.relay.counters import RelayCounters as Counters
from qtask_db.relay.service import Relay

__all__ = ["Counters", "Relay"]
