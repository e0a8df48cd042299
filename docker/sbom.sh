#!/usr/bin/env bash
# Writes what an image has from PyPI, with versions and hashes, from the lock file that it is made of:
# docker/sbom.sh NAME [baseline|lstm]
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv} name=$1 model=${2:-baseline}
file=dist/sbom/$name.cdx.json
mkdir -p dist/sbom
requirements=$(mktemp)
trap 'rm -f "$requirements"' EXIT
case $name in
  mlflow) cp docker/mlflow.requirements.txt "$requirements" ;;
  train) selection=$(docker/images.sh "train-$model") ;;
  *) selection=$(docker/images.sh "$name") ;;
esac
if [ "$name" != mlflow ]; then
  # shellcheck disable=SC2086 # several arguments
  "$uv" export --quiet --frozen --no-dev --no-emit-workspace --no-annotate --no-header $selection |
    "$uv" pip compile --quiet --no-deps --no-annotate --no-header --generate-hashes \
      --python-version 3.11 --python-platform linux - >"$requirements" # leaves out what only other systems need
fi
"$uv" tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --output-reproducible \
  --output-format JSON --output-file "$file" "$requirements"
echo "$file: $(grep -c '"purl"' "$file") packages of tradestream/$name, CycloneDX"
