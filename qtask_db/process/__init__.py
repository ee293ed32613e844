"""The frame of a service: start and stop, retries, one line of log a trouble."""
