#!/usr/bin/env bash
# MLflow with PostgreSQL and an S3 store, in namespace mlflow: service mlflow, port 5000. install.sh [dev|prod]
# Its image is ours (docker/mlflow.Dockerfile): a kind cluster is given the one that is built here; prod takes it from
# registry= and tag=, in REGISTRY and TAG: make build-and-push service=mlflow registry=... says which.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
env=$(env_of "${1:-}")
need kubectl openssl make python3
if [ "$env" = prod ]; then
  [ -n "${REGISTRY:-}" ] && [ -n "${TAG:-}" ] || {
    echo "expected REGISTRY and TAG of tradestream/mlflow: make build-and-push service=mlflow registry=... says which" >&2
    exit 2
  }
fi

say "passwords and keys"
secret mlflow mlflow postgres-password s3-access-key s3-secret-key
context=$(kubectl config current-context)
if [ "$env" = dev ] && [[ $context == kind-* ]]; then
  say "the image, built and given to the cluster"
  make -C "$PLATFORM/../.." build service=mlflow
  kind load docker-image tradestream/mlflow:dev --name "${context#kind-}"
fi

say "PostgreSQL, S3, MLflow"
if [ "$env" = prod ]; then
  kubectl kustomize "$PLATFORM/mlflow" | sed "s|image: tradestream/mlflow:dev|image: $REGISTRY/tradestream/mlflow:$TAG|" | kubectl apply -f -
else
  kubectl apply -k "$PLATFORM/mlflow"
fi
ready mlflow 300 rollout status statefulset/postgres
ready mlflow 300 rollout status statefulset/s3
ready mlflow 600 rollout status deployment/mlflow
