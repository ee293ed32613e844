"""Real processes under random faults, and a checker of what they have recorded: scripts/chaos."""
