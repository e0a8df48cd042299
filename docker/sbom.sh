#!/usr/bin/env bash
# Writes what an image has from PyPI, with versions, hashes and who needs what, from the lock file that it is made of. Needs
# no image and no Docker: docker/sbom.sh NAME [MODEL KIND] [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv} name=$1 model=${2:-$(awk '$3 == "training" { print $1 }' packages/modeling/kinds.txt)}
folder=${3:-dist/sbom}
file=$folder/$name.cdx.json
mkdir -p "$folder"
case $name in
  mlflow) selection= ;;
  train) selection=$(docker/images.sh "train-$model") ;;
  *) selection=$(docker/images.sh "$name") ;;
esac
if [ "$name" = mlflow ]; then # a list of its own, docker/mlflow.requirements.txt
  "$uv" tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --spec-version 1.5 \
    --output-format JSON --output-file "$file" docker/mlflow.requirements.txt
else
  # shellcheck disable=SC2086 # several arguments
  "$uv" export --quiet --frozen --offline --no-dev --preview-features sbom-export --format cyclonedx1.5 $selection >"$file"
fi
echo "$file: $(grep -c '"purl"' "$file") packages of tradestream/$name, CycloneDX 1.5"
