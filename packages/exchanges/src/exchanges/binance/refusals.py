"""Binance's errors: what they mean, and whether the order that was refused is certainly not there.

Source: Binance, "Error codes" of the spot documentation. A refusal that is not listed settles nothing, and nor does
any answer of HTTP 5xx: Binance itself calls what became of such an order unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.private.refusal import Refusal, RefusalKind

Meaning = tuple[bool, RefusalKind]
#: By code: whether the order is certainly not there, and what kind of no it is. -1000, -1001, -1006, -1007, -1008
#: and -1016 come from between the door and the matching engine.
REFUSALS: Mapping[int, Meaning] = {
    -1000: (False, "unknown"),
    -1001: (False, "unavailable"),
    -1002: (True, "key"),
    -1003: (True, "rate_limit"),
    -1006: (False, "unavailable"),
    -1007: (False, "unavailable"),
    -1008: (False, "unavailable"),
    -1013: (True, "invalid"),
    -1014: (True, "invalid"),
    -1015: (True, "limit"),
    -1016: (False, "unavailable"),
    -1020: (True, "invalid"),
    -1021: (True, "deadline"),
    -1022: (True, "key"),
    -1100: (True, "invalid"),
    -1101: (True, "invalid"),
    -1102: (True, "invalid"),
    -1103: (True, "invalid"),
    -1104: (True, "invalid"),
    -1105: (True, "invalid"),
    -1106: (True, "invalid"),
    -1108: (True, "invalid"),
    -1111: (True, "invalid"),
    -1114: (True, "invalid"),
    -1115: (True, "invalid"),
    -1116: (True, "invalid"),
    -1117: (True, "invalid"),
    -1121: (True, "invalid"),
    -1128: (True, "invalid"),
    -1130: (True, "invalid"),
    -2010: (True, "invalid"),
    -2011: (True, "unknown_order"),
    -2013: (True, "unknown_order"),
    -2014: (True, "key"),
    -2015: (True, "key"),
    -2026: (True, "unknown_order"),
}
#: The words of the matching engine, and names of filters, that say more than their code.
WORDS: Mapping[str, Meaning] = {
    # An order of this name is open: whatever was refused, ours may be the one that is there.
    "Duplicate order sent": (False, "unknown"),
    "Account has insufficient balance": (True, "insufficient_funds"),
    "Order would immediately match and take": (True, "post_only"),
    "Market is closed": (True, "market_mode"),
    "Filter failure: NOTIONAL": (True, "below_minimum"),
    "Filter failure: MIN_NOTIONAL": (True, "below_minimum"),
    "Filter failure: MAX_NUM": (True, "limit"),
    "Filter failure: EXCHANGE_MAX_NUM": (True, "limit"),
}
#: Of an order that was asked for by its name: it is not there, or was so long ago that it is not kept.
NO_SUCH_ORDER = frozenset({-2013, -2026})
_UNKNOWN: Meaning = (False, "unknown")
#: Of a stop that the last trade has reached already: Binance does not take it, where others would sell at once.
_REACHED = "would trigger immediately"
#: Codes whose words count.
_WORDED = frozenset({-1010, -1013, -2010, -2011})


def is_of_a_stop_that_is_reached(refusal: Refusal) -> bool:
    """Say whether a stop was refused because its price is reached already.

    Parameters
    ----------
    refusal
        Of a new order.

    Returns
    -------
    bool
        True only where the order is certainly not there.
    """
    return refusal.definite and _REACHED in refusal.text


def refusal_of(code: int, message: str) -> Refusal:
    """Return what an error comes down to.

    Parameters
    ----------
    code, message
        As Binance says them.

    Returns
    -------
    Refusal
        Not definite where nothing is known of the code.

    Examples
    --------
    >>> refusal_of(-2010, "Account has insufficient balance for requested action.").kind
    'insufficient_funds'
    >>> refusal_of(-1007, "Timeout waiting for response from backend server.").definite
    False
    """
    worded = (meaning for words, meaning in WORDS.items() if code in _WORDED and message.startswith(words))
    definite, kind = next(worded, REFUSALS.get(code, _UNKNOWN))
    return Refusal(f"{code} {message}", definite, kind)
