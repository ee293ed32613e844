"""Relay and worker have this in common: start and stop, a session that lasts, the upkeep."""
