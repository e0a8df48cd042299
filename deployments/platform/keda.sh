#!/usr/bin/env bash
# KEDA, for replicas by lag; then: kubectl apply -k deployments/dev/autoscaling
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need kubectl helm
say "KEDA $KEDA"
kubectl create namespace keda --dry-run=client -o yaml | kubectl apply -f -
chart keda keda keda "$KEDA" --repo https://kedacore.github.io/charts
