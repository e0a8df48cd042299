"""Kraken's public REST: always HTTP 200, the error inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import formatdate

import numpy as np
from aiohttp import web

from contracts.units import US_PER_SECOND
from exchanges.simulator.dialects.kraken_protocol import trade_row
from exchanges.simulator.instruments import COST_MINIMUM, Instrument, by_any_name
from exchanges.simulator.ohlc import INTERVALS_MIN, ohlc_rows
from exchanges.simulator.text import rfc3339, to_json
from exchanges.simulator.venue import Venue

MAX_COUNT = 1_000
NS_PER_SECOND = 1_000_000_000
SECONDS_ARE_BELOW = 10**11
FEES_TAKER_PCT = [[0, 0.40], [10_000, 0.35], [50_000, 0.24], [100_000, 0.22], [250_000, 0.20]]
FEES_MAKER_PCT = [[0, 0.25], [10_000, 0.20], [50_000, 0.14], [100_000, 0.12], [250_000, 0.08]]

Handler = Callable[[web.Request], Awaitable[web.Response]]


class RestError(Exception):
    """An answer with `error` set, in Kraken's words."""


class KrakenRest:
    """The public endpoints over a venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._names = by_any_name([market.instrument for market in venue.markets.values()])

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        endpoints = {
            "Trades": self._trades,
            "OHLC": self._ohlc,
            "Time": self._time,
            "AssetPairs": self._asset_pairs,
            "SystemStatus": self._system_status,
        }
        known = [web.get(f"/0/public/{name}", self._guarded(endpoint)) for name, endpoint in endpoints.items()]
        return [*known, web.get("/0/public/{method}", self._guarded(self._unknown))]

    def _guarded(self, endpoint: Callable[[web.Request], str]) -> Handler:
        """Count, limit and inject errors around `endpoint`, which returns its result as JSON."""

        async def handler(request: web.Request) -> web.Response:
            self._venue.requests += 1
            try:
                self._may_ask(request)
                body = f'{{"error":[],"result":{endpoint(request)}}}'
            except RestError as error:
                body = to_json({"error": [str(error)]})
            return web.Response(text=body, content_type="application/json")

        return handler

    def _may_ask(self, request: web.Request) -> None:
        if (error := self._venue.faults.next_rest_error()) is not None:
            raise RestError(error)
        # Trades and OHLC are limited per pair, everything else together.
        name = request.path.rsplit("/", 1)[-1]
        per_pair = request.query.get("pair", "") if name in ("Trades", "OHLC") else ""
        if not self._venue.rest_limit.allows(per_pair):
            raise RestError("EGeneral:Too many requests")

    def _unknown(self, request: web.Request) -> str:
        raise RestError("EGeneral:Unknown method")

    def _instrument(self, request: web.Request) -> Instrument:
        name = request.query.get("pair")
        if not name:
            raise RestError("EGeneral:Invalid arguments")
        if name not in self._names:
            raise RestError("EQuery:Unknown asset pair")
        return self._names[name]

    def _trades(self, request: web.Request) -> str:
        item = self._instrument(request)
        market = self._venue.markets[item.pair]
        count = _whole(request.query.get("count", str(MAX_COUNT)))
        if not 1 <= count <= MAX_COUNT:
            raise RestError("EGeneral:Invalid arguments:count")
        visible = market.visible(self._venue.now_us())
        since = request.query.get("since")
        if since is None:
            start, stop, last = max(0, visible - count), visible, 0
        else:
            last = _cursor_ns(since)
            start = int(np.searchsorted(market.trades.timestamps_ns[:visible], last, side="right"))
            stop = min(visible, start + count)
        if stop > start:
            last = int(market.trades.timestamps_ns[stop - 1])
        rows = ",".join(trade_row(market, index) for index in range(start, stop))
        return f'{{"{item.rest_key}":[{rows}],"last":"{last}"}}'

    def _ohlc(self, request: web.Request) -> str:
        item = self._instrument(request)
        interval_min = _whole(request.query.get("interval", "1"))
        if interval_min not in INTERVALS_MIN:
            raise RestError("EGeneral:Invalid arguments")
        rows = ohlc_rows(self._venue.markets[item.pair], self._venue.now_us(), interval_min)
        since = request.query.get("since")
        shown = rows if since is None else [row for row in rows if row[0] > _whole(since)]
        last = rows[-2][0] if len(rows) > 1 else 0
        return to_json({item.rest_key: shown, "last": last})

    def _time(self, request: web.Request) -> str:
        seconds = self._venue.now_us() // US_PER_SECOND
        return to_json({"unixtime": seconds, "rfc1123": formatdate(seconds, usegmt=True)})

    def _system_status(self, request: web.Request) -> str:
        return to_json({"status": "online", "timestamp": rfc3339(self._venue.now_us())[:19] + "Z"})

    def _asset_pairs(self, request: web.Request) -> str:
        wanted = request.query.get("pair")
        names = wanted.split(",") if wanted else [m.instrument.rest_key for m in self._venue.markets.values()]
        if any(name not in self._names for name in names):
            raise RestError("EQuery:Unknown asset pair")
        listed = [self._names[name] for name in names]
        return to_json({item.rest_key: describe(item) for item in listed})


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise RestError("EGeneral:Invalid arguments") from error


def _cursor_ns(text: str) -> int:
    """Return a `since` in nanoseconds; small numbers are seconds, possibly with a fraction."""
    if text.isascii() and text.isdigit() and len(text) <= 19:
        value = int(text)
        return value * NS_PER_SECOND if value < SECONDS_ARE_BELOW else value
    try:
        seconds = float(text)
    except ValueError as error:
        raise RestError("EGeneral:Invalid arguments") from error
    if not 0 <= seconds < SECONDS_ARE_BELOW:
        raise RestError("EGeneral:Invalid arguments")
    return int(seconds * NS_PER_SECOND)


def describe(item: Instrument) -> dict[str, object]:
    """Return what AssetPairs says of `item`."""
    base, quote = item.wsname.split("/")
    has_old_codes = item.rest_key != item.altname
    old_base = item.rest_key[: -len(quote) - 1] if has_old_codes else base
    return {
        "altname": item.altname,
        "wsname": item.wsname,
        "aclass_base": "currency",
        "base": old_base,
        "aclass_quote": "currency",
        "quote": f"Z{quote}" if quote in ("USD", "EUR") else quote,
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": item.price_decimals,
        "lot_decimals": item.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": FEES_TAKER_PCT,
        "fees_maker": FEES_MAKER_PCT,
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": item.order_minimum,
        "costmin": COST_MINIMUM,
        "tick_size": item.tick_size,
        "status": "online",
    }
