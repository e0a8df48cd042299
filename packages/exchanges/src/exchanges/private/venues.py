"""Where orders can be sent to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exchanges.kraken.private_rest import KrakenPrivate
from exchanges.private.venue import PrivateVenue

#: Venue -> its client; the others take market data only so far.
PRIVATE_VENUES: Mapping[str, Callable[..., PrivateVenue]] = {"kraken": KrakenPrivate}
