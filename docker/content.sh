#!/usr/bin/env bash
# The name that an image has by its content: docker/content.sh tradestream/candles:dev prints dev-0123456789ab.
# Of its layers and its settings, not of its id: Docker's containerd store makes the id of an unchanged image anew where
# it has a date in it, and pods would be replaced for nothing.
set -euo pipefail
docker=${DOCKER:-docker}
content=$("$docker" image inspect --format '{{json .RootFS.Layers}} {{json .Config.Env}} {{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.User}} {{json .Config.WorkingDir}} {{json .Config.Healthcheck}} {{json .Architecture}}' "$1")
echo "dev-$(sha256sum <<<"$content" | cut -c1-12)"
