#!/usr/bin/env bash
# Builds Kubernetes' pod-security library as a program, .tools/bin/pod-admission; needs Go, and the internet once.
set -euo pipefail
cd "$(dirname "$0")"
command -v go >/dev/null || { echo "left out: no Go here, so pod-security admission is not asked"; exit 0; }
mkdir -p ../../.tools/bin
go build -o ../../.tools/bin/pod-admission . || echo "left out: the library could not be downloaded"
