"""Checks of an installation: the database, Redis, and whether they belong together."""
