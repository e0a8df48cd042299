"""What is fuzzed: each parser, its seeds, and how its answer is held against the independent reading."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from tests.fuzz import seeds
from tests.fuzz import strict_readings as strict
from tests.fuzz.mutations import mutate, mutate_bytes
from tests.support.message_examples import example

from contracts.errors import BadInputError
from contracts.message import Message
from contracts.topics import TOPICS
from contracts.trade_frame import TradeFrame
from exchanges.binance import rest_messages as binance_rest
from exchanges.binance import websocket_messages as binance_websocket
from exchanges.coinbase import rest_messages as coinbase_rest
from exchanges.coinbase import websocket_messages as coinbase_websocket
from exchanges.frames import TradesFrame
from exchanges.kraken import rest_messages as kraken_rest
from exchanges.kraken import websocket_messages as kraken_websocket
from exchanges.recorded import open_recording
from exchanges.venue import Trade, VenueError, trade_frame

EXPECTED = (BadInputError, VenueError)
Accepted = tuple[dict[str, list[Trade]], int]


class SilentError(Exception):
    """Something was accepted that the bytes do not say, or lost without a word."""


@dataclass(frozen=True)
class Target:
    """One parser.

    Parameters
    ----------
    share
        Of all inputs, in thousandths.
    seeds
        What mutations start from.
    check
        Returns whether something was accepted; raises `SilentError` or, at a crash, anything else.
    mutation
        How an input is made.
    """

    share: int
    seeds: list[bytes]
    check: Callable[[bytes], bool]
    mutation: Callable[[Random, list[bytes]], bytes] = mutate


def _reading(pair: str, trade: Trade) -> strict.Reading:
    return pair, trade.trade_id, trade.timestamp_us, Decimal(trade.price), Decimal(trade.quantity), trade.side


def compare(trades: dict[str, list[Trade]], bad_rows: int, said: Callable[[], Iterable[strict.Reading]]) -> bool:
    """Hold the accepted trades against what the bytes say.

    Raises
    ------
    SilentError
        If one of them is not there, or one that is there was neither accepted nor set aside.
    """
    try:
        readings = set(said())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        readings = set()
    accepted = {_reading(pair, trade) for pair, those in trades.items() for trade in those}
    if not accepted <= readings:
        raise SilentError(f"accepted, though the bytes do not say it: {sorted(map(str, accepted - readings))[:2]}")
    if not bad_rows and not readings <= accepted:
        raise SilentError(f"lost without a word: {sorted(map(str, readings - accepted))[:2]}")
    for pair, those in trades.items():
        trade_frame("venue", pair, those, consecutive_ids=True)
    return bool(accepted)


def _trades(
    parse: Callable[[bytes], Accepted | None], said: Callable[[bytes], Iterable[strict.Reading]]
) -> Callable[[bytes], bool]:
    def check(data: bytes) -> bool:
        try:
            parsed = parse(data)
        except EXPECTED:
            return False
        return parsed is not None and compare(*parsed, lambda: said(data))

    return check


def _frames(frames: Iterable[Any]) -> Accepted | None:
    """Put the trades of all frames of a message together; None where it has none."""
    found = [frame for frame in frames if isinstance(frame, TradesFrame)]
    if not found:
        return None
    trades: dict[str, list[Trade]] = {}
    for frame in found:
        for pair, those in frame.trades.items():
            known = {t.trade_id: t for t in trades.get(pair, [])}
            trades[pair] = [*known.values(), *(t for t in those if known.get(t.trade_id) != t)]
    trades = {pair: sorted(those, key=lambda t: t.trade_id) for pair, those in trades.items()}
    ids = {pair: {t.trade_id: t for t in those} for pair, those in trades.items()}
    contradictions = sum(len(those) - len(ids[pair]) for pair, those in trades.items())
    if contradictions:  # in two frames of one message: the session holds them apart, one trade_frame cannot
        return None
    return trades, sum(len(frame.bad_rows) for frame in found)


def _kraken_page(data: bytes) -> Accepted:
    page = kraken_rest.parse_trades(data, "BTC/USD")
    return {"BTC/USD": page.trades} if page.trades else {}, len(page.bad_rows)


def _coinbase_window(data: bytes) -> Accepted:
    window = coinbase_rest.parse_trades(data, "BTC/USD")
    return {"BTC/USD": window.trades} if window.trades else {}, len(window.bad_rows)


def _binance_page(data: bytes) -> Accepted:
    page = binance_rest.parse_trades(data, "BTC/USDT", 1)
    return {"BTC/USDT": page.trades} if page.trades else {}, len(page.bad_rows)


def _listings(data: bytes) -> bool:
    """Read names and times of every venue; times must be the ones that stand there."""
    accepted = False
    for parse in (
        kraken_rest.parse_asset_pairs,
        coinbase_rest.parse_products,
        binance_rest.parse_symbols,
        binance_rest.parse_first_id,
        kraken_rest.parse_time_us,
        coinbase_rest.parse_time_us,
        binance_rest.parse_time_us,
    ):
        try:
            value = parse(data)
        except EXPECTED:
            continue
        accepted = True
        if (
            isinstance(value, int)
            and parse is not binance_rest.parse_first_id
            and not 0 <= value < 253402300800 * 10**6
        ):
            raise SilentError(f"{parse.__module__}.{parse.__name__}: {value}")
    return accepted


@cache
def _folder() -> Path:
    shared_memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared_memory if shared_memory.is_dir() else None))


def _read_file(data: bytes, name: str) -> Accepted:
    path = _folder() / name
    path.write_bytes(data)
    bad: list[Any] = []
    trades: dict[str, list[Trade]] = {}
    try:
        recording = open_recording(path, pair="BTC/USDT", exchange="binance")
        if recording.notes:  # no id or no side can be read any more, which is said
            raise BadInputError(name, "columns that can be read", recording.notes)
        for frame in recording.frames(bad.append):
            trades.setdefault(frame.pair, []).extend(Trade(*row) for row in frame.rows())
    finally:
        path.unlink()
    return trades, len(bad)


def _csv(name: str, columns: dict[str, str], unit_us: int | None, sides: dict[str, str]) -> Callable[[bytes], bool]:
    def check(data: bytes) -> bool:
        try:
            trades, bad_rows = _read_file(data, name)
        except EXPECTED:
            return False
        each_once = {pair: list({t.trade_id: t for t in those}.values()) for pair, those in trades.items()}
        for those in each_once.values():
            those.sort(key=lambda t: t.trade_id)
        # Ids that come twice are the consumer's to drop, so of those only the last is looked at here.
        return compare(each_once, bad_rows + 1, lambda: strict.csv_rows(data, columns, unit_us, sides, "BTC/USDT"))

    return check


def _data_rows_only(rng: Random, all_seeds: list[bytes]) -> bytes:
    """Mutate what follows the header, so that the file stays of its format."""
    header, _, rows = all_seeds[rng.randrange(len(all_seeds))].partition(b"\n")
    return header + b"\n" + mutate_bytes(rng, [rows])


def _opened(name: str) -> Callable[[bytes], bool]:
    def check(data: bytes) -> bool:
        try:
            return bool(_read_file(data, name)[0])
        except EXPECTED:
            return False

    return check


def _parquet() -> list[bytes]:
    path = _folder() / "seed.parquet"
    columns = {
        "trade_id": [1, 2],
        "timestamp_us": [1772445601448120, 1772445601448121],
        "price": ["1.5", "2"],
        "quantity": ["1", "2"],
        "side": ["buy", "sell"],
    }
    pl.DataFrame(columns).write_parquet(path)
    data = path.read_bytes()
    path.unlink()
    return [data]


def _messages(data: bytes) -> bool:
    """Decode as every topic; what is accepted says, field by field, what the bytes say."""
    accepted = False
    for topic in TOPICS:
        try:
            message = topic.decode(data)
        except EXPECTED:
            continue
        accepted = True
        _check_message(message, data)
    return accepted


def _check_message(message: Message, data: bytes) -> None:
    said, kept = json.loads(data, parse_float=Decimal), json.loads(message.to_json(), parse_float=Decimal)
    if not isinstance(said, dict):
        raise SilentError(f"{message.schema_name} out of {said!r}")
    for name, value in kept.items():
        if name in said and not _same(value, said[name]):
            raise SilentError(f"{message.schema_name}.{name}: {value!r}, though the bytes say {said[name]!r}")
    if type(message).from_json(message.to_json()) != message:
        raise SilentError(f"{message.schema_name} does not survive its own encoding")
    if isinstance(message, TradeFrame):
        trades = [Trade(*row) for row in message.rows()]
        compare({message.pair: trades}, 0, lambda: strict.trade_frame(data))


def _same(kept: Any, said: Any) -> bool:
    """Say whether a field kept its value; a float may have been rounded to the nearest double."""
    if isinstance(kept, bool) or isinstance(said, bool):
        return kept is said
    if isinstance(kept, Decimal | int) and isinstance(said, Decimal | int):
        return kept == said or float(kept) == float(said)
    if isinstance(kept, list) and isinstance(said, list):
        return len(kept) == len(said) and all(map(_same, kept, said))
    if isinstance(kept, dict) and isinstance(said, dict):
        return all(name in said and _same(value, said[name]) for name, value in kept.items() if name in said)
    return bool(kept == said) or (_is_number(kept) and _is_number(said) and Decimal(kept) == Decimal(said))


def _is_number(value: Any) -> bool:
    """Say whether it is a number in text: settings keep what it is, and not how many zeros it was written with."""
    return isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", value) is not None


_BINANCE_COLUMNS = {
    "id": "trade_id",
    "time": "trade_time_ms",
    "price": "price",
    "quantity": "qty",
    "side": "buyer_is_maker",
}
_OWN_COLUMNS = {"id": "trade_id", "time": "timestamp_us", "price": "price", "quantity": "quantity", "side": "side"}
_COINBASE_COLUMNS = {**_OWN_COLUMNS, "time": "timestamp", "quantity": "amount"}
_MAKER = {"true": "sell", "1": "sell", "false": "buy", "0": "buy"}
_TAKER = {"buy": "buy", "sell": "sell", "b": "buy", "s": "sell", "buyer": "buy", "seller": "sell"}
_TAKER |= dict.fromkeys(["unknown", "none", ""], "unknown")

TARGETS: dict[str, Target] = {
    "kraken websocket": Target(
        190, seeds.KRAKEN_WEBSOCKET, _trades(lambda d: _frames([kraken_websocket.parse(d)]), strict.kraken_websocket)
    ),
    "kraken rest": Target(140, seeds.KRAKEN_REST, _trades(_kraken_page, strict.kraken_rest)),
    "coinbase websocket": Target(
        170,
        seeds.COINBASE_WEBSOCKET,
        _trades(lambda d: _frames(coinbase_websocket.parse(d)), strict.coinbase_websocket),
    ),
    "coinbase rest": Target(120, seeds.COINBASE_REST, _trades(_coinbase_window, strict.coinbase_rest)),
    "binance websocket": Target(
        170,
        seeds.BINANCE_WEBSOCKET,
        _trades(
            lambda d: _frames([binance_websocket.parse(d, seeds.BINANCE_PAIRS)]),
            lambda d: strict.binance_websocket(d, seeds.BINANCE_PAIRS),
        ),
    ),
    "binance rest": Target(110, seeds.BINANCE_REST, _trades(_binance_page, strict.binance_rest)),
    "names and times": Target(40, seeds.LISTINGS, _listings),
    "file: binance csv": Target(
        10, seeds.BINANCE_CSV, _csv("binance_BTCUSDT.csv", _BINANCE_COLUMNS, 1_000, _MAKER), _data_rows_only
    ),
    "file: own csv": Target(10, seeds.TRADESTREAM_CSV, _csv("own.csv", _OWN_COLUMNS, 1, _TAKER), _data_rows_only),
    "file: coinbase csv": Target(
        8, seeds.COINBASE_CSV, _csv("coinbase.csv", _COINBASE_COLUMNS, None, _TAKER), _data_rows_only
    ),
    "file: any header": Target(
        4, [*seeds.BINANCE_CSV, *seeds.TRADESTREAM_CSV, *seeds.COINBASE_CSV], _opened("any.csv"), mutate_bytes
    ),
    "file: gzip": Target(
        2, [gzip.compress(data, mtime=0) for data in seeds.TRADESTREAM_CSV], _opened("own.csv.gz"), mutate_bytes
    ),
    "file: parquet": Target(1, _parquet(), _opened("own.parquet"), mutate_bytes),
    "contracts": Target(
        25, [example(cls).to_json() for cls in sorted({c for t in TOPICS for c in t.messages}, key=repr)], _messages
    ),
}
