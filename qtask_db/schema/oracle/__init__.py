"""The tables, package and views of a schema in Oracle."""
