#!/usr/bin/env bash
# KEDA, for replicas by lag: install.sh [dev|prod]; then: kubectl apply -k deployments/dev/autoscaling
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl helm python3
say "KEDA"
kubectl create namespace keda --dry-run=client -o yaml | kubectl apply -f -
chart keda "$env"
