"""What is not ours on a socket: other channels are left alone, an older protocol is one sentence."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.exchanges_venues.conftest import Sink
from websockets.asyncio.server import ServerConnection, serve

from exchanges.binance.protocol import BinanceProtocol
from exchanges.continuity import PairState
from exchanges.frames import Frame, Ignored, Numbered
from exchanges.old_protocol import OldProtocolError
from exchanges.session import SessionState
from exchanges.venue import PermanentVenueError
from exchanges.venues import VENUES

BOOK = {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}
BEST = {"u": 400900217, "s": "BTCUSDT", "b": "25.35", "B": "31.21", "a": "25.36", "A": "40.66"}
#: Frames as the venues document them, of channels that were not asked for.
OTHERS: dict[str, list[Any]] = {
    "binance": [
        {"stream": "btcusdt@bookTicker", "data": BEST},
        {"stream": "btcusdt@depth5", "data": BOOK},
        {"stream": "!miniTicker@arr", "data": [{"e": "24hrMiniTicker", "s": "BTCUSDT", "c": "25.36"}]},
        {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "s": "BTCUSDT", "k": {}}},
        BEST,
        BOOK,
        {"e": "aggTrade", "s": "BTCUSDT", "a": 5},
    ],
    "coinbase": [
        {"channel": "ticker", "sequence_num": 3, "events": [{"type": "update", "tickers": []}]},
        {"channel": "l2_data", "sequence_num": 4, "events": "?"},
        {"channel": "status", "events": []},
    ],
    "kraken": [
        {"channel": "book", "type": "update", "data": "?"},
        {"channel": "ticker", "type": "snapshot", "data": [{"symbol": "BTC/USD"}]},
        {"channel": "instrument", "data": {}},
        {"method": "subscribe", "success": True, "result": {"channel": "book", "symbol": "BTC/USD"}, "time_out": "?"},
    ],
}
OLD: dict[str, list[Any]] = {
    "coinbase": [
        {"type": "subscriptions", "channels": [{"name": "matches", "product_ids": ["BTC-USD"]}]},
        {"type": "match", "trade_id": 10, "product_id": "BTC-USD", "price": "1", "size": "1", "side": "sell"},
        {"type": "last_match", "trade_id": 10, "product_id": "BTC-USD"},
        {"type": "heartbeat", "sequence": 90, "last_trade_id": 20},
        {"type": "l2update", "product_id": "BTC-USD", "changes": []},
    ],
    "kraken": [
        {"event": "systemStatus", "status": "online", "version": "1.9.0", "connectionID": 8628615390848610000},
        {"event": "heartbeat"},
        {"event": "subscriptionStatus", "pair": "XBT/USD", "status": "subscribed", "channelName": "trade"},
        [337, [["5541.20000", "0.15850568", "1534614057.321597", "s", "l", ""]], "trade", "XBT/USD"],
        [337, {"as": []}, {"bs": []}, "book-10", "XBT/USD"],
    ],
}


def parsed(name: str, frame: Any) -> list[Frame]:
    protocol = VENUES[name].protocol()
    if isinstance(protocol, BinanceProtocol):
        protocol.subscribe(["BTC/USDT"], 1)
    return protocol.parse(json.dumps(frame))


@pytest.mark.parametrize(("name", "frame"), [(name, frame) for name, frames in OTHERS.items() for frame in frames])
def test_other_channels_are_left_alone(name: str, frame: Any) -> None:
    """A frame that cannot be read makes REST repair every pair, so what is not ours must not look like one."""
    assert [type(each) for each in parsed(name, frame) if not isinstance(each, Numbered)] == [Ignored]


@pytest.mark.parametrize(("name", "frame"), [(name, frame) for name, frames in OLD.items() for frame in frames])
def test_an_older_protocol_is_named(name: str, frame: Any) -> None:
    with pytest.raises(OldProtocolError, match=f"such as {VENUES[name].protocol().address}, was"):
        parsed(name, frame)


@pytest.mark.parametrize("name", sorted(OLD))
def test_a_feed_on_an_older_protocol_ends_with_a_sentence(name: str) -> None:
    async def old(connection: ServerConnection) -> None:
        for frame in OLD[name] * 100:
            await connection.send(json.dumps(frame))
        await connection.wait_closed()

    async def run() -> Sink:
        sink = Sink()
        async with serve(old, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with VENUES[name].open_rest("http://127.0.0.1:9") as rest:
                state = SessionState({"BTC/USD": PairState()})
                feed = VENUES[name].open_feed(rest, state, sink, url=f"ws://127.0.0.1:{port}")
                with pytest.raises(PermanentVenueError, match="WebSocket address: expected one that speaks"):
                    await feed.run()
        return sink

    assert not asyncio.run(run()).bad_rows
