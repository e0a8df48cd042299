"""Real frames of all three venues, counted and summed a second time with json and Decimal alone."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.binance import websocket_messages as binance
from exchanges.coinbase import rest_messages as coinbase_rest
from exchanges.coinbase import websocket_messages as coinbase
from exchanges.frames import Ignored, Numbered, TradesFrame
from exchanges.kraken import websocket_messages as kraken
from exchanges.old_protocol import OldProtocolError
from exchanges.venue import Trade

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded frames at {DATA}")


def lines(path: str) -> list[str]:
    return gzip.decompress((DATA / path).read_bytes()).decode().splitlines()


def total(trades: list[Trade]) -> tuple[Decimal, Decimal]:
    """Return the sums of quantity and of price times quantity."""
    rows = [(Decimal(t.price), Decimal(t.quantity)) for t in trades]
    return sum((q for _, q in rows), Decimal(0)), sum((p * q for p, q in rows), Decimal(0))


def test_binance_trades() -> None:
    texts = [
        line.split(" ", 1)[1] for line in lines("binance_wire/binance_spot_btcusdt_trade_frames_20240808-09.jsonl.gz")
    ]
    frames = [binance.parse(text, {"BTCUSDT": "BTC/USDT"}) for text in texts]
    assert all(isinstance(f, TradesFrame) and not f.bad_rows and list(f.trades) == ["BTC/USDT"] for f in frames)
    trades = [t for f in frames if isinstance(f, TradesFrame) for t in f.trades["BTC/USDT"]]
    assert len(trades) == 19_904
    ids = [t.trade_id for t in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "Binance numbers its trades without holes"
    assert trades[0] == Trade(3_735_683_259, 1_723_161_255_342_000, "61837.63", "0.02", "sell")
    raw = [json.loads(text, parse_float=Decimal)["data"] for text in texts]
    quantity = sum((Decimal(r["q"]) for r in raw), Decimal(0))
    quote = sum((Decimal(r["p"]) * Decimal(r["q"]) for r in raw), Decimal(0))
    assert total(trades) == (quantity, quote)
    assert [t.timestamp_us for t in trades] == [r["T"] * 1_000 for r in raw]
    assert sum(t.side == "sell" for t in trades) == sum(r["m"] for r in raw)


def test_a_binance_session_of_other_streams_is_left_alone() -> None:
    texts = [
        line.split(": ", 1)[1] for line in lines("binance_wire/cryptofeed_BINANCE.ws.1.0.gz") if '"data"' in line
    ]
    frames = [binance.parse(text, {"NKNUSDT": "NKN/USDT"}) for text in texts if '"e"' in text]
    assert len(frames) > 100 and all(isinstance(frame, Ignored) for frame in frames)


def coinbase_matches() -> dict[str, list[dict[str, Any]]]:
    """Return the matches of each product in a recorded session of the exchange feed."""
    by_product = defaultdict(list)
    for line in lines("coinbase_wire/cryptofeed_COINBASE.ws.28.0.gz"):
        text = line.partition(": ")[2]
        if '"match"' in text or '"last_match"' in text:
            match = json.loads(text, parse_float=Decimal)
            by_product[match["product_id"]].append(match)
    return dict(by_product)


def advanced_trade(match: dict[str, Any]) -> dict[str, str]:
    """Return a match in the words of Advanced Trade: the same fields, the id as text, the side in capitals."""
    fields = {name: match[name] for name in ("product_id", "price", "size", "time")}
    return {"trade_id": str(match["trade_id"]), **fields, "side": match["side"].upper()}


def test_coinbase_ids_have_no_holes() -> None:
    matches = coinbase_matches()
    assert sum(map(len, matches.values())) == 107 and len(matches) == 10
    for product, those in matches.items():
        ids = [match["trade_id"] for match in those]
        assert ids == list(range(ids[0], ids[0] + len(ids))), product


def test_coinbase_trades_in_the_envelope_of_today() -> None:
    """No recording of Advanced Trade is at hand: real trades of the older feed, in the documented envelope."""
    for product, matches in coinbase_matches().items():
        entries = [advanced_trade(match) for match in matches]
        event = {"type": "update", "trades": entries[::-1]}
        envelope = {
            "channel": "market_trades",
            "timestamp": matches[-1]["time"],
            "sequence_num": 3,
            "events": [event],
        }
        numbered, frame = coinbase.parse(json.dumps(envelope))
        assert numbered == Numbered(3) and isinstance(frame, TradesFrame) and not frame.bad_rows
        pair = product.replace("-", "/")
        trades = frame.trades[pair]
        assert [t.trade_id for t in trades] == [match["trade_id"] for match in matches]
        quantity = sum((Decimal(match["size"]) for match in matches), Decimal(0))
        quote = sum((Decimal(match["price"]) * Decimal(match["size"]) for match in matches), Decimal(0))
        assert total(trades) == (quantity, quote)
        assert all(t.side != match["side"] for t, match in zip(trades, matches, strict=True)), "the taker's"
        page = coinbase_rest.parse_trades(json.dumps({"trades": entries[::-1]}), pair)
        assert page.trades == trades and page.rows == len(matches)


def test_messages_of_the_older_coinbase_feed_are_errors() -> None:
    session = lines("coinbase_wire/cryptofeed_COINBASE.ws.28.0.gz")
    texts = [text for line in session if (text := line.partition(": ")[2]).startswith('{"type"')]
    received = [text for text in texts if not text.startswith('{"type":"subscribe"')]  # the recorder asked with those
    assert len(received) > 9_900
    for text in received:
        with pytest.raises(OldProtocolError, match="one that speaks Coinbase's Advanced Trade"):
            coinbase.parse(text)


def test_a_kraken_session_of_another_channel_is_left_alone() -> None:
    session = json.loads(gzip.decompress((DATA / "kraken_wire/python_kraken_sdk/orderbook-v2.json.gz").read_bytes()))
    books = [session["init"], *session["updates"]]
    assert len(books) == 510
    assert {kraken.parse(json.dumps(book)) for book in books} == {Ignored("channel 'book'")}


def test_kraken_trades_in_the_envelope_of_today() -> None:
    """No recording of the v2 trade channel is at hand: the real trades of a v1 session, with ids of our own."""
    messages = [
        json.loads(line.partition(": ")[2])
        for line in lines("kraken_wire/cryptofeed/KRAKEN.ws.48.0.gz")
        if ": [" in line
    ]
    trades = [(message[3], *row) for message in messages for row in message[1]]
    assert (len(messages), len(trades)) == (8, 10)
    rows = [
        f'{{"symbol":"{pair}","side":"{"buy" if side == "b" else "sell"}","price":{price},"qty":{volume}'
        f',"trade_id":{number},"timestamp":"2021-04-17T16:49:{number % 60:02d}Z"}}'
        for number, (pair, price, volume, _, side, *_) in enumerate(trades, start=1)
    ]
    frame = kraken.parse(f'{{"channel":"trade","type":"update","data":[{",".join(rows)}]}}')
    assert isinstance(frame, TradesFrame) and not frame.bad_rows
    read = [t for those in frame.trades.values() for t in those]
    quantity = sum((Decimal(volume) for _, _, volume, *_ in trades), Decimal(0))
    quote = sum((Decimal(price) * Decimal(volume) for _, price, volume, *_ in trades), Decimal(0))
    assert len(read) == len(trades) and total(read) == (quantity, quote)
