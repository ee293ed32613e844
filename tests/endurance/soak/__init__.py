"""What scripts/soak does: calls, what they have recorded, checks, deadlocks that the server met."""
