# Shared by the install scripts: versions, and small words. Sourced, never run.
PLATFORM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=versions.env
. "$PLATFORM/versions.env"

say() { printf '\n== %s\n' "$*"; }

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "$tool is needed, and is not on the PATH" >&2; exit 2; }
  done
}

# chart RELEASE NAMESPACE CHART VERSION [helm arguments]: installs or upgrades, and waits.
chart() {
  local release=$1 namespace=$2 chart=$3 version=$4
  shift 4
  helm upgrade --install "$release" "$chart" --namespace "$namespace" --version "$version" --wait --timeout 10m "$@"
}

# secret NAMESPACE NAME KEY...: a Secret of random words, made once; it is nowhere but in the cluster.
secret() {
  local namespace=$1 name=$2 key arguments=()
  shift 2
  kubectl -n "$namespace" get secret "$name" >/dev/null 2>&1 && return
  for key in "$@"; do arguments+=("--from-literal=$key=$(openssl rand -hex 16)"); done
  kubectl -n "$namespace" create secret generic "$name" "${arguments[@]}"
}
