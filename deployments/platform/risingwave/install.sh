#!/usr/bin/env bash
# RisingWave, in namespace risingwave: service risingwave-frontend, port 4567. install.sh [dev|prod]
# Tables and views come with the indicators (`make build-and-deploy service=technical_indicators`), or by themselves
# with `make build-and-deploy service=tables variant=historical`.
# prod wants to be told where its stores are: RISINGWAVE_POSTGRES_HOST, RISINGWAVE_POSTGRES_USER,
# RISINGWAVE_POSTGRES_PASSWORD, RISINGWAVE_S3_ENDPOINT, RISINGWAVE_S3_BUCKET, RISINGWAVE_S3_KEY, RISINGWAVE_S3_SECRET.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl helm openssl python3
stores=()

if [ "$env" = prod ]; then
  for name in POSTGRES_HOST POSTGRES_USER POSTGRES_PASSWORD S3_ENDPOINT S3_BUCKET S3_KEY S3_SECRET; do
    variable=RISINGWAVE_$name
    [ -n "${!variable:-}" ] || { echo "expected $variable: prod keeps metadata in PostgreSQL and state on S3" >&2; exit 2; }
  done
  say "its passwords"
  secret risingwave risingwave-root root-password
  copied risingwave-root risingwave tradestream root-password
  kubectl -n risingwave create secret generic risingwave-postgres --dry-run=client -o yaml \
    "--from-literal=RW_POSTGRES_USERNAME=$RISINGWAVE_POSTGRES_USER" \
    "--from-literal=RW_POSTGRES_PASSWORD=$RISINGWAVE_POSTGRES_PASSWORD" | kubectl apply -f -
  kubectl -n risingwave create secret generic risingwave-s3 --dry-run=client -o yaml \
    "--from-literal=AWS_ACCESS_KEY_ID=$RISINGWAVE_S3_KEY" \
    "--from-literal=AWS_SECRET_ACCESS_KEY=$RISINGWAVE_S3_SECRET" | kubectl apply -f -
  stores=(--set "metaStore.postgresql.host=$RISINGWAVE_POSTGRES_HOST")
  stores+=(--set "stateStore.s3.endpoint=$RISINGWAVE_S3_ENDPOINT" --set "stateStore.s3.bucket=$RISINGWAVE_S3_BUCKET")

  say "how it reads a Kafka with users, for the tables Job"
  kubectl -n tradestream create secret generic risingwave-kafka --dry-run=client -o yaml --from-file=properties=<(
    echo properties.security.protocol=SASL_SSL
    echo properties.sasl.mechanism=SCRAM-SHA-512
    echo properties.sasl.username=risingwave-prod
    echo "properties.sasl.password=$(key tradestream risingwave-prod password)"
    echo properties.ssl.ca.location=/etc/kafka-ca/ca.crt
  ) | kubectl apply -f -
fi

say "RisingWave"
chart risingwave "$env" "${stores[@]}"
