#!/usr/bin/env bash
# MLflow with PostgreSQL and an S3 store, in namespace mlflow: service mlflow, port 5000.
# Its image is ours (docker/mlflow.Dockerfile): a kind cluster is given the one that is built here.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
need kubectl openssl make
say "passwords and keys"
secret mlflow mlflow postgres-password s3-access-key s3-secret-key
context=$(kubectl config current-context)
if [[ $context == kind-* ]]; then
  say "the image, built and given to the cluster"
  make -C "$PLATFORM/../.." build service=mlflow
  kind load docker-image tradestream/mlflow:dev --name "${context#kind-}"
fi
say "PostgreSQL, S3, MLflow"
kubectl apply -k "$PLATFORM/mlflow"
kubectl -n mlflow rollout status statefulset/postgres --timeout=300s
kubectl -n mlflow rollout status statefulset/s3 --timeout=300s
kubectl -n mlflow rollout status deployment/mlflow --timeout=600s
