#!/usr/bin/env bash
# Replays the trades on a kind cluster's Kafka with the cluster's settings and models, and compares: 0 mismatches.
# verify_cluster.sh [arguments of tradestream verify]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
port=${MLFLOW_PORT:-15000}
set -a
# shellcheck disable=SC1090
. <(python3 "$root/deployments/deploy.py" settings)
# This machine's way to what pods reach by other names, and nothing of theirs that is a place.
TRADESTREAM_BROKER_ADDRESS=${BROKER:-127.0.0.1:31092}
PREDICTIONS_MLFLOW_URI=http://localhost:$port
TRADESTREAM_METRICS_PORT=0
TRADESTREAM_LOG_FORMAT=human
unset TRADESTREAM_DATA_DIR HISTORY_FOLDER
set +a
kubectl -n mlflow port-forward service/mlflow "$port:5000" >/dev/null &
forward=$!
trap 'kill "$forward"' EXIT
until (: <"/dev/tcp/localhost/$port") 2>/dev/null; do kill -0 "$forward"; sleep 0.2; done
"$root/.venv/bin/tradestream" verify "$@"
