"""What QuixStreams' changelogs are called, and the headers by which it recovers a state store from one."""

from quixstreams.state.metadata import CHANGELOG_CF_MESSAGE_HEADER as STORE_HEADER
from quixstreams.state.metadata import CHANGELOG_PROCESSED_OFFSETS_MESSAGE_HEADER as OFFSETS_HEADER

CHANGELOG_PREFIX = "changelog__"

__all__ = ["CHANGELOG_PREFIX", "OFFSETS_HEADER", "STORE_HEADER"]
