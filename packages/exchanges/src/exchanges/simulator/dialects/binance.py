"""Binance spot: REST under /api/v3, combined streams at /stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from contracts.units import US_PER_MS
from exchanges.simulator.dialects.dialect import Dialect, json_object
from exchanges.simulator.dialects.rest_answers import RestError, guarded, whole
from exchanges.simulator.instruments import COST_MINIMUM, Instrument
from exchanges.simulator.market import Market
from exchanges.simulator.text import fixed, to_json
from exchanges.simulator.venue import Venue

MAX_LIMIT = 1_000
DECIMALS = 8
_ROOT = "/api/v3"
ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS")
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


def symbol_of(pair: str) -> str:
    """Return a pair as Binance writes it."""
    return pair.replace("/", "")


def _filters(item: Instrument) -> list[dict[str, str]]:
    lot = fixed(1, item.lot_decimals, DECIMALS)
    return [
        {"filterType": "PRICE_FILTER", "tickSize": fixed(1, item.price_decimals, DECIMALS)},
        {"filterType": "LOT_SIZE", "minQty": item.order_minimum, "stepSize": lot},
        {"filterType": "NOTIONAL", "minNotional": COST_MINIMUM},
    ]


class BinanceRest:
    """Symbols, old trades from an id on, aggregate trades to find the id of a time, and the time."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._pairs = {symbol_of(pair): pair for pair in venue.markets}

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        endpoints = {
            "/time": self._time,
            "/exchangeInfo": self._exchange_info,
            "/historicalTrades": self._historical_trades,
            "/aggTrades": self._aggregate_trades,
        }
        too_many = {"code": -1003, "msg": "Too many requests."}
        return [web.get(_ROOT + path, guarded(self._venue, e, too_many)) for path, e in endpoints.items()]

    def _time(self, request: web.Request) -> str:
        return to_json({"serverTime": self._venue.now_us() // US_PER_MS})

    def _exchange_info(self, request: web.Request) -> str:
        symbols = [
            {
                "symbol": symbol,
                "status": "TRADING",
                "baseAsset": pair.split("/")[0],
                "quoteAsset": pair.split("/")[1],
                "orderTypes": list(ORDER_TYPES),
                "filters": _filters(self._venue.markets[pair].instrument),
            }
            for symbol, pair in self._pairs.items()
        ]
        return to_json({"timezone": "UTC", "serverTime": self._venue.now_us() // US_PER_MS, "symbols": symbols})

    def _market(self, request: web.Request) -> Market:
        symbol = request.query.get("symbol", "")
        if symbol not in self._pairs:
            raise RestError(400, {"code": -1121, "msg": "Invalid symbol."})
        return self._venue.markets[self._pairs[symbol]]

    def _historical_trades(self, request: web.Request) -> str:
        market = self._market(request)
        limit, visible = _limit(request), market.visible(self._venue.now_us())
        start = visible - limit
        if "fromId" in request.query:
            start = market.index_of(whole(request.query["fromId"], _illegal("fromId")))
        shown = range(max(0, start), min(visible, max(0, start) + limit))
        rows = [
            {
                "id": market.trade_id(i),
                "price": fixed(int(market.trades.ticks[i]), market.instrument.price_decimals, DECIMALS),
                "qty": fixed(int(market.trades.lots[i]), market.instrument.lot_decimals, DECIMALS),
                "time": int(market.trades.timestamps_us[i]) // US_PER_MS,
                "isBuyerMaker": not market.trades.buys[i],
                "isBestMatch": True,
            }
            for i in shown
        ]
        return to_json(rows)

    def _aggregate_trades(self, request: web.Request) -> str:
        """List trades one by one: an aggregate of one is one."""
        market = self._market(request)
        limit, visible = _limit(request), market.visible(self._venue.now_us())
        start = visible - limit
        if "startTime" in request.query:
            start = market.index_at(whole(request.query["startTime"], _illegal("startTime")) * US_PER_MS)
        rows = []
        for i in range(max(0, start), min(visible, max(0, start) + limit)):
            trade_id = market.trade_id(i)
            rows.append({"a": trade_id, "f": trade_id, "l": trade_id})
        return to_json(rows)


class BinanceSocket(Dialect):
    """Requests answered by null or a list; a frame for each trade; no snapshot, no time of its own."""

    path = "/stream"
    not_json = '{"stream":"btcusdt@trade","data":{"e":'
    trades_per_frame = 1

    async def answer(self, data: str | bytes) -> None:
        """Answer a request; a stream of no symbol is acknowledged like any other, as at the venue."""
        request = json_object(data)
        method, request_id = request.get("method"), request.get("id")
        params = request.get("params", [])
        if method not in _METHODS or not isinstance(params, list):
            error = {"code": 2, "msg": "Invalid request: unknown variant"}
            await self._line.send(to_json({"error": error, "id": request_id}))
            return
        if method == "LIST_SUBSCRIPTIONS":
            await self._line.flush(self._venue.now_us())
            streams = [_stream(pair) for pair in self._line.subscribed]
            await self._line.send(to_json({"result": streams, "id": request_id}))
            return
        for pair in [pair for pair in self._venue.markets if _stream(pair) in params]:
            self._switch(pair, method == "SUBSCRIBE")
        await self._line.send(to_json({"result": None, "id": request_id}))

    async def too_fast(self) -> None:
        """Say that there were too many messages."""
        await self._line.send(to_json({"error": {"code": 3, "msg": "Too many requests"}, "id": None}))

    def trades(
        self, market: Market, indices: Sequence[int], snapshot: bool, negative: set[int] | frozenset[int]
    ) -> str:
        """Return the frame of one trade."""
        (index,) = indices
        item, trades = market.instrument, market.trades
        data: dict[str, Any] = {
            "e": "trade",
            "E": self._venue.now_us() // US_PER_MS,
            "s": symbol_of(item.pair),
            "t": market.trade_id(index),
            "p": ("-" if index in negative else "") + fixed(int(trades.ticks[index]), item.price_decimals, DECIMALS),
            "q": fixed(int(trades.lots[index]), item.lot_decimals, DECIMALS),
            "T": int(trades.timestamps_us[index]) // US_PER_MS,
            "m": not trades.buys[index],
            "M": True,
        }
        return to_json({"stream": _stream(item.pair), "data": data})

    def _switch(self, pair: str, on: bool) -> None:
        if on and pair not in self._line.subscribed:
            self._line.subscribe(pair)
        elif not on and pair in self._line.subscribed:
            self._line.unsubscribe(pair)


def _stream(pair: str) -> str:
    return f"{symbol_of(pair).lower()}@trade"


def _illegal(name: str) -> RestError:
    return RestError(400, {"code": -1100, "msg": f"Illegal characters found in parameter '{name}'."})


def _limit(request: web.Request) -> int:
    return min(whole(request.query.get("limit", "500"), _illegal("limit")), MAX_LIMIT)
