"""The name under which released migrations know `qtask_db.dialects.oracle.schema`."""

from qtask_db.dialects.oracle.schema import Creation

__all__ = ["Creation"]
