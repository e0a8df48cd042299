# Shared by the install scripts: small words. Sourced, never run.
PLATFORM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '\n== %s\n' "$*"; }

# env_of WORD: dev or prod, dev by default.
env_of() {
  case ${1:-dev} in
    dev | prod) echo "${1:-dev}" ;;
    *) echo "expected dev or prod, was '$1'" >&2; exit 2 ;;
  esac
}

need() {
  local tool missing=0
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "$tool is needed, and is not on the PATH: make doctor says how to get it" >&2; missing=2; }
  done
  [ "$missing" = 0 ] || exit "$missing"
}

# chart RELEASE ENV [helm's arguments]: installs or upgrades, says every 15 s how it stands, and what hinders it if it fails.
chart() { python3 "$PLATFORM/../charts.py" install "$@"; }

# version IMAGE: its tag, with a digest where one is recorded.
version() { python3 "$PLATFORM/../charts.py" image "$1"; }

# ready NAMESPACE SECONDS kubectl-arguments...: waits as kubectl does, with progress and reasons.
ready() {
  local namespace=$1 seconds=$2
  shift 2
  python3 "$PLATFORM/../waiting.py" "$namespace" "$seconds" kubectl -n "$namespace" "$@" "--timeout=${seconds}s"
}

# secret NAMESPACE NAME KEY...: a Secret of random words, made once; it is nowhere but in the cluster.
secret() {
  local namespace=$1 name=$2 key arguments=()
  shift 2
  kubectl -n "$namespace" get secret "$name" >/dev/null 2>&1 && return
  for key in "$@"; do arguments+=("--from-literal=$key=$(openssl rand -hex 16)"); done
  kubectl -n "$namespace" create secret generic "$name" "${arguments[@]}"
}

# key NAMESPACE NAME KEY: what a Secret has under a key.
key() { kubectl -n "$1" get secret "$2" -o "go-template={{index .data \"$3\" | base64decode}}"; }

# copied NAME FROM TO KEY...: the keys of a Secret, in another namespace too.
copied() {
  local name=$1 from=$2 to=$3 folder
  shift 3
  folder=$(mktemp -d)
  for each in "$@"; do
    kubectl -n "$from" get secret "$name" -o "go-template={{index .data \"$each\"}}" | base64 -d >"$folder/$each"
  done
  kubectl -n "$to" create secret generic "$name" "--from-file=$folder" --dry-run=client -o yaml | kubectl apply -f -
  rm -r "$folder"
}
