"""The headers by which QuixStreams recovers a state store from its changelog."""

from quixstreams.state.metadata import CHANGELOG_CF_MESSAGE_HEADER as STORE_HEADER
from quixstreams.state.metadata import CHANGELOG_PROCESSED_OFFSETS_MESSAGE_HEADER as OFFSETS_HEADER

__all__ = ["OFFSETS_HEADER", "STORE_HEADER"]
