"""A process that runs for long: start and stop, retries, connections that idle."""
