"""Coinbase's errors: what they mean, and whether the order that was refused is certainly not there.

Source: Coinbase, "Create order" of the Advanced Trade documentation, whose failure reasons are words. A refusal that
is not listed settles nothing, and nor does any answer of HTTP 5xx.
"""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.private.refusal import Refusal, RefusalKind

Meaning = tuple[bool, RefusalKind]
_PREVIEW = "PREVIEW_"
_UNSAID = frozenset({"", "UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON", "UNKNOWN_CANCEL_FAILURE_REASON"})
#: By word: whether the order is certainly not there, and what kind of no it is. Most stand there a second time with
#: PREVIEW_ before them, from the check that every order goes through before it is taken: they mean the same.
REFUSALS: Mapping[str, Meaning] = {
    "UNSUPPORTED_ORDER_CONFIGURATION": (True, "invalid"),
    "INVALID_SIDE": (True, "invalid"),
    "INVALID_PRODUCT_ID": (True, "invalid"),
    "INVALID_SIZE_PRECISION": (True, "invalid"),
    "INVALID_PRICE_PRECISION": (True, "invalid"),
    "INVALID_LIMIT_PRICE": (True, "invalid"),
    "INVALID_STOP_PRICE": (True, "invalid"),
    "INVALID_STOP_PRICE_PRECISION": (True, "invalid"),
    "INVALID_BASE_SIZE": (True, "invalid"),
    "INVALID_ORDER_CONFIG": (True, "invalid"),
    "INVALID_END_TIME": (True, "invalid"),
    "STOP_PRICE_ABOVE_LIMIT_PRICE": (True, "invalid"),
    "STOP_PRICE_BELOW_LIMIT_PRICE": (True, "invalid"),
    "STOP_PRICE_ABOVE_LAST_TRADE_PRICE": (True, "invalid"),
    "STOP_PRICE_BELOW_LAST_TRADE_PRICE": (True, "invalid"),
    "STOP_TRIGGERED": (True, "invalid"),
    "LIMIT_PRICE_TOO_FAR_FROM_MARKET": (True, "invalid"),
    "INSUFFICIENT_FUND": (True, "insufficient_funds"),
    "INSUFFICIENT_FUNDS": (True, "insufficient_funds"),
    "INSUFFICIENT_FUNDS_FOR_FUTURES": (True, "insufficient_funds"),
    "BASE_SIZE_TOO_SMALL": (True, "below_minimum"),
    "INVALID_BASE_SIZE_TOO_SMALL": (True, "below_minimum"),
    "QUOTE_SIZE_TOO_SMALL": (True, "below_minimum"),
    "INVALID_QUOTE_SIZE_TOO_SMALL": (True, "below_minimum"),
    "BASE_SIZE_TOO_LARGE": (True, "limit"),
    "INVALID_BASE_SIZE_TOO_LARGE": (True, "limit"),
    "INVALID_QUOTE_SIZE_TOO_LARGE": (True, "limit"),
    "OPEN_ORDERS_LIMIT_EXCEEDED": (True, "limit"),
    "INVALID_LIMIT_PRICE_POST_ONLY": (True, "post_only"),
    "POST_ONLY_NOT_ALLOWED_WITH_FOK": (True, "post_only"),
    "INVALID_NO_LIQUIDITY": (True, "market_mode"),
    "TRADING_DISABLED": (True, "market_mode"),
    "PRODUCT_TRADING_HALTED": (True, "market_mode"),
    "UNTRADABLE_PRODUCT": (True, "market_mode"),
    "ORDER_ENTRY_DISABLED": (True, "market_mode"),
    "INELIGIBLE_PAIR": (True, "market_mode"),
    "NOT_ALLOWED_BY_MARKET_STATE": (True, "market_mode"),
    "GEOFENCING_RESTRICTION": (True, "market_mode"),
    "UNKNOWN_CANCEL_ORDER": (True, "unknown_order"),
    "INVALID_CANCEL_REQUEST": (True, "unknown_order"),
    "DUPLICATE_CANCEL_REQUEST": (True, "unknown_order"),
    "COMMANDER_REJECTED_CANCEL_ORDER": (True, "unknown_order"),
    # Of the matching engine: whether it is of this order or of its name nobody says.
    "COMMANDER_REJECTED_NEW_ORDER": (False, "unknown"),
    "INVALID_REQUEST": (True, "invalid"),
    "INVALID_ARGUMENT": (True, "invalid"),
    "NOT_FOUND": (True, "unknown_order"),
    "PERMISSION_DENIED": (True, "key"),
    "UNAUTHENTICATED": (True, "key"),
    "UNAUTHORIZED": (True, "key"),
    "RATE_LIMIT_EXCEEDED": (True, "rate_limit"),
}
_UNKNOWN: Meaning = (False, "unknown")
#: Of a stop whose price is reached already, where others would sell at once.
_REACHED = ("STOP_PRICE_ABOVE_LAST_TRADE_PRICE", "STOP_PRICE_BELOW_LAST_TRADE_PRICE", "STOP_TRIGGERED")


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
    return refusal.definite and any(word in refusal.text for word in _REACHED)


def refusal_of(words: list[str], message: str) -> Refusal:
    """Return what an error comes down to.

    Parameters
    ----------
    words
        The reasons that are given, of which some only say that there is none.
    message
        What is said beside them.

    Returns
    -------
    Refusal
        Not definite where nothing is known of a word.

    Examples
    --------
    >>> refusal_of(["UNKNOWN_FAILURE_REASON", "PREVIEW_INSUFFICIENT_FUND"], "Insufficient balance").kind
    'insufficient_funds'
    >>> refusal_of(["UNKNOWN_FAILURE_REASON"], "").definite
    False
    """
    said = list(dict.fromkeys(word for word in words if word not in _UNSAID))
    meanings = [REFUSALS.get(word.removeprefix(_PREVIEW).upper(), _UNKNOWN) for word in said]
    definite = bool(meanings) and all(each[0] for each in meanings)
    kind = next(
        (kind for _, kind in meanings if kind not in ("unknown", "invalid")),
        meanings[0][1] if meanings else "unknown",
    )
    text = " ".join([*(said or words[:1]), message]).strip()
    return Refusal(text or "no reason given", definite, kind)
