#!/usr/bin/env bash
# Builds one image and pushes it under its content's name: docker/push.sh NAME REGISTRY [MODEL KIND]
# TAG=v0.2.0 is pushed too, as the name of a release.
set -euo pipefail
docker=${DOCKER:-docker}
built=$("$(dirname "$0")/build.sh" "$1" "${3:-}" | tee /dev/stderr | tail -n 1)
for name in "$built" ${TAG:+"${built%:*}:$TAG"}; do
  echo "pushing $2/$name"
  "$docker" tag "$built" "$2/$name"
  "$docker" push "$2/$name"
done
