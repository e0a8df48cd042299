#!/usr/bin/env bash
# A kind cluster with everything around the services: Kafka and its UI, RisingWave, MLflow, Prometheus, Loki, Grafana.
# create_cluster.sh [PART...]: all parts by default, or those named, or `none`. Run it again after a failure or a change:
# what is there is upgraded. Before anything is made, doctor.py looks whether this machine can have it; FORCE=1 goes on
# where it is too small.
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
need python3

say "this machine"
python3 "$HERE/../../doctor.py" ${FORCE:+--force} "${asked[@]:-none}"

say "cluster $NAME"
if kind get clusters --quiet | grep -qx "$NAME"; then
  echo "it is there already"
  kind export kubeconfig --name "$NAME"
else
  kind create cluster --name "$NAME" --config "$HERE/cluster.yaml" --image "$(version kindest/node)" --wait 180s
fi
kubectl apply -f "$PLATFORM/namespaces.yaml"
# So that `kubectl scale deployment trades-live --replicas=2` means the services.
kubectl config set-context --current --namespace=tradestream

done=0
for part in "${asked[@]}"; do
  done=$((done + 1))
  say "$done of ${#asked[@]}: $part, after $((SECONDS / 60)) min $((SECONDS % 60)) s"
  "$PLATFORM/$part/install.sh" || {
    echo "$part failed, see above. What is there stays; to go on from here: make cluster parts=\"${asked[*]:$((done - 1))}\"" >&2
    exit 1
  }
done

say "ready after $((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "make backfill market=simulator     history, then the live services"
echo "make status; make port-forward     what runs; Kafka UI, RisingWave, MLflow, Grafana on this machine"
