"""Trade ids that start again: the rule of all who take a low id for a trade that they have had."""

from __future__ import annotations

from contracts.units import US_PER_SECOND

#: One trade's times differ by so much between a venue's REST and its WebSocket.
_ROUNDING_US = 1_000
#: Ids so close together may be out of time order, by at most so much.
_NEAR_IDS = 1_000
_NEAR_US = US_PER_SECOND


def starts_again(trade_id: int, timestamp_us: int, last_id: int, newest_us: int) -> bool:
    """Return whether a trade cannot be one of those up to `last_id`, although its id is not above theirs.

    A trade that comes again, or late, is not newer than all that came before it.

    Parameters
    ----------
    trade_id, timestamp_us
        Of the trade.
    last_id
        The highest id so far.
    newest_us
        The newest time of a trade so far, microseconds since the epoch.

    Returns
    -------
    bool
        True if the venue has begun to count anew.

    Examples
    --------
    >>> starts_again(1, 8_000_000, last_id=2_000, newest_us=7_000_000)
    True
    >>> starts_again(1_999, 7_000_000, last_id=2_000, newest_us=7_000_000)
    False
    """
    if trade_id > last_id:
        return False
    ahead_us = timestamp_us - newest_us
    near = last_id - trade_id < _NEAR_IDS and ahead_us <= _NEAR_US
    return ahead_us > _ROUNDING_US and not near


def not_above(last_id: int) -> str:
    """Return why a trade with an id that starts again cannot be used.

    Parameters
    ----------
    last_id
        The highest id before it.

    Returns
    -------
    str
        For people, and for the dead letters.
    """
    return f"trade_id: expected one above {last_id}, as the trade is newer than all before it: ids start again"
