#!/usr/bin/env bash
# Everything the project is worked on with, from its two lists: mise.toml and uv.lock. Run it again after they changed.
set -euo pipefail
cd "$(dirname "$0")/.."
mise install
make install-dev
mise exec -- uv run --frozen --no-sync pre-commit install
echo "Ready: make test, make cluster; make help lists the rest"
