"""One module a side: its best documented configuration, and nothing more."""
