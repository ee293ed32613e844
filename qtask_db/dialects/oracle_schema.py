"""The name under which released migrations know `qtask_db.schema.oracle.objects`."""

from qtask_db.schema.oracle.objects import Creation

__all__ = ["Creation"]
