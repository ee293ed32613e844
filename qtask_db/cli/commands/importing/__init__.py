"""`qtask import-original` and what it prints."""
