#!/usr/bin/env bash
# Prometheus and Alertmanager (namespace monitoring), Grafana (namespace grafana: service grafana, port 3000).
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
need kubectl helm openssl
say "Prometheus and Alertmanager, chart kube-prometheus-stack $KUBE_PROMETHEUS_CHART"
chart prometheus monitoring kube-prometheus-stack "$KUBE_PROMETHEUS_CHART" \
  --repo https://prometheus-community.github.io/helm-charts --values "$PLATFORM/monitoring/prometheus.yaml"
kubectl apply -f "$PLATFORM/monitoring/pods.yaml"
say "Grafana, chart $GRAFANA_CHART"
if ! kubectl -n grafana get secret grafana >/dev/null 2>&1; then
  kubectl -n grafana create secret generic grafana --from-literal=user=admin "--from-literal=password=$(openssl rand -hex 16)"
fi
chart grafana grafana grafana "$GRAFANA_CHART" --repo https://grafana-community.github.io/helm-charts \
  --values "$PLATFORM/monitoring/grafana.yaml"
echo "Grafana's password: kubectl -n grafana get secret grafana -o 'jsonpath={.data.password}' | base64 -d"
