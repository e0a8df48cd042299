"""What the mutations start from: real frames where a venue's were recorded, and the documented shapes beside them."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "shared" / "data"


def _json(*values: Any) -> list[bytes]:
    return [json.dumps(value, separators=(",", ":")).encode() for value in values]


def _lines(path: str, count: int) -> list[bytes]:
    """Return the first lines of a recording; none where it is absent."""
    file = DATA / path
    if not file.is_file():
        return []
    with gzip.open(file, "rb") as lines:
        return [line.strip() for line in islice(lines, count)]


_TIMES = {"time_in": "2026-03-02T10:00:00.120331Z", "time_out": "2026-03-02T10:00:00.120388Z"}
_KRAKEN_ROWS = [
    {
        "symbol": "BTC/USD",
        "side": "sell",
        "price": 97412.3,
        "qty": 0.0125,
        "ord_type": "market",
        "trade_id": 81236501,
        "timestamp": "2026-03-02T10:00:01.448120Z",
    },
    {
        "symbol": "ETH/USD",
        "side": "buy",
        "price": 3120.07,
        "qty": 5.1e-05,
        "ord_type": "limit",
        "trade_id": 9,
        "timestamp": "2026-03-02T10:00:01.448120Z",
    },
    {
        "symbol": "BTC/USD",
        "side": "buy",
        "price": 97412,
        "qty": 3,
        "ord_type": "limit",
        "trade_id": 81236502,
        "timestamp": "2026-03-02T10:00:02Z",
    },
]
_KRAKEN_TRADES = _json(
    {"channel": "trade", "type": "update", "data": _KRAKEN_ROWS},
    {"channel": "trade", "type": "snapshot", "data": _KRAKEN_ROWS[:1]},
    {
        "channel": "trade",
        "type": "update",
        "data": [
            {
                "symbol": "ETH/USDT",
                "side": "sell",
                "price": 0.5117,
                "qty": 40.0,
                "ord_type": "market",
                "trade_id": 4665906,
                "timestamp": "2023-09-25T07:49:37.708706Z",
            }
        ],
    },
)
KRAKEN_WEBSOCKET = [
    *_KRAKEN_TRADES * 6,
    *_json(
        {
            "method": "subscribe",
            "req_id": 7,
            "success": True,
            "result": {"channel": "trade", "snapshot": True, "symbol": "BTC/USD"},
            **_TIMES,
        },
        {
            "error": "Currency pair not supported FOO/BAR",
            "method": "subscribe",
            "success": False,
            "symbol": "FOO/BAR",
            **_TIMES,
        },
        {"method": "pong", "req_id": 9, **_TIMES},
        {
            "channel": "status",
            "type": "update",
            "data": [{"system": "online", "connection_id": 12803947712098437120}],
        },
        {"channel": "heartbeat"},
        {"Error": "Exceeded msg rate"},
    ),
]
_KRAKEN_PAGE = (
    b'{"error":[],"result":{"XXBTZUSD":[["30243.40000","0.34507674",1688669597.8277369,"b","m","",61044952],'
    b'["30243.30000","0.00376960",1688669598.2804112,"s","l","",61044953],'
    b'["30243.30000","0.01235716",1688669602.698379,"s","m","",61044956]],"last":"1688671969993150842"}}'
)
KRAKEN_REST = [
    *[_KRAKEN_PAGE] * 5,
    b'{"error":["EGeneral:Too many requests"]}',
    b'{"error":["WGeneral:soon"],"result":{"XBTUSDT":[],"last":"1688671969993150842"}}',
]
LISTINGS = [
    *_json(
        {"error": [], "result": {"XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD"}, "XXBTZUSD.d": {}}},
        {"error": [], "result": {"unixtime": 1772445600}},
        {"iso": "2026-03-02T10:00:00Z", "epochSeconds": "1772445600", "epochMillis": "1772445600123"},
        {"products": [{"product_id": "BTC-USD", "alias": ""}, {"product_id": "BTC-USDC", "alias": "BTC-USD"}]},
        {"serverTime": 1772445600123},
        {"symbols": [{"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}]},
        [{"a": 7, "p": "1", "q": "1", "f": 28457, "l": 28460, "T": 1772445600123, "m": True, "M": True}],
        [],
    ),
]


def _coinbase_trades() -> list[dict[str, str]]:
    """Return the matches of the recorded feed in the form that Advanced Trade gives them."""
    entries = []
    for line in _lines("coinbase_wire/cryptofeed_COINBASE.ws.28.0.gz", 10_000):
        text = line.partition(b": ")[2]
        if b'"match"' in text:
            m = json.loads(text)
            names = {"product_id": "product_id", "price": "price", "size": "size", "time": "time"}
            entry = {name: m[old] for name, old in names.items()}
            entries.append({"trade_id": str(m["trade_id"]), **entry, "side": m["side"].upper()})
    documented = {
        "trade_id": "995098700",
        "product_id": "BTC-USD",
        "price": "97412.30",
        "size": "0.0125",
        "time": "2026-03-02T10:00:01.448120Z",
        "side": "SELL",
    }
    return [documented, {**documented, "trade_id": "995098701", "side": "BUY"}, *entries]


COINBASE_TRADES = _coinbase_trades()
_ENVELOPE = {"client_id": "", "timestamp": "2026-03-02T10:00:01.700000123Z", "sequence_num": 5}
COINBASE_WEBSOCKET = _json(
    *(
        {"channel": "market_trades", **_ENVELOPE, "events": [{"type": kind, "trades": COINBASE_TRADES[i : i + 3]}]}
        for i in range(0, len(COINBASE_TRADES), 3)
        for kind in ("snapshot", "update")
    ),
    {
        "channel": "market_trades",
        **_ENVELOPE,
        "events": [
            {"type": "update", "trades": COINBASE_TRADES[:1]},
            {"type": "update", "trades": COINBASE_TRADES[1:2]},
        ],
    },
    {
        "channel": "subscriptions",
        **_ENVELOPE,
        "events": [{"subscriptions": {"market_trades": ["BTC-USD", "ETH-USD"], "heartbeats": ["heartbeats"]}}],
    },
    {"channel": "heartbeats", **_ENVELOPE, "events": [{"current_time": "now", "heartbeat_counter": "3049"}]},
    {"type": "error", "message": "rate limit exceeded"},
)
COINBASE_REST = _json(
    {
        "trades": [{**t, "product_id": "BTC-USD", "bid": "", "exchange": ""} for t in COINBASE_TRADES[:4]],
        "best_bid": "1",
    },
    {"trades": [], "best_bid": "", "best_ask": ""},
)

BINANCE_PAIRS = {"BTCUSDT": "BTC/USDT", "NKNUSDT": "NKN/USDT", "LRCBTC": "LRC/BTC"}
BINANCE_WEBSOCKET = [
    *_json(
        {
            "stream": "btcusdt@trade",
            "data": {
                "e": "trade",
                "E": 1772445601450,
                "s": "BTCUSDT",
                "t": 4012345678,
                "p": "97412.30000000",
                "q": "0.01250000",
                "T": 1772445601448,
                "m": True,
                "M": True,
            },
        },
        {
            "e": "trade",
            "E": 1772445601450,
            "s": "BTCUSDT",
            "t": 12345,
            "p": "0.001",
            "q": "100",
            "T": 1772445601448,
            "m": False,
            "M": True,
        },
        {"result": None, "id": 1},
        {"result": ["btcusdt@trade", "nknusdt@trade"], "id": 3},
        {"error": {"code": 2, "msg": "Invalid request: unknown variant"}, "id": 4},
        {"code": 3, "msg": "Invalid JSON"},
        {"e": "serverShutdown", "E": 1772445601450},
    ),
    *(
        line.partition(b" ")[2]
        for line in _lines("binance_wire/binance_spot_btcusdt_trade_frames_20240808-09.jsonl.gz", 200)
    ),
    *(
        line.partition(b": ")[2]
        for line in _lines("binance_wire/cryptofeed_BINANCE.ws.1.0.gz", 60)
        if b'"data"' in line
    ),
]
BINANCE_REST = _json(
    [
        {
            "id": 28457 + i,
            "price": f"4.0000010{i}",
            "qty": "12.00000000",
            "quoteQty": "48.0",
            "time": 1499865549590 + i,
            "isBuyerMaker": i % 2 == 0,
            "isBestMatch": True,
        }
        for i in range(3)
    ],
    [],
    {"code": -1121, "msg": "Invalid symbol."},
)

_BINANCE_HEADER = b"recv_ts_ns,event_time_ms,trade_time_ms,trade_id,price,qty,buyer_is_maker,order_type_x\n"
BINANCE_CSV = [
    _BINANCE_HEADER
    + b"".join(
        b"1,1723161255343,%d,%d,61837.%d3000000,0.0%d000000,%s,\n"
        % (1723161255342 + i, 3735683259 + i, i, i + 1, b"true" if i % 2 else b"false")
        for i in range(6)
    )
]
TRADESTREAM_CSV = [
    b"trade_id,timestamp_us,price,quantity,side\n"
    b"1,1772445601448120,97412.3,0.0125,buy\n2,1772445601448120,97412.30,5.1E-5,sell\n3,1772445602000000,97412,3,unknown\n"
]
COINBASE_CSV = [
    b"trade_id,side,price,amount,timestamp\n"
    b"7,sell,25710.4,0.001,2023-09-05T16:00:01.281719Z\n8,buy,25710.45,1.5,2023-09-05T16:00:02Z\n"
]
