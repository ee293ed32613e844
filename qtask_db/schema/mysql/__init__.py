"""The tables, procedures and views of a schema in MySQL or MariaDB."""
