"""What `tradestream models compare` shows: challengers beside the version that was served, on the same windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from embedded.model_place import ModelsSettings, Place, label_of, registry_of, say_what_takes_long
from embedded.terminal.rows import print_json, print_rows
from featurestore import Store
from featurestore.errors import StoreError
from featurestore.tables import quoted_text
from modeling.judging.side_by_side import side_by_side
from modeling.labels import LabelRule
from modeling.triple_barrier import PairBars

_COLUMNS = {
    "challenger": "Challenger",
    "champions": "Champion",
    "windows": "Windows",
    "apart": "Apart",
    "judged": "Judged",
    "challenger_log_loss": "Log loss",
    "champion_log_loss": "champion's",
    "gain": "Gain",
    "challenger_hit_rate": "Right",
    "champion_hit_rate": "champion's",
    "agreement": "Agree",
}
_SAID = "model_version", "horizon_bars", "probability_up"


class _Said(NamedTuple):
    version: int
    horizon_bars: int
    up: float | None


#: Exchange, pair and start of a window.
_Place = tuple[str, str, int]
#: What was said of each.
_Windows = Mapping[_Place, _Said]


class _Market:
    """What came, by label and horizon; each is looked for once."""

    def __init__(self, bars: Mapping[tuple[str, str], PairBars]) -> None:
        self._bars = bars
        self._found: dict[tuple[LabelRule, int], dict[_Place, bool]] = {}

    def outcomes(self, label: LabelRule, horizon_bars: int) -> Mapping[_Place, bool]:
        """Return whether the upper of the two things came, of windows where one of them did."""
        asked = label, horizon_bars
        if asked not in self._found:
            self._found[asked] = {
                (*of, start_ms): up
                for of, bars in self._bars.items()
                for start_ms, up in label.outcomes(bars, horizon_bars).items()
            }
        return self._found[asked]


def compare_models(place: Place, console: Console, *, as_json: bool) -> None:
    """Print for each challenger how it did beside the champion, on the windows that both spoke of.

    Raises
    ------
    BadInputError
        If there is no registry, or no store.
    """
    settings = place.settings()
    say_what_takes_long()
    registry_of(settings)
    champions, shadows = (_said(settings, table) for table in ("predictions", "predictions_shadow"))
    versions = sorted({each.version for each in shadows.values()}, reverse=True)
    labels = {number: label_of(settings, number) for number in _numbers(champions, shadows) if versions}
    market = _Market(_bars(settings) if versions else {})
    rows = [_compared(version, champions, shadows, labels, market) for version in versions]
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(console, [_shown(row) for row in rows], _COLUMNS)
    else:
        words = f"no challenger of {settings.model_name} has spoken: tradestream models challenge VERSION"
        console.print(f"{words}{place.words()}", highlight=False, soft_wrap=True)


def _said(settings: ModelsSettings, table: str) -> _Windows:
    columns = ", ".join(("exchange", "pair", "window_start_ms", *_SAID))
    of = f"model_name = {quoted_text(settings.model_name)} AND interval_s = {int(settings.interval_s)}"
    try:
        with _store(settings) as store:
            # Where two spoke of a window, as before a switch was an event, the later one counts.
            found = store.sql(f"SELECT {columns} FROM {table} WHERE {of} ORDER BY model_version").rows  # noqa: S608
    except StoreError:  # nothing was stored yet, or by a version that had no such table
        return {}
    return {
        (exchange, pair, start_ms): _Said(version, horizon, up)
        for exchange, pair, start_ms, version, horizon, up in found
    }


def _bars(settings: ModelsSettings) -> dict[tuple[str, str], PairBars]:
    """Return the candles of each pair as its feature rows were served with them."""
    query = (
        "SELECT exchange, pair, window_start_ms, quality, high, low, close FROM technical_indicators_history "  # noqa: S608
        f"WHERE revision = 0 AND interval_s = {int(settings.interval_s)} ORDER BY exchange, pair, window_start_ms"
    )
    with _store(settings) as store:
        rows = store.sql(query).rows
    found = {}
    for of, each in groupby(rows, key=itemgetter(0, 1)):
        *_, times_ms, qualities, highs, lows, closes = zip(*each, strict=True)
        prices = np.array([highs, lows, closes], dtype=np.float64)
        prices[:, np.array(qualities) == "gap"] = np.nan
        interval_ms = settings.interval_s * MS_PER_SECOND
        found[of] = PairBars(np.array(times_ms, dtype=np.int64), prices[0], prices[1], prices[2], interval_ms)
    return found


def _store(settings: ModelsSettings) -> Store:
    store = settings.open_store()
    if store is None:
        raise BadInputError("TRADESTREAM_STORE_URL", "a store, where predictions are kept", "off")
    return store


def _numbers(champions: _Windows, shadows: _Windows) -> set[int]:
    return {each.version for windows in (champions, shadows) for each in windows.values()}


def _compared(
    version: int, champions: _Windows, shadows: _Windows, labels: Mapping[int, LabelRule | None], market: _Market
) -> dict[str, Any]:
    """Return the figures of a challenger; `labels` are what versions foresee."""
    own = {place: said for place, said in shadows.items() if said.version == version}
    both = {place: (champions[place], said) for place, said in own.items() if place in champions}
    spoke = [(served, shadow) for served, shadow in both.values() if served.up is not None and shadow.up is not None]
    horizons = {shadow.horizon_bars for _, shadow in spoke}
    judged = list(_judged(both, labels, market))
    found = None
    if judged:
        times, served, shadow, rose = (np.array(each) for each in zip(*judged, strict=True))
        found = side_by_side(times, served, shadow, rose, max(horizons))
    sides = [(served.up > 0.5) == (shadow.up > 0.5) for served, shadow in spoke]  # type: ignore[operator]
    return {
        "challenger": version,
        "label": None if (label := labels[version]) is None else label.name,
        "champions": sorted({served.version for served, _ in both.values()}),
        "windows": len(both),
        "apart": len(own) - len(both) + _unshadowed(own, champions, shadows),
        "judged": len(judged),
        "agreement": round(sum(sides) / len(sides), 6) if sides else None,
        **({} if found is None else {name: _rounded(value) for name, value in asdict(found).items()}),
    }


def _unshadowed(own: _Windows, champions: _Windows, shadows: _Windows) -> int:
    """Return how many windows were predicted and not in shadow, between a challenger's first and last of a pair."""
    starts: dict[tuple[str, str], list[int]] = {}
    for exchange, pair, start_ms in own:
        starts.setdefault((exchange, pair), []).append(start_ms)
    spans = {of: (min(each), max(each)) for of, each in starts.items()}
    within = (
        place for place in champions if place[:2] in spans and spans[place[:2]][0] <= place[2] <= spans[place[:2]][1]
    )
    return sum(place not in shadows for place in within)


def _judged(
    both: Mapping[_Place, tuple[_Said, _Said]], labels: Mapping[int, LabelRule | None], market: _Market
) -> Iterator[tuple[int, float, float, bool]]:
    """Yield of each window of which both foresaw the same: its time, what they said, whether it came."""
    for place, (served, shadow) in both.items():
        if served.up is None or shadow.up is None or served.horizon_bars != shadow.horizon_bars:
            continue
        label = labels[served.version]
        if label is None or label != labels[shadow.version]:
            continue
        came = market.outcomes(label, served.horizon_bars).get(place)
        if came is not None:
            yield place[2], served.up, shadow.up, came


def _rounded(value: float | None) -> float | None:
    return value if value is None or isinstance(value, int) else round(value, 6)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: row.get(name) for name in _COLUMNS}
    for name in ("challenger_log_loss", "champion_log_loss"):
        shown[name] = None if shown[name] is None else f"{shown[name]:.5f}"
    for name in ("challenger_hit_rate", "champion_hit_rate", "agreement"):
        shown[name] = None if shown[name] is None else f"{100 * shown[name]:.1f} %"
    if shown["gain"] is not None:
        error = "" if row["error"] is None else f" +-{row['error']:.5f}"
        shown["gain"] = f"{shown['gain']:+.5f}{error}"
    return shown
