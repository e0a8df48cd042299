"""What features cost: bar by bar, over a whole history, after a restart, at an anchor, and through the service."""

import streaming  # noqa: F401 - before anything imports QuixStreams, whose warnings it silences
