#!/usr/bin/env bash
# Strimzi's operator and the Kafka cluster, in namespace kafka: install.sh [dev|prod]
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl helm python3

say "Strimzi"
chart strimzi "$env"
say "kafka-cluster, its topics$([ "$env" = prod ] && echo " and users")"
kubectl apply -k "$PLATFORM/kafka/$env"
ready kafka 600 wait kafka/kafka-cluster --for=condition=Ready
ready kafka 300 wait kafkatopic --all --for=condition=Ready

if [ "$env" = prod ]; then
  say "the brokers' authority, for the services and for RisingWave"
  copied kafka-cluster-cluster-ca-cert kafka tradestream ca.crt
  copied kafka-cluster-cluster-ca-cert kafka risingwave ca.crt
  ready tradestream 300 wait kafkauser --all --for=condition=Ready
fi
