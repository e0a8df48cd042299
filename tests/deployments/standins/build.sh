#!/usr/bin/env bash
# Builds the stand-ins under the public images' names, and gives them to the kind cluster of kubectl's context.
# build.sh [name of an image ...]: those only. Needs docker, kind, kubectl and Go; Python 3.11 for RisingWave's.
set -euo pipefail
cd "$(dirname "$0")"
docker=${DOCKER:-docker}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
images=("${@:-postgres s3 risingwave}")
read -ra images <<<"${images[*]}"

# The public name of an image, with the version that the manifests have.
public() {
  python3 -c 'import json, sys; print(sys.argv[1] + ":" + json.load(open("../../../deployments/platform/versions.json"))["images"][sys.argv[1]].partition("@")[0])' "$1"
}

# The versions of uv.lock.
packages() {
  python3 - "$@" <<'PYTHON'
import sys, tomllib
with open("../../../uv.lock", "rb") as file:
    locked = {each["name"]: each["version"] for each in tomllib.load(file)["package"]}
print(*(f"{name}=={locked[name]}" for name in sys.argv[1:]))
PYTHON
}

for image in "${images[@]}"; do
  case $image in
    postgres) name=$(public postgres); "$docker" build --quiet --tag "$name" postgres ;;
    s3)
      name=$(public chrislusf/seaweedfs)
      cp -r s3/. "$work"
      (cd "$work" && CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags "-s -w" -o s3 .)
      "$docker" build --quiet --tag "$name" "$work"
      ;;
    risingwave)
      name=$(public risingwavelabs/risingwave)
      "$docker" build --quiet --tag "$name" --build-arg \
        "PACKAGES=$(packages psycopg psycopg-binary confluent-kafka sqlglot)" risingwave
      ;;
    *) echo "expected postgres, s3 or risingwave, was $image" >&2; exit 2 ;;
  esac
  context=$(kubectl config current-context 2>/dev/null || true)
  if [ -n "$context" ]; then kind load docker-image "$name" --name "${context#kind-}"; fi
done
