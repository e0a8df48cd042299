"""Whether offsets, state, changelogs and input belong together when a service starts."""
