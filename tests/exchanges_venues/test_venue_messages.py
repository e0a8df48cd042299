"""Coinbase's and Binance's frames and answers: each wrong field is named, whatever stands beside it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contracts.errors import BadInputError
from exchanges import session
from exchanges.binance import rest_messages as binance_rest
from exchanges.binance import websocket_messages as binance
from exchanges.binance.protocol import BinanceProtocol
from exchanges.binance.rest import BinanceRest
from exchanges.coinbase import rest_messages as coinbase_rest
from exchanges.coinbase import websocket_messages as coinbase
from exchanges.coinbase.rest import CoinbaseRest
from exchanges.continuity import PairState
from exchanges.frames import (
    Ignored,
    Numbered,
    Pong,
    RateLimited,
    Rejected,
    Status,
    Subscribed,
    TradesFrame,
)
from exchanges.pairs import find_pairs
from exchanges.venue import PermanentVenueError, Trade, TransientVenueError, UnknownPairError

COINBASE_ROW = {
    "trade_id": "995098700",
    "product_id": "BTC-USD",
    "price": "97412.30",
    "size": "0.0125",
    "side": "SELL",
    "time": "2026-03-02T10:00:01.448120Z",
}
BINANCE_FRAME = {
    "e": "trade",
    "E": 1772445601450,
    "s": "BTCUSDT",
    "t": 4012345678,
    "p": "97412.30000000",
    "q": "0.01250000",
    "T": 1772445601448,
    "m": True,
    "M": True,
}
PAIRS = {"BTCUSDT": "BTC/USDT"}
WHEN = "2026-03-02T10:00:01.700000123Z"
WHEN_US = 1_772_445_601_700_000


def message(channel: str, *events: Any, **more: Any) -> str:
    envelope = {"channel": channel, "client_id": "", "timestamp": WHEN, "sequence_num": 5}
    return json.dumps({**envelope, "events": list(events), **more})


def test_a_coinbase_trade_has_the_takers_side() -> None:
    numbered, frame = coinbase.parse(message("market_trades", {"type": "snapshot", "trades": [COINBASE_ROW]}))
    trade = Trade(995098700, 1_772_445_601_448_120, "97412.3", "0.0125", "buy")
    assert (numbered, frame) == (Numbered(5), TradesFrame(True, {"BTC/USD": [trade]}))
    assert coinbase_rest.parse_trades(json.dumps({"trades": [COINBASE_ROW]}), "BTC/USD").trades == [trade]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "-1"),
        ("price", "NaN"),
        ("price", None),
        ("size", "0"),
        ("size", "1_0"),
        ("trade_id", 995098700),
        ("trade_id", "0"),
        ("trade_id", "1.5"),
        ("trade_id", "9223372036854775808"),
        ("side", None),
        ("time", "2026-03-02T10:00:01"),
        ("time", 1772445601),
        ("product_id", "BTC-PERP-INTX"),
        ("product_id", None),
    ],
)
def test_a_bad_coinbase_trade_is_named(field: str, value: Any) -> None:
    good = {**COINBASE_ROW, "trade_id": "995098701"}
    _, frame = coinbase.parse(
        message("market_trades", {"type": "update", "trades": [{**COINBASE_ROW, field: value}, good]})
    )
    assert isinstance(frame, TradesFrame) and len(frame.trades["BTC/USD"]) == len(frame.bad_rows) == 1
    assert f"events[0].trades[0].{field}: expected " in frame.bad_rows[0].reason


def test_what_else_coinbase_says() -> None:
    listed = message(
        "subscriptions", {"subscriptions": {"market_trades": ["BTC-USD", "ETH-USD"], "heartbeats": ["x"]}}
    )
    assert coinbase.parse(listed) == [Numbered(5), Subscribed("BTC/USD", WHEN_US), Subscribed("ETH/USD", WHEN_US)]
    assert coinbase.parse(message("heartbeats", {"heartbeat_counter": "3"})) == [Numbered(5), Pong(WHEN_US)]
    assert coinbase.parse(message("candles")) == [Numbered(5), Ignored("channel 'candles'")]
    assert coinbase.parse('{"type":"error","message":"FOO-BAR is not a valid product"}') == [
        Rejected(None, "FOO-BAR is not a valid product")
    ]
    assert coinbase.parse('{"type":"error","message":"rate limit exceeded"}') == [RateLimited("rate limit exceeded")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"channel":"heartbeats","timestamp":"2026-03-02T10:00:01Z"}',
        message("market_trades", sequence_num=-1),
        message("heartbeats", timestamp=None),
        message("market_trades", {"type": "delta", "trades": []}),
        message("market_trades", {"type": "update"}),
        message("subscriptions", {"subscriptions": {"market_trades": ["BTC"]}}),
        message("market_trades", events=None),
    ],
)
def test_what_is_no_coinbase_message_is_an_error(text: str) -> None:
    with pytest.raises(BadInputError):
        coinbase.parse(text)


def test_a_lost_message_puts_every_pair_in_doubt() -> None:
    state = session.SessionState({p: PairState.resume(7, 1) for p in ("BTC/USD", "ETH/USD")})
    session.step(state, session.Connected())
    for pair in state.pairs:
        session.step(state, Subscribed(pair, WHEN_US))
    assert session.step(state, Numbered(0)) == session.step(state, Numbered(1)) == []
    report, *fetches = session.step(state, Numbered(4))
    assert isinstance(report, session.Report) and (report.kind, report.count) == ("lost_messages", 2)
    assert {action.pair for action in fetches if isinstance(action, session.FetchPage)} == {"BTC/USD", "ETH/USD"}
    assert session.step(state, Numbered(3)) == [], "one that was overtaken"
    assert session.step(state, Numbered(5)) == []


def test_a_binance_trade() -> None:
    trade = Trade(4012345678, 1_772_445_601_448_000, "97412.3", "0.0125", "sell")
    for text in (json.dumps(BINANCE_FRAME), json.dumps({"stream": "btcusdt@trade", "data": BINANCE_FRAME})):
        assert binance.parse(text, PAIRS) == TradesFrame(False, {"BTC/USDT": [trade]})
    row = {"id": 4012345678, "price": "97412.30", "qty": "0.0125", "time": 1772445601448, "isBuyerMaker": True}
    page = binance_rest.parse_trades(json.dumps([row]), "BTC/USDT", 4012345678)
    assert (page.trades, page.resume, page.more) == ([trade], "id:4012345679", False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("p", "-1"),
        ("p", "1e999"),
        ("q", 0),
        ("q", None),
        ("t", "4012345678"),
        ("t", 0),
        ("t", True),
        ("T", "1"),
        ("T", 1.5),
        ("T", -1),
        ("m", "true"),
        ("m", None),
        ("s", "FOOBAR"),
        ("s", None),
    ],
)
def test_a_bad_binance_trade_is_named(field: str, value: Any) -> None:
    frame = binance.parse(json.dumps({**BINANCE_FRAME, field: value}), PAIRS)
    assert isinstance(frame, TradesFrame) and not frame.trades
    assert frame.bad_rows[0].reason.startswith(f"{field}: expected ")
    assert frame.bad_rows[0].pair == (None if field == "s" else "BTC/USDT")


def test_what_else_binance_says() -> None:
    assert binance.parse('{"result":null,"id":1}', PAIRS) == Ignored("a request was heard")
    listed = binance.parse('{"result":["btcusdt@trade","ethusdt@trade"],"id":3}', PAIRS)
    assert listed == Pong(None, 3, ("BTC/USDT",))
    assert binance.parse('{"error":{"code":2,"msg":"Invalid request"},"id":3}', PAIRS) == Rejected(
        None, "Invalid request"
    )
    assert binance.parse('{"code":3,"msg":"Too many requests"}', PAIRS) == RateLimited("Too many requests")
    assert binance.parse('{"e":"serverShutdown","E":1}', PAIRS) == Status("shutting down")
    for text in ("", "[]", "{}", '{"result":[],"id":null}'):
        with pytest.raises(BadInputError):
            binance.parse(text, PAIRS)


def test_binance_requests_stay_within_what_a_message_may_hold() -> None:
    protocol = BinanceProtocol()
    texts = protocol.subscribe([f"A{i}/USDT" for i in range(450)], 1)
    assert [len(json.loads(text)["params"]) for text in texts] == [200, 200, 50]
    assert protocol.parse('{"result":["a7usdt@trade"],"id":2}') == [Pong(None, 2, ("A7/USDT",))]


def test_names() -> None:
    products = {"products": [{"product_id": "BTC-USD", "alias": ""}, {"product_id": "BTC-USDC", "alias": "BTC-USD"}]}
    listed, others = coinbase_rest.parse_products(json.dumps(products))
    assert listed == {"BTC/USD": "BTC-USD"}
    for wrong in ("BTC-USD", "btcusd", "BTC/USDC", "btc/usd"):
        with pytest.raises(UnknownPairError, match=r"Coinbase does not list .*; did you mean BTC/USD\?"):
            find_pairs([wrong], listed, others, "Coinbase")
    symbol = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    halted = {**symbol, "symbol": "ETHUSDT", "baseAsset": "ETH", "status": "BREAK"}
    listed, others = binance_rest.parse_symbols(json.dumps({"symbols": [symbol, halted]}))
    assert listed == {"BTC/USDT": "BTCUSDT"}
    with pytest.raises(UnknownPairError, match=r"did you mean BTC/USDT\?"):
        find_pairs(["BTCUSDT"], listed, others, "Binance")


def ask(client: Callable[..., Any], answer: Callable[[httpx.Request], httpx.Response], question: Any) -> Any:
    async def run() -> Any:
        transport = httpx.MockTransport(answer)
        async with client(
            "https://venue.test", transport=transport, requests_per_second=1_000, give_up_seconds=0
        ) as r:
            return await question(r)

    return asyncio.run(run())


def test_a_full_second_at_coinbase_says_what_it_cannot_list() -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/time"):
            return httpx.Response(200, json={"epochMillis": "1772445700000"})
        if request.url.path.endswith("/products"):
            return httpx.Response(200, json={"products": [{"product_id": "BTC-USD", "alias": ""}]})
        assert request.headers["cache-control"] == "no-cache"
        asked.append(dict(request.url.params))
        rows = [{**COINBASE_ROW, "trade_id": str(i)} for i in range(1, 1_001)]
        return httpx.Response(200, json={"trades": rows})

    page = ask(CoinbaseRest, answer, lambda rest: rest.trades("BTC/USD", "1772445601"))
    stretches = [int(arguments["end"]) - int(arguments["start"]) for arguments in asked]
    assert stretches == [60, 15, 3, 1]
    assert len(page.trades) == 1_000 and page.more and page.resume == "1772445602"
    assert "the venue does not list the oldest" in page.bad_rows[0].reason


@pytest.mark.parametrize("status", [418, 429, 503])
def test_a_venue_that_limits_us_is_transient(status: int) -> None:
    for client in (CoinbaseRest, BinanceRest):
        with pytest.raises(TransientVenueError, match=f"HTTP {status}"):
            ask(client, lambda _: httpx.Response(status, text="slow down"), lambda rest: rest.venue_time_us())


def test_a_venue_that_refuses_us_is_permanent() -> None:
    with pytest.raises(PermanentVenueError, match="HTTP 451: 'not from there'"):
        ask(BinanceRest, lambda _: httpx.Response(451, text="not from there"), lambda rest: rest.venue_time_us())
    with pytest.raises(BadInputError, match="cursor: expected 'ms:' or 'id:'"):
        ask(
            BinanceRest,
            lambda _: httpx.Response(
                200,
                json={
                    "symbols": [{"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}]
                },
            ),
            lambda rest: rest.trades("BTC/USDT", "7"),
        )
