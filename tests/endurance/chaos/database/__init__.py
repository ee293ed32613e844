"""Inside the database of a run: its journal, its schedules, and what is broken in it on purpose."""
