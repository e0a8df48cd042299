"""What each input really says, read a second time and independently: the json module, Decimal, and no parser of ours.

Each function returns the good trades as ``(pair, id, microseconds, price, quantity, side)``. A parser may be stricter
than that; it may never accept what is not in it.
"""

from __future__ import annotations

import calendar
import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from typing import Any

Reading = tuple[str, int, int, Decimal, Decimal, str]
_EXACT = Context(prec=400)
_PAIR = re.compile(r"[a-z]{0,9}[A-Z0-9][A-Za-z0-9]{0,19}/[a-z]{0,9}[A-Z0-9][A-Za-z0-9]{0,19}")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?[Zz]", re.ASCII)
_MAX_TIME_US = 253_402_300_800_000_000


class Bad(Exception):
    """The row says no trade."""


def load(data: bytes) -> Any:
    """Return the JSON with every number exact; infinities and NaN stay Decimals that no check accepts."""
    return json.loads(data, parse_float=Decimal, parse_constant=Decimal)


def number(value: Any) -> Decimal:
    """Return a positive, finite price or quantity, from a JSON number or a string in ASCII."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Bad
    if isinstance(value, str) and not (value.isascii() and _PLAIN_NUMBER.fullmatch(value)):
        raise Bad
    try:
        exact = Decimal(value)
    except InvalidOperation as error:
        raise Bad from error
    if not exact.is_finite() or exact <= 0:
        raise Bad
    return exact


def whole(value: Any) -> int:
    """Return an id: a positive 64-bit JSON integer."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise Bad
    return value


def whole_from_0(value: Any) -> int:
    """Return an id of a file or a message, which may count from 0."""
    return 0 if value == 0 and isinstance(value, int) and not isinstance(value, bool) else whole(value)


def text_id(value: Any) -> int:
    """Return an id written as a string."""
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{0,18}", value, re.ASCII):
        raise Bad
    return whole(int(value))


def rfc3339(value: Any) -> int:
    """Return microseconds."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Bad
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - only whether it exists
    except ValueError as error:
        raise Bad from error
    seconds = calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0))
    return in_range(seconds * 1_000_000 + int((match[7] or "0").ljust(6, "0")[:6]))


def epoch(value: Any, unit_us: int) -> int:
    """Return microseconds of a number in units of `unit_us`, cut."""
    exact = number(value) if not isinstance(value, int) or isinstance(value, bool) else Decimal(value)
    if exact.adjusted() > 20:  # no time; and what follows would overflow
        raise Bad
    return in_range(int(_EXACT.multiply(exact, Decimal(unit_us)).to_integral_value(ROUND_DOWN)))


def in_range(time_us: int) -> int:
    """Return a time between 1970 and the year 10000."""
    if not 0 < time_us < _MAX_TIME_US:
        raise Bad
    return time_us


def pair_name(value: Any) -> str:
    """Return a pair written BASE/QUOTE."""
    if not isinstance(value, str) or not (value.isascii() and _PAIR.fullmatch(value)):
        raise Bad
    return value


def side(value: Any, words: dict[str, str]) -> str:
    """Return the taker's side; a word nobody knows is ``unknown``."""
    if not isinstance(value, str):
        raise Bad
    return words.get(value, "unknown")


def good(rows: Any, read: Callable[[Any], Reading]) -> Iterator[Reading]:
    """Return the rows that say a trade."""
    for row in rows if isinstance(rows, list) else []:
        try:
            yield read(row)
        except (Bad, KeyError, IndexError, TypeError):
            continue


def kraken_websocket(data: bytes) -> Iterator[Reading]:
    def read(row: Any) -> Reading:
        sides = {"buy": "buy", "sell": "sell"}
        return (
            pair_name(row["symbol"]),
            whole(row["trade_id"]),
            rfc3339(row["timestamp"]),
            number(row["price"]),
            number(row["qty"]),
            side(row["side"], sides),
        )

    frame = load(data)
    return good(frame.get("data") if frame.get("channel") == "trade" else [], read)


def kraken_rest(data: bytes) -> Iterator[Reading]:
    def read(row: Any) -> Reading:
        if not isinstance(row, list):
            raise Bad
        sides = {"b": "buy", "s": "sell"}
        return ("BTC/USD", whole(row[6]), epoch(row[2], 10**6), number(row[0]), number(row[1]), side(row[3], sides))

    return (reading for rows in load(data)["result"].values() for reading in good(rows, read))


def _coinbase_row(row: Any) -> Reading:
    product = row["product_id"]
    if not isinstance(product, str) or product.count("-") != 1 or "/" in product:
        raise Bad
    sides = {"BUY": "sell", "SELL": "buy"}
    return (
        pair_name(product.replace("-", "/")),
        text_id(row["trade_id"]),
        rfc3339(row["time"]),
        number(row["price"]),
        number(row["size"]),
        side(row["side"], sides),
    )


def coinbase_websocket(data: bytes) -> Iterator[Reading]:
    message = load(data)
    events = message["events"] if message.get("channel") == "market_trades" else []
    return (reading for event in events for reading in good(event.get("trades"), _coinbase_row))


def coinbase_rest(data: bytes) -> Iterator[Reading]:
    return (reading for reading in good(load(data)["trades"], _coinbase_row) if reading[0] == "BTC/USD")


def _buyer_made(value: Any) -> str:
    if not isinstance(value, bool):
        raise Bad
    return "sell" if value else "buy"


def _json_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Bad
    return value


def binance_websocket(data: bytes, pairs: dict[str, str]) -> Iterator[Reading]:
    def read(row: Any) -> Reading:
        if row["e"] != "trade":
            raise Bad
        return (
            pairs[row["s"]],
            whole(row["t"]),
            epoch(_json_integer(row["T"]), 1_000),
            number(row["p"]),
            number(row["q"]),
            _buyer_made(row["m"]),
        )

    frame = load(data)
    return good([frame["data"] if "stream" in frame and "data" in frame else frame], read)


def binance_rest(data: bytes) -> Iterator[Reading]:
    def read(row: Any) -> Reading:
        return (
            "BTC/USDT",
            whole(row["id"]),
            epoch(_json_integer(row["time"]), 1_000),
            number(row["price"]),
            number(row["qty"]),
            _buyer_made(row["isBuyerMaker"]),
        )

    return good(load(data), read)


def trade_frame(data: bytes) -> Iterator[Reading]:
    """Read the message that all services share."""
    frame = load(data)
    columns = [frame[n] for n in ("trade_ids", "timestamps_us", "prices", "quantities", "sides")]
    if any(not isinstance(column, list) or len(column) != len(columns[0]) for column in columns):
        return iter(())

    def read(row: Any) -> Reading:
        trade_id, time_us, price, quantity, taker = row
        if not (isinstance(price, str) and isinstance(quantity, str) and taker in ("buy", "sell", "unknown")):
            raise Bad
        return (
            pair_name(frame["pair"]),
            whole_from_0(trade_id),
            _json_integer(time_us),
            number(price),
            number(quantity),
            taker,
        )

    return good([list(row) for row in zip(*columns, strict=True)], read)


def csv_rows(
    data: bytes, names: dict[str, str], unit_us: int | None, sides: dict[str, str], pair: str
) -> Iterator[Reading]:
    """Read a recorded file; `names` are its columns by meaning, `unit_us` its time's unit, None for ISO 8601."""
    lines = [line.rstrip("\r") for line in data.decode("utf-8-sig", "replace").split("\n")]
    rows = [next(csv.reader([line]), []) if '"' in line else line.split(",") for line in lines if line]
    header = [cell.strip().lower() for cell in rows[0]]
    at = {meaning: header.index(name) for meaning, name in names.items()}

    def cell_number(text: str) -> Decimal:
        try:
            value = Decimal(text) if text.isascii() and "_" not in text and text == text.strip() else Decimal(0)
        except InvalidOperation as error:
            raise Bad from error
        if not value.is_finite() or value <= 0:
            raise Bad
        return value

    def cell_time(text: str) -> int:
        if unit_us is not None and text.isascii() and text.isdigit():
            return epoch(int(text), unit_us)
        if text.isascii() and "_" not in text and text == text.strip():  # no unit: its size tells
            with suppress(InvalidOperation):
                value = Decimal(text)
                exponent = 6 if value < 10**11 else 3 if value < 10**14 else 0 if value < 10**17 else -3
                return in_range(int(_EXACT.scaleb(value, exponent)) if -60 < value.adjusted() < 40 else 0)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise Bad from error
        if moment.tzinfo is None:
            raise Bad
        return in_range(calendar.timegm(moment.utctimetuple()) * 1_000_000 + moment.microsecond)

    def read(row: list[str]) -> Reading:
        if len(row) != len(header):
            raise Bad
        identity = row[at["id"]]
        if not (identity.isascii() and identity.isdigit()):
            raise Bad
        taker = sides[row[at["side"]].strip().lower()]
        price, quantity = cell_number(row[at["price"]]), cell_number(row[at["quantity"]])
        return pair, whole_from_0(int(identity)), cell_time(row[at["time"]]), price, quantity, taker

    return good(rows[1:], read)
