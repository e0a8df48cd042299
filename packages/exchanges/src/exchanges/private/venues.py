"""Where orders can be sent to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exchanges.kraken.executions_channel import ADDRESS
from exchanges.kraken.private_rest import KrakenPrivate
from exchanges.kraken.private_stream import KrakenExecutions
from exchanges.private.stream import PrivateStream
from exchanges.private.venue import PrivateVenue

#: Venue -> its client; the others take market data only so far.
PRIVATE_VENUES: Mapping[str, Callable[..., PrivateVenue]] = {"kraken": KrakenPrivate}
#: Venue -> what listens to its stream of executions.
PRIVATE_STREAMS: Mapping[str, Callable[..., PrivateStream]] = {"kraken": KrakenExecutions}
#: Venue -> its own address of that.
PRIVATE_STREAM_URLS: Mapping[str, str] = {"kraken": ADDRESS}
