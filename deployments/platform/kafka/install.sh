#!/usr/bin/env bash
# Strimzi's operator and the Kafka cluster, in namespace kafka: install.sh [dev|prod]
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=${1:-dev}
need kubectl helm
[ -d "$PLATFORM/kafka/$env" ] || { echo "expected dev or prod, was '$env'" >&2; exit 2; }

say "Strimzi $STRIMZI_CHART"
chart strimzi kafka oci://quay.io/strimzi-helm/strimzi-kafka-operator "$STRIMZI_CHART" --set "watchNamespaces={tradestream}"
say "kafka-cluster, its topics$([ "$env" = prod ] && echo " and users")"
kubectl apply -k "$PLATFORM/kafka/$env"
kubectl -n kafka wait kafka/kafka-cluster --for=condition=Ready --timeout=600s
kubectl -n kafka wait kafkatopic --all --for=condition=Ready --timeout=300s

if [ "$env" = prod ]; then
  say "the brokers' authority, for the services"
  kubectl -n tradestream create secret generic kafka-cluster-cluster-ca-cert --dry-run=client -o yaml \
    --from-file=ca.crt=<(kubectl -n kafka get secret kafka-cluster-cluster-ca-cert -o 'jsonpath={.data.ca\.crt}' | base64 -d) |
    kubectl apply -f -
  kubectl -n tradestream wait kafkauser --all --for=condition=Ready --timeout=300s
fi
