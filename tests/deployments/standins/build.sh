#!/usr/bin/env bash
# Builds the stand-ins under the public images' names, and gives them to the kind cluster of kubectl's context.
set -euo pipefail
cd "$(dirname "$0")"
docker=${DOCKER:-docker}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$docker" build --quiet --tag postgres:17.11 postgres
cp -r s3/. "$work"
(cd "$work" && CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags "-s -w" -o s3 .)
"$docker" build --quiet --tag chrislusf/seaweedfs:4.48 "$work"

context=$(kubectl config current-context)
for image in postgres:17.11 chrislusf/seaweedfs:4.48; do
  kind load docker-image "$image" --name "${context#kind-}"
done
