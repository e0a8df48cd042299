#!/bin/sh
# Installs what an image has, PyTorch in the build of another index: docker/torch.sh INDEX, then arguments of `uv sync`.
# https://download.pytorch.org/whl/cpu has builds for the CPU alone, 0.2 GB where PyPI's for Linux brings 5 GB of CUDA with
# it. The version is that of uv.lock; what only CUDA needs is left out. Without an index, and where nothing needs PyTorch:
# `uv sync`.
set -eu
index=$1
shift
selection=$(printf '%s\n' "$@" | grep -v '^--no-') # what is chosen, without how it is installed
# shellcheck disable=SC2086 # several arguments
locked=$(uv export --quiet --frozen --no-dev --no-emit-workspace --no-hashes --no-header --no-annotate $selection | sed 's/ *;.*//')
torch=$(echo "$locked" | grep '^torch==' || true)
if [ -z "$index" ] || [ -z "$torch" ]; then
  exec uv sync --frozen --no-dev "$@"
fi
others=$(echo "$locked" | sed -n 's/^\(nvidia-[^=]*\|cuda-[^=]*\|triton\)==.*/--no-install-package \1/p')
# shellcheck disable=SC2086 # several arguments
uv sync --frozen --no-dev --inexact --no-install-package torch $others "$@"
# Later syncs would bring the locked build back: it is there once, then left alone.
uv pip install --python "${UV_PROJECT_ENVIRONMENT:-.venv}" --no-deps --index "$index" --index-strategy unsafe-best-match "$torch"
