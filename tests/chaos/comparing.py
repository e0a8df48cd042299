"""What a disturbed run left on its topics against the undisturbed one's, and against the market itself."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from tests.chaos.live_market import TrueTrades
from tests.kafka.six_services import Written
from tests.support.reference_candles import ReferenceCandle, fold

from contracts.trade_frame import TRADE_COLUMNS

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Verdict:
    """How many of each kind there were; all but the last three must be 0.

    Attributes
    ----------
    lost, extra
        Message ids (of `trades`: trade ids, for the frames they travel in depend on the wall clock) that only the
        undisturbed run, or only this one, has.
    two_values
        Ids under which this run has several values, or another than the undisturbed one.
    wrong_unmarked
        First revisions of candles that say `complete` or `empty` and are not what the trades make.
    wrong_in_the_end
        Candles whose last revision is not the undisturbed run's.
    revised
        Candles corrected after their first revision.
    twice
        Messages that came again, with the same value; trades that came again in other frames.
    compared
        Ids.
    """

    lost: int = 0
    extra: int = 0
    two_values: int = 0
    wrong_unmarked: int = 0
    wrong_in_the_end: int = 0
    revised: int = 0
    twice: int = 0
    compared: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing differs."""
        return not any(getattr(self, each.name) for each in fields(self)[:5])

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


def compare(found: Written, expected: Written, truth: TrueTrades) -> Verdict:
    """Compare everything that was written: trades with the market, the rest with the undisturbed run."""
    found_trades, came_again = _trades(found)
    lost, extra, differing = _differences(found_trades, {key: {value} for key, value in truth.items()})
    derived, wanted = _decided_on(found), _decided_on(expected)
    more_lost, more_extra, more_differing = _differences(derived, wanted)
    last, last_wanted = _last_candles(found), _last_candles(expected)
    return Verdict(
        lost=lost + more_lost,
        extra=extra + more_extra,
        two_values=differing + more_differing,
        wrong_unmarked=_wrong_unmarked(_candles(derived), truth),
        wrong_in_the_end=sum(last.get(window) != candle for window, candle in last_wanted.items()),
        revised=sum(candle["revision"] > 0 for candle in _candles(_derived(found))),
        twice=found.repeated + came_again,
        compared=len(truth) + len(wanted),
    )


def _differences(found: dict[Any, set[Any]], expected: dict[Any, set[Any]]) -> tuple[int, int, int]:
    """Return how many keys are lost, how many are extra, how many have several values or another."""
    differing = sum(len(values) != 1 or values != expected.get(key, values) for key, values in found.items())
    return len(expected.keys() - found.keys()), len(found.keys() - expected.keys()), differing


def _trades(written: Written) -> tuple[dict[Any, set[Any]], int]:
    """Return the trades by (pair, trade id), and how many came again."""
    trades: dict[Any, set[Any]] = defaultdict(set)
    count = 0
    for (topic, _, _), values in written.values.items():
        for frame in map(json.loads, values if topic == "trades" else ()):
            columns = (frame.get(name, ()) for name in TRADE_COLUMNS)
            for trade_id, *row in zip(*columns, strict=True):
                trades[frame["pair"], trade_id].add(tuple(row))
                count += 1
    return trades, count - len(trades)


def _derived(written: Written) -> dict[Key, set[bytes]]:
    """Everything that is a function of the market and not of how it was heard."""
    return {key: values for key, values in written.values.items() if key[0] != "trades"}


def _decided_on(written: Written) -> dict[Key, set[bytes]]:
    """First revisions: the corrections that follow depend on the frames in which late trades came."""
    corrections = ("candles", "technical_indicators")
    return {
        key: values
        for key, values in _derived(written).items()
        if key[0] not in corrections or not json.loads(next(iter(values)))["revision"]
    }


def _candles(values: dict[Key, set[bytes]]) -> Iterable[dict[str, Any]]:
    return (json.loads(value) for key, found in values.items() if key[0] == "candles" for value in found)


def _last_candles(written: Written) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Return the last revision of each window's candle, without its number."""
    last: dict[tuple[str, int, int], dict[str, Any]] = {}
    for candle in sorted(_candles(_derived(written)), key=lambda candle: candle["revision"]):
        last[candle["pair"], candle["interval_s"], candle["window_start_ms"]] = {**candle, "revision": None}
    return last


def _wrong_unmarked(candles: Iterable[dict[str, Any]], truth: TrueTrades) -> int:
    """Count candles that claim to be whole and differ from the market's own record, added up without the product."""
    wrong = 0
    rows: dict[str, list[tuple[int, Decimal, Decimal]]] = defaultdict(list)
    for (pair, _), (timestamp_us, price, quantity, _) in sorted(truth.items()):
        rows[pair].append((timestamp_us, Decimal(price), Decimal(quantity)))
    true: dict[tuple[str, int], dict[int, ReferenceCandle]] = {}
    for candle in candles:
        pair, interval_s = candle["pair"], candle["interval_s"]
        if (pair, interval_s) not in true:
            true[pair, interval_s] = fold(rows[pair], interval_s)
        reference = true[pair, interval_s].get(candle["window_start_ms"])
        wrong += candle["quality"] in ("complete", "empty") and not _equal(candle, reference)
    return wrong


def _equal(candle: dict[str, Any], reference: ReferenceCandle | None) -> bool:
    if reference is None:
        return candle["trade_count"] == 0 and Decimal(candle["volume"]) == 0
    return all(Decimal(candle[name]) == value for name, value in vars(reference).items())
