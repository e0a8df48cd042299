#!/bin/sh
# What a container runs. `exec`: Python takes this process's place, so SIGTERM reaches it.
case "$SERVICE" in
  simulator)
    export SIMULATOR_HOST="${SIMULATOR_HOST:-0.0.0.0}" SIMULATOR_PORT="${SIMULATOR_PORT:-8000}"
    exec python -m exchanges.simulator "$@"
    ;;
  *) exec python -m "$SERVICE" "$@" ;;
esac
