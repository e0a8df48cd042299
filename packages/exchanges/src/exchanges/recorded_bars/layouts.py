"""Which column is what: by the names of a file, and where it has none by the order that its numbers allow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from exchanges.recorded.names import pair_of_symbol
from exchanges.recorded_bars.rows import Rows

PRICES = ("open", "high", "low", "close")
NEEDED = ("time", *PRICES, "volume")
FLOWS = ("volume", "trade_count", "taker_buy_volume")

#: Names of each column in small letters, words joined by _; where a file has several, the first of these is taken.
NAMES: Mapping[str, tuple[str, ...]] = {
    "time": (
        *("window_start_ms", "timestamp_ms", "timestamp_us", "timestamp_ns", "timestamp_s", "open_time", "opentime"),
        *("open_time_ms", "open_time_us", "start_time", "start", "start_at", "bucket", "timestamp", "unix"),
        *("unix_timestamp", "epoch", "epoch_s", "time", "ts", "t", "datetime", "date_time", "date", "index"),
        *("__index_level_0__", ""),
    ),
    "open": ("open", "open_price", "o"),
    "high": ("high", "high_price", "h"),
    "low": ("low", "low_price", "l"),
    "close": ("close", "close_price", "c"),
    "volume": ("volume", "base_volume", "volume_base", "vol", "v"),
    "trade_count": (
        *("trade_count", "tradecount", "trades", "count", "number_of_trades", "num_trades", "n_trades", "nr_trades"),
        *("trade_num", "n"),
    ),
    "taker_buy_volume": (
        *("taker_buy_volume", "taker_buy_base_asset_volume", "taker_buy_base_volume", "taker_buy_base"),
        *("taker_base_vol", "tb_base_av"),
    ),
    "end": ("close_time", "closetime"),
    "pair": ("pair", "symbol", "ticker", "instrument", "product_id", "tic", "market"),
    "interval_s": ("interval_s",),
    "revision": ("revision",),
}
#: What else such files have and nothing here needs: it is not worth a word.
_EXPECTED = {
    *("ignore", "quote_volume", "quote_asset_volume", "taker_buy_quote_volume", "taker_buy_quote_asset_volume"),
    *("exchange", "vwap", "first_trade_id", "last_trade_id", "quality", "interval"),
}


@dataclass(frozen=True)
class Layout:
    """An order of columns without names.

    Parameters
    ----------
    title
        Whose it is.
    columns
        What stands in each place; "" for what is not read.
    whole_counts
        It is this one only if the counts of trades are whole numbers, and times are seconds.
    """

    title: str
    columns: tuple[str, ...]
    whole_counts: bool = False


_OHLCV = ("time", "open", "high", "low", "close", "volume")
_OCHLV = ("time", "open", "close", "high", "low", "volume")
_LHOCV = ("time", "low", "high", "open", "close", "volume")
#: By the number of columns, the usual order first.
LAYOUTS: tuple[Layout, ...] = (
    Layout("time, open, high, low, close, volume (CCXT, Freqtrade, LEAN)", _OHLCV),
    Layout("time, open, close, high, low, volume (Bitfinex)", _OCHLV),
    Layout("time, low, high, open, close, volume (Coinbase)", _LHOCV),
    Layout("Kraken's OHLCVT", (*_OHLCV, "trade_count"), whole_counts=True),
    Layout("time, open, high, low, close, volume, turnover (Bybit)", (*_OHLCV, "")),
    Layout(
        "time, open, close, high, low, volume, turnover (KuCoin)",
        (*_OCHLV, ""),
    ),
    Layout("Kraken's REST answers", (*_OHLCV[:-1], "", "volume", "trade_count"), whole_counts=True),
    Layout("MEXC's klines", (*_OHLCV, "end", "")),
    Layout("Binance klines", (*_OHLCV, "end", "", "trade_count", "taker_buy_volume", "", "")),
)


@dataclass(frozen=True)
class Recognised:
    """Which column of a file is what.

    Parameters
    ----------
    title
        The layout, for people.
    columns
        The file's column of each of ours.
    unread
        Columns that nobody here knows.
    """

    title: str
    columns: Mapping[str, str]
    unread: Sequence[str] = ()


def recognise(rows: Rows, base: str | None) -> Recognised:
    """Return which column is what.

    Parameters
    ----------
    rows
        Of the file.
    base
        The asset that is traded, where that is known: it tells its volume from that of the quote currency.

    Raises
    ------
    BadInputError
        If a column that is needed is missing, or no known layout has as many.
    """
    return _by_name(rows, base) if rows.named else _by_place(rows)


def _by_name(rows: Rows, base: str | None) -> Recognised:
    plain: dict[str, str] = {}
    for column in rows.columns:
        plain.setdefault(_plain(column), column)
    found = {
        ours: next(plain[name] for name in names if name in plain)
        for ours, names in NAMES.items()
        if any(name in plain for name in names)
    }
    if "volume" not in found and (volume := _volume_of(plain, base or _base_of(rows, found.get("pair")))):
        found["volume"] = volume
    missing = [ours for ours in NEEDED if ours not in found]
    if missing:
        rows.refuse_columns(f"{', '.join(NEEDED)} (missing: {', '.join(missing)})")
    known = {*found.values(), *(plain[name] for names in NAMES.values() for name in names if name in plain)}
    unread = [column for name, column in plain.items() if column not in known and name not in _EXPECTED]
    return Recognised("columns as the file names them", found, unread)


def _plain(column: str) -> str:
    """Return a name as `NAMES` spells it.

    Examples
    --------
    >>> [_plain(name) for name in ("Open Time", "<CLOSE>", "Volume_(BTC)", "takerBuyBase", "OHLC.close")]
    ['open_time', 'close', 'volume_btc', 'taker_buy_base', 'ohlc_close']
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") if column != "__index_level_0__" else column


def _volume_of(plain: Mapping[str, str], base: str | None) -> str | None:
    """Return the column of the base's volume among those named after currencies."""
    named = {name.removeprefix("volume_"): column for name, column in plain.items() if name.startswith("volume_")}
    if base is not None and base.lower() in named:
        return named[base.lower()]
    bases = [column for name, column in named.items() if name not in ("currency", "quote")]
    return bases[0] if len(bases) == 1 else None


def _base_of(rows: Rows, symbols: str | None) -> str | None:
    """Return the asset that the first row's symbol names first."""
    pair = pair_of_symbol(str(rows.frame[symbols][0])) if symbols else None
    return pair.split("/")[0] if pair else None


def _by_place(rows: Rows) -> Recognised:
    width = len(rows.columns)
    possible = [layout for layout in LAYOUTS if len(layout.columns) == width]
    if not possible:
        widths = ", ".join(f"{len(each.columns)} ({each.title})" for each in LAYOUTS)
        rows.refuse_columns(f"names of columns, or as many columns as one of: {widths}")
    best = min(possible, key=lambda layout: _misfits(rows, layout))
    names = {ours: str(place) for place, ours in enumerate(best.columns, start=1) if ours}
    return Recognised(best.title, names)


def _misfits(rows: Rows, layout: Layout) -> int:
    """Return how many rows cannot be of this layout; with equal numbers the first of the list is meant."""
    place = {ours: str(number) for number, ours in enumerate(layout.columns, start=1)}
    number = {ours: pl.col(place[ours]).cast(pl.Float64, strict=False) for ours in place if ours and ours != "end"}
    fits = not_outside(*(number[name] for name in PRICES))
    if layout.whole_counts:
        fits &= (number["trade_count"] % 1 == 0) & (number["time"] < SMALLEST_MS)
    if "end" in place:
        fits &= number["time"] < pl.col(place["end"]).cast(pl.Float64, strict=False)
    return rows.frame.height - int(rows.frame.select(fits.fill_null(False).sum()).item())


#: A number of seconds that no time in milliseconds since 1973 is smaller than.
SMALLEST_MS = 10**11
#: Prices that were computed or adjusted differ in their last digits.
_NOISE = 1e-9


def not_outside(opened: pl.Expr, high: pl.Expr, low: pl.Expr, close: pl.Expr) -> pl.Expr:
    """Return where open and close are between low and high."""
    top, bottom = pl.max_horizontal(opened, close), pl.min_horizontal(opened, close)
    return (high >= top * (1 - _NOISE)) & (low <= bottom * (1 + _NOISE))
