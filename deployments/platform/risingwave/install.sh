#!/usr/bin/env bash
# RisingWave, in namespace risingwave: service risingwave-frontend, port 4567. install.sh [dev|prod]
# Tables and views come with `make build-and-deploy service=tables variant=historical`.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=${1:-dev}
need kubectl helm
say "RisingWave $RISINGWAVE, chart $RISINGWAVE_CHART"
chart risingwave risingwave risingwave "$RISINGWAVE_CHART" --repo https://risingwavelabs.github.io/helm-charts/ \
  --values "$PLATFORM/risingwave/values.yaml" --set "image.tag=$RISINGWAVE"

if [ "$env" = prod ]; then
  say "how RisingWave reads a Kafka with users, for the tables Job"
  password=$(kubectl -n tradestream get secret risingwave-prod -o 'jsonpath={.data.password}' | base64 -d)
  kubectl -n tradestream create secret generic risingwave-kafka --dry-run=client -o yaml --from-file=properties=<(
    echo properties.security.protocol=SASL_SSL
    echo properties.sasl.mechanism=SCRAM-SHA-512
    echo properties.sasl.username=risingwave-prod
    echo "properties.sasl.password=$password"
    echo properties.ssl.ca.location=/etc/kafka-ca/ca.crt
  ) | kubectl apply -f -
fi
