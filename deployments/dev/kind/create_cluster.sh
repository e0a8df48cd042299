#!/usr/bin/env bash
# A kind cluster with everything around the services: Kafka and its UI, RisingWave, MLflow, Prometheus, Grafana.
# create_cluster.sh [PART...]: all parts by default, or those named, or `none`. Run it again after a failure or a change:
# what is there is upgraded.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../../platform/lib.sh"
PARTS=(metrics-server kafka kafka-ui risingwave mlflow monitoring)
NAME=tradestream

asked=("$@")
[ $# -gt 0 ] || asked=("${PARTS[@]}")
[ "${asked[*]}" != none ] || asked=()
for part in "${asked[@]}"; do
  [[ " ${PARTS[*]} " == *" $part "* ]] || { echo "expected parts of: ${PARTS[*]}, or none; was '$part'" >&2; exit 2; }
done
need docker kind kubectl

say "cluster $NAME"
if kind get clusters --quiet | grep -qx "$NAME"; then
  echo "it is there already"
  kind export kubeconfig --name "$NAME"
else
  kind create cluster --name "$NAME" --config "$HERE/cluster.yaml" --image "$KIND_NODE" --wait 180s
fi
kubectl apply -f "$PLATFORM/namespaces.yaml"
for part in "${asked[@]}"; do "$PLATFORM/$part/install.sh"; done

say "ready"
echo "make backfill market=simulator     history, then the live services"
echo "make status; make port-forward     what runs; Kafka UI, RisingWave, MLflow, Grafana on this machine"
