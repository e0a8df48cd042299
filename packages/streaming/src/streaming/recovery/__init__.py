"""Whether offsets, state, changelogs and input still belong together when a service takes a partition."""
