"""The checks that only Oracle needs."""
