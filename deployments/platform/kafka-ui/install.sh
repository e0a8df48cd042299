#!/usr/bin/env bash
# Kafka UI (kafbat), in namespace kafka: service kafka-ui, port 8080.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
need kubectl helm
say "Kafka UI, chart $KAFKA_UI_CHART"
chart kafka-ui kafka kafka-ui "$KAFKA_UI_CHART" --repo https://kafbat.github.io/helm-charts --values "$PLATFORM/kafka-ui/values.yaml"
