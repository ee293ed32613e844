"""The way over from the Go library micro-plat/qtask: its tasks are imported with their ids."""

from qtask_db.importing.rows import Imported, ImportTask

__all__ = ["ImportTask", "Imported"]
