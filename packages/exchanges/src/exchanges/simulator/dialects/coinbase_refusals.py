"""The engine's refusals, which are in Kraken's words, in Coinbase's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchanges.simulator.accounts.order import VenueRefusalError

#: By how the engine's words begin.
_WORDS: Mapping[str, str] = {
    "EOrder:Insufficient funds": "PREVIEW_INSUFFICIENT_FUND",
    "EOrder:Order minimum not met": "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
    "EOrder:Cost minimum not met": "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL",
    "EOrder:Tick size check failed": "PREVIEW_INVALID_PRICE_PRECISION",
    "EOrder:Post only order": "INVALID_LIMIT_PRICE_POST_ONLY",
    "EOrder:Orders limit exceeded": "OPEN_ORDERS_LIMIT_EXCEEDED",
    "EOrder:Unknown order": "UNKNOWN_CANCEL_ORDER",
    "EGeneral:Invalid arguments:volume": "PREVIEW_INVALID_SIZE_PRECISION",
    "EService:Market in cancel_only mode": "ORDER_ENTRY_DISABLED",
}
#: Of a token whose time was over when it came: the door says so, not the matching engine.
TOO_LATE = "EService:Deadline elapsed"


def word_of(error: VenueRefusalError) -> str:
    """Return Coinbase's word for what the engine does not do; words that it has none for stay as they are."""
    text = str(error)
    return next((said for words, said in _WORDS.items() if text.startswith(words)), text)


def not_placed(word: str) -> dict[str, Any]:
    """Return what an order that is not taken is answered with: as a success, by HTTP."""
    preview = word if word.startswith("PREVIEW_") else "UNKNOWN_PREVIEW_FAILURE_REASON"
    return {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": "",
        "error_response": {
            "error": "UNKNOWN_FAILURE_REASON" if preview == word else word,
            "message": "",
            "error_details": "",
            "preview_failure_reason": preview,
            "new_order_failure_reason": "UNKNOWN_FAILURE_REASON" if preview == word else word,
        },
    }
