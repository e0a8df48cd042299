"""The fields that a Binance trade has in common on WebSocket and REST."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from contracts.trade_frame import Side


def taker_side(buyer_is_maker: Any, field: str) -> Side:
    """Return who took: the buyer being the maker means that the taker sold.

    Raises
    ------
    BadInputError
        If it is neither true nor false.
    """
    if not isinstance(buyer_is_maker, bool):
        raise BadInputError(field, "true or false, whether the buyer was the maker", buyer_is_maker)
    return "sell" if buyer_is_maker else "buy"
