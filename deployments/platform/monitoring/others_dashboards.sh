#!/usr/bin/env bash
# RisingWave's own dashboard beside ours, from the release that runs. (Strimzi's come with its chart.) Without the
# internet it is left out, and said so.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
release=$(version risingwavelabs/risingwave)
url=https://raw.githubusercontent.com/risingwavelabs/risingwave/${release%@*}/grafana/risingwave-user-dashboard.json
file=$(mktemp)
trap 'rm "$file"' EXIT
if curl --fail --silent --show-error --location --max-time 30 --output "$file" "$url"; then
  kubectl -n grafana create configmap dashboard-risingwave "--from-file=risingwave.json=$file" --dry-run=client -o yaml |
    kubectl label --local -f - grafana_dashboard=1 -o yaml | kubectl apply --server-side -f -
else
  echo "RisingWave's dashboard is left out: $url did not answer"
fi
