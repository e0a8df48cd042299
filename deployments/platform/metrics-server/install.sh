#!/usr/bin/env bash
# For `kubectl top`, in namespace kube-system. kind's kubelets have certificates of their own making.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
need kubectl helm
say "metrics-server, chart $METRICS_SERVER_CHART"
chart metrics-server kube-system metrics-server "$METRICS_SERVER_CHART" \
  --repo https://kubernetes-sigs.github.io/metrics-server --set 'args={--kubelet-insecure-tls}'
