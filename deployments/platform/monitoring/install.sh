#!/usr/bin/env bash
# Prometheus and Alertmanager (namespace monitoring), Grafana (namespace grafana: service grafana, port 3000).
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
need kubectl helm openssl
# Whom alerts reach: two addresses that take Alertmanager's webhooks. Without them alerts stay on its page.
if ! kubectl -n monitoring get secret alert-receivers >/dev/null 2>&1; then
  kubectl -n monitoring create secret generic alert-receivers \
    "--from-literal=page=${ALERTS_PAGE_URL:-http://localhost/}" "--from-literal=tickets=${ALERTS_TICKETS_URL:-http://localhost/}"
fi
kubectl -n monitoring create secret generic alertmanager-tradestream --dry-run=client -o yaml \
  --from-file="$PLATFORM/alertmanager/alertmanager.yaml" | kubectl apply -f -
say "who hears of alerts: Secret alert-receivers, with the addresses page and tickets"
if ! kubectl -n monitoring get secret alert-receivers >/dev/null 2>&1; then
  echo "there is none yet: alerts are shown and sent nowhere until these two are real"
  kubectl -n monitoring create secret generic alert-receivers --from-literal=page=http://localhost:9/ \
    --from-literal=tickets=http://localhost:9/
fi
kubectl -n monitoring create secret generic alertmanager --dry-run=client -o yaml \
  --from-file="$PLATFORM/alertmanager/alertmanager.yaml" | kubectl apply -f -
say "Prometheus and Alertmanager, chart kube-prometheus-stack $KUBE_PROMETHEUS_CHART"
chart prometheus monitoring kube-prometheus-stack "$KUBE_PROMETHEUS_CHART" \
  --repo https://prometheus-community.github.io/helm-charts --values "$PLATFORM/monitoring/prometheus.yaml"
kubectl apply -f "$PLATFORM/monitoring/pods.yaml"
kubectl apply -k "$PLATFORM/prometheus"
kubectl apply -k "$PLATFORM/prometheus"
say "Grafana, chart $GRAFANA_CHART"
if ! kubectl -n grafana get secret grafana >/dev/null 2>&1; then
  kubectl -n grafana create secret generic grafana --from-literal=user=admin "--from-literal=password=$(openssl rand -hex 16)"
fi
chart grafana grafana grafana "$GRAFANA_CHART" --repo https://grafana-community.github.io/helm-charts \
  --values "$PLATFORM/monitoring/grafana.yaml"
kubectl apply --server-side -k "$PLATFORM/grafana"
kubectl apply -k "$PLATFORM/grafana"
echo "Grafana's password: kubectl -n grafana get secret grafana -o 'jsonpath={.data.password}' | base64 -d"
