#!/usr/bin/env bash
# Builds one image and pushes it under its content's name: docker/push.sh NAME REGISTRY [MODEL KIND]
set -euo pipefail
docker=${DOCKER:-docker}
built=$("$(dirname "$0")/build.sh" "$1" "${3:-}" | tee /dev/stderr | tail -n 1)
echo "pushing $2/$built"
"$docker" tag "$built" "$2/$built"
"$docker" push "$2/$built"
