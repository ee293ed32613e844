"""Hostile arguments for every procedure and setting, and what must hold after each of them."""
