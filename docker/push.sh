#!/usr/bin/env bash
# Builds one image and pushes it under its content's name: docker/push.sh NAME REGISTRY [MODEL KIND]
# TAG=v0.2.0 is pushed too, as the name of a release. PLATFORMS=linux/amd64,linux/arm64 builds each as docker/bake.json has
# it, and pushes one name for all; a platform that is not this machine's needs a buildx builder of it, or QEMU.
set -euo pipefail
cd "$(dirname "$0")/.."
docker=${DOCKER:-docker} name=$1 registry=$2 model=${3:-}
if [ -z "${PLATFORMS:-}" ]; then
  built=$(docker/build.sh "$name" "$model" | tee /dev/stderr | tail -n 1)
  for pushed in "$built" ${TAG:+"${built%:*}:$TAG"}; do
    echo "pushing $registry/$pushed"
    "$docker" tag "$built" "$registry/$pushed"
    "$docker" push "$registry/$pushed"
  done
  exit
fi

# As in build.sh: an unchanged image keeps its name.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
export MODEL=${model:-$(awk '$3 == "training" { print $1 }' packages/modeling/kinds.txt)}
parts=()
for platform in ${PLATFORMS//,/ }; do
  local=tradestream/$name:${platform//\//-}
  echo "$local: docker buildx bake --file docker/bake.json $name"
  "$docker" buildx bake --file docker/bake.json --set "$name.platform=$platform" --set "$name.tags=$local" --load "$name"
  parts+=("$registry/tradestream/$name:$(docker/content.sh "$local")")
  "$docker" tag "$local" "${parts[-1]}"
  "$docker" push "${parts[-1]}"
done
# One name for all of them, from the names of their contents.
content=dev-$(printf '%s\n' "${parts[@]##*:}" | sha256sum | cut -c1-12)
for tag in "$content" ${TAG:+"$TAG"}; do
  echo "pushing $registry/tradestream/$name:$tag for $PLATFORMS"
  "$docker" buildx imagetools create --tag "$registry/tradestream/$name:$tag" "${parts[@]}"
done
