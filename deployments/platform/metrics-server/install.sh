#!/usr/bin/env bash
# For `kubectl top`, in namespace kube-system: install.sh [dev|prod]
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl helm python3
say "metrics-server"
chart metrics-server "$env"
