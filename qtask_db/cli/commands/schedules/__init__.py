"""`qtask schedule` and what is below it."""
