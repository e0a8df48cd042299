#!/usr/bin/env bash
# Kafka UI (kafbat), in namespace kafka: service kafka-ui, port 8080. install.sh [dev|prod]
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl helm python3
say "Kafka UI"
if [ "$env" = prod ]; then copied viewer-prod tradestream kafka sasl.jaas.config; fi
chart kafka-ui "$env"
