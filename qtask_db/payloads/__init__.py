"""Payloads on their way between the program and the database."""
