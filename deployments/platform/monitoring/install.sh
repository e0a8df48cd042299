#!/usr/bin/env bash
# Prometheus, Alertmanager, Loki (namespace monitoring) and Grafana (namespace grafana: service grafana, port 3000).
# install.sh [dev|prod]
# Alerts are sent nowhere until ALERTS_PAGE_URL and ALERTS_TICKETS_URL, which take Alertmanager's webhooks, are given;
# Grafana and Alertmanager show them all the same.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl helm openssl python3 curl

say "who hears of alerts"
routes=$PLATFORM/alertmanager/alertmanager.yaml
if [ -n "${ALERTS_PAGE_URL:-}${ALERTS_TICKETS_URL:-}" ]; then
  kubectl -n monitoring create secret generic alert-receivers --dry-run=client -o yaml \
    "--from-literal=page=${ALERTS_PAGE_URL:?expected both addresses}" \
    "--from-literal=tickets=${ALERTS_TICKETS_URL:?expected both addresses}" | kubectl apply -f -
fi
if ! kubectl -n monitoring get secret alert-receivers >/dev/null 2>&1; then
  echo "nobody: ALERTS_PAGE_URL= and ALERTS_TICKETS_URL= were never given"
  kubectl -n monitoring create secret generic alert-receivers --from-literal=page= --from-literal=tickets=
fi
[ -n "$(key monitoring alert-receivers page)" ] || routes=$PLATFORM/alertmanager/nobody.yaml
kubectl -n monitoring create secret generic alertmanager-routes --dry-run=client -o yaml \
  --from-file="alertmanager.yaml=$routes" | kubectl apply -f -

say "Prometheus and Alertmanager"
chart prometheus "$env"
kubectl apply -f "$PLATFORM/monitoring/pods.yaml"
kubectl apply -k "$PLATFORM/prometheus"

say "Loki, which keeps the logs, and Alloy, which brings them"
kubectl apply -k "$PLATFORM/logs"
ready monitoring 300 rollout status statefulset/loki
ready monitoring 300 rollout status deployment/alloy

say "Grafana"
secret grafana grafana password
kubectl -n grafana patch secret grafana --patch '{"stringData": {"user": "admin"}}'
if [ "$env" = prod ]; then
  kubectl -n grafana create secret generic grafana-store --dry-run=client -o yaml \
    "--from-literal=STORE_PASSWORD=$(key risingwave risingwave-root root-password)" | kubectl apply -f -
fi
chart grafana "$env"
kubectl apply --server-side -k "$PLATFORM/grafana"
"$PLATFORM/monitoring/others_dashboards.sh"
echo "Grafana's password: kubectl -n grafana get secret grafana -o 'jsonpath={.data.password}' | base64 -d"
