"""The way over from the Go library micro-plat/qtask: its tasks are imported with their ids."""
