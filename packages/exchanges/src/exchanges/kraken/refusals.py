"""What Kraken's error texts mean for an order.

Definite is what its front door or matching engine says before an order exists. `EService` and internal errors may
come after the engine has taken it, and a text that is not listed may mean anything: then the venue has to be asked.
Source: Kraken, "Error messages" of the REST documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exchanges.private.refusal import Refusal, RefusalKind

#: By how the text begins: whether the order is certainly not there, and what kind of no it is.
REFUSALS: Mapping[str, tuple[bool, RefusalKind]] = {
    "EOrder:Insufficient funds": (True, "insufficient_funds"),
    "EOrder:Insufficient margin": (True, "insufficient_funds"),
    "EOrder:Order minimum not met": (True, "below_minimum"),
    "EOrder:Cost minimum not met": (True, "below_minimum"),
    "EOrder:Tick size check failed": (True, "invalid"),
    "EOrder:Invalid price": (True, "invalid"),
    "EOrder:Invalid order": (True, "invalid"),
    "EOrder:Reduce only": (True, "invalid"),
    "EOrder:Post only order": (True, "post_only"),
    "EOrder:Orders limit exceeded": (True, "limit"),
    "EOrder:Positions limit exceeded": (True, "limit"),
    "EOrder:Rate limit exceeded": (True, "rate_limit"),
    "EOrder:Domain rate limit exceeded": (True, "rate_limit"),
    "EOrder:Unknown order": (True, "unknown_order"),
    "EQuery:Unknown asset pair": (True, "invalid"),
    "EGeneral:Invalid arguments": (True, "invalid"),
    "EGeneral:Unknown method": (True, "invalid"),
    "EGeneral:Permission denied": (True, "key"),
    "EGeneral:Temporary lockout": (True, "key"),
    "EGeneral:Too many requests": (True, "rate_limit"),
    "EAPI:Rate limit exceeded": (True, "rate_limit"),
    "EAPI:Invalid key": (True, "key"),
    "EAPI:Invalid signature": (True, "key"),
    "EAPI:Invalid nonce": (True, "nonce"),
    "EService:Deadline elapsed": (True, "deadline"),
    "EService:Market in cancel_only mode": (True, "market_mode"),
    "EService:Market in post_only mode": (True, "market_mode"),
    "EService:Market in limit_only mode": (True, "market_mode"),
    "EService:Throttled": (False, "rate_limit"),
    "EService:Unavailable": (False, "unavailable"),
    "EService:Busy": (False, "unavailable"),
    "EService:Timeout": (False, "unavailable"),
    "EGeneral:Internal error": (False, "unavailable"),
}
_UNKNOWN: tuple[bool, RefusalKind] = (False, "unknown")


def refusal_of(errors: Sequence[str]) -> Refusal:
    """Return what the texts in ``error`` come down to.

    Parameters
    ----------
    errors
        At least one.

    Returns
    -------
    Refusal
        Definite only if each of them is; of the kind of the first that settles nothing, else of the first.

    Examples
    --------
    >>> refusal_of(["EOrder:Insufficient funds"])
    Refusal(text='EOrder:Insufficient funds', definite=True, kind='insufficient_funds')
    >>> refusal_of(["EGeneral:Something new"]).definite
    False
    """
    meanings = [_meaning(error) for error in errors]
    definite, kind = min(meanings, key=lambda meaning: meaning[0])
    return Refusal(", ".join(errors), definite, kind)


def _meaning(error: str) -> tuple[bool, RefusalKind]:
    return next((meaning for text, meaning in REFUSALS.items() if error.startswith(text)), _UNKNOWN)
