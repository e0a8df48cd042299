"""Who wants which pair: a fold of the requests on `symbol-subscriptions` into the pairs that stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from contracts.symbol_subscription import SymbolSubscription

#: The requester behind the pairs of TRADES_PAIRS; on the topic nobody speaks under this name.
SETTINGS = "settings"


class Request(TypedDict):
    """What one requester wants of one pair."""

    history_from_ms: int | None
    requested_at_us: int


#: Pair -> requester -> request; only requests that hold.
Subscriptions = dict[str, dict[str, Request]]


def initial(pairs: Iterable[str]) -> Subscriptions:
    """Return the state before any message: the settings want their pairs, and nobody can talk them out of it.

    Examples
    --------
    >>> wanted(initial(["BTC/USD"]))
    {'BTC/USD': None}
    """
    return {pair: {SETTINGS: Request(history_from_ms=None, requested_at_us=0)} for pair in pairs}


def step(state: Subscriptions, message: SymbolSubscription) -> Subscriptions:
    """Return the state after `message`, of whatever exchange: the caller hands in those of its own.

    The newest message of a requester holds, so a repeated one changes nothing.
    """
    if message.requester == SETTINGS:
        return state
    requests = {name: request for name, request in state.get(message.pair, {}).items() if name != message.requester}
    if message.wanted:
        request = Request(history_from_ms=message.history_from_ms, requested_at_us=message.requested_at_us)
        requests[message.requester] = request
    others = {pair: held for pair, held in state.items() if pair != message.pair}
    return {**others, message.pair: requests} if requests else others


def wanted(state: Subscriptions) -> dict[str, int | None]:
    """Return the pairs that somebody wants, and since when: the earliest of their requests, None if nobody says."""
    return {
        pair: min((w["history_from_ms"] for w in requests.values() if w["history_from_ms"] is not None), default=None)
        for pair, requests in sorted(state.items())
    }
