"""Queues in Redis: clients, commands, lists and streams, messages."""
