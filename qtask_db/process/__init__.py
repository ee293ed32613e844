"""What goes on for long: stop and back-off, connections that idle."""
