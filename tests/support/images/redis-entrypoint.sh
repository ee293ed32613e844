#!/usr/bin/sh
# Starts Redis for every address of the container, as the official image does.
set -eu

case "${1:-redis-server}" in
    redis-server) if [ $# -gt 0 ]; then shift; fi ;;
    -*) ;;
    *) exec "$@" ;;
esac
# The configuration file goes first.
exec redis-server "$@" --dir /data --protected-mode no
