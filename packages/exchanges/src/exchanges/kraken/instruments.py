"""What ``AssetPairs`` says of orders; pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.instrument import Instrument
from contracts.units import parse_decimal
from exchanges import fields
from exchanges.kraken.pairs import v2_name
from exchanges.kraken.rest_messages import result_of

#: Fees are percent here.
_BPS_PER_PERCENT = 100


def parse_instruments(text: str | bytes, pairs: Iterable[str]) -> dict[str, Instrument]:
    """Read an answer of ``AssetPairs``: what orders of `pairs` are rounded to, of those that it lists."""
    result, wanted = result_of(text), set(pairs)
    if not isinstance(result, dict):
        raise BadInputError("result", "a JSON object of pairs", result)
    named = {v2_name(e["wsname"]): (k, e) for k, e in result.items() if isinstance(e, dict) and "wsname" in e}
    return {pair: _instrument(pair, *named[pair]) for pair in sorted(wanted & named.keys())}


def _instrument(pair: str, place: str, entry: dict[str, Any]) -> Instrument:
    def number(name: str) -> Decimal:
        return Decimal(fields.positive_number(entry.get(name), f"{place}.{name}"))

    decimals = entry.get("lot_decimals")
    if not str(decimals).isdigit():
        raise BadInputError(f"{place}.lot_decimals", "a whole number of decimals", decimals)
    return Instrument(
        exchange="kraken",
        pair=pair,
        tick=number("tick_size"),
        lot=Decimal(1).scaleb(-int(str(decimals))),
        minimum_quantity=number("ordermin"),
        minimum_cost=number("costmin"),
        taker_bps=_first_tier(entry.get("fees"), f"{place}.fees"),
        maker_bps=_first_tier(entry.get("fees_maker"), f"{place}.fees_maker"),
    )


def _first_tier(tiers: Any, place: str) -> Decimal:
    first = tiers[0] if isinstance(tiers, list) and tiers else None
    if not isinstance(first, list) or len(first) != 2:
        raise BadInputError(place, "tiers of a volume and a fee in percent", tiers)
    return parse_decimal(str(first[1]), f"{place}[0]") * _BPS_PER_PERCENT
