"""The engine's refusals, which are in Kraken's words, in Binance's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchanges.simulator.accounts.order import VenueRefusalError
from exchanges.simulator.dialects.rest_answers import RestError

#: By how the engine's words begin.
_WORDS: Mapping[str, tuple[int, str]] = {
    "EOrder:Insufficient funds": (-2010, "Account has insufficient balance for requested action."),
    "EOrder:Order minimum not met": (-1013, "Filter failure: LOT_SIZE"),
    "EOrder:Cost minimum not met": (-1013, "Filter failure: NOTIONAL"),
    "EOrder:Tick size check failed": (-1013, "Filter failure: PRICE_FILTER"),
    "EOrder:Post only order": (-2010, "Order would immediately match and take."),
    "EOrder:Orders limit exceeded": (-1015, "Too many new orders."),
    "EOrder:Rate limit exceeded": (-1015, "Too many new orders."),
    "EOrder:Unknown order": (-2011, "Unknown order sent."),
    "EGeneral:Invalid arguments:volume": (-1013, "Filter failure: LOT_SIZE"),
    "EGeneral:Invalid arguments:cl_ord_id": (-2010, "Duplicate order sent."),
    "EService:Deadline elapsed": (-1021, "Timestamp for this request is outside of the recvWindow."),
    "EService:Market in cancel_only mode": (-2010, "Market is closed."),
}


def refused(error: VenueRefusalError) -> RestError:
    """Return the answer to what the engine does not do; words that Binance has none for stay as they are."""
    text = str(error)
    code, message = next((said for words, said in _WORDS.items() if text.startswith(words)), (-2010, text))
    return no(code, message)


def no(code: int, message: str, status: int = 400) -> RestError:
    """Return a refusal as Binance writes it."""
    body: dict[str, Any] = {"code": code, "msg": message}
    return RestError(status, body)
