#!/usr/bin/env bash
# Builds one image and names it by its content too: docker/build.sh NAME [MODEL KIND]
# The last line is that name: unchanged sources give the same one, so what runs already need not be restarted.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1 model=${2:-$(awk '$3 == "training" { print $1 }' packages/modeling/kinds.txt)}
docker=${DOCKER:-docker}
# Docker's containerd store would add a provenance with a date: a new digest for an unchanged image, and an index of two
# that `kind load` cannot take.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
case $name in
  # TORCH_INDEX=https://download.pytorch.org/whl/cpu: PyTorch for the CPU alone.
  train) arguments=(--build-arg "MODEL=$model" --build-arg "TORCH_INDEX=${TORCH_INDEX:-}" --file docker/train.Dockerfile) ;;
  mlflow | study) arguments=(--file "docker/$name.Dockerfile") ;;
  *) arguments=(--build-arg "SERVICE=$name" --file docker/service.Dockerfile) ;;
esac
image=tradestream/$name
echo "$image:dev: docker build ${arguments[*]} ."
"$docker" build --quiet "${arguments[@]}" --tag "$image:dev" . >/dev/null
megabytes=$(($("$docker" image inspect --format '{{.Size}}' "$image:dev") / 1000000))
echo "$image:dev: built in $SECONDS s, $megabytes MB unpacked"
tag=$image:$(docker/content.sh "$image:dev")
"$docker" tag "$image:dev" "$tag"
echo "$tag"
