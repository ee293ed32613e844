"""The frame of a service: start and stop, retries, its connection to the database."""
