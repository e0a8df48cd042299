"""What the candles must be: an aggregation in Decimal that knows nothing of any contestant."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from benchmarks.market import Trades

#: open, high, low, close, volume.
Ohlcv = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]
#: Peers add quantities up as floats.
_FLOAT_TOLERANCE = Decimal("1e-9")


def aggregate(trades: Trades, interval_ms: int) -> dict[int, Ohlcv]:
    """Return window start (ms) -> candle of every window but the last, which no contestant has seen the end of."""
    candles: dict[int, Ohlcv] = {}
    rows = zip(trades.timestamps_us.tolist(), trades.prices, trades.quantities, strict=True)
    for timestamp_us, price_text, quantity_text in rows:
        price, quantity = Decimal(price_text), Decimal(quantity_text)
        start_ms = timestamp_us // 1_000 // interval_ms * interval_ms
        if start_ms not in candles:
            candles[start_ms] = (price, price, price, price, quantity)
            continue
        opening, high, low, _, volume = candles[start_ms]
        candles[start_ms] = (opening, max(high, price), min(low, price), price, volume + quantity)
    del candles[max(candles)]
    return candles


def require_equal(found: Mapping[int, Ohlcv], expected: Mapping[int, Ohlcv], who: str, *, exact: bool) -> int:
    """Return how many candles were compared; a contestant may have closed its last window too.

    Raises
    ------
    AssertionError
        If a candle is missing or differs: then its speed counts for nothing.
    """
    for start_ms, candle in expected.items():
        assert start_ms in found, f"{who}: expected a candle from {start_ms} ms, was missing"
        same = candle == found[start_ms] if exact else _close(candle, found[start_ms])
        assert same, f"{who}: candle from {start_ms} ms: expected {candle}, was {found[start_ms]}"
    extra = set(found) - set(expected)
    assert len(extra) <= 1, f"{who}: expected {len(expected)} candles and the last, was {len(found)}"
    return len(expected)


def _close(expected: Ohlcv, found: Ohlcv) -> bool:
    return all(abs(a - b) <= _FLOAT_TOLERANCE * abs(a) for a, b in zip(expected, found, strict=True))
