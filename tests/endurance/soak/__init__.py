"""The parts of scripts/soak: calls, their records, checks, deadlocks that the server met."""
