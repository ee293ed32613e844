"""The checks that only MySQL and MariaDB need."""
