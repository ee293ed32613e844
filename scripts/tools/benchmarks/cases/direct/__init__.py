"""The cases of direct queues."""
