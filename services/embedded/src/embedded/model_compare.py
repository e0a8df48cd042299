"""What `tradestream models compare` shows: challengers beside the version that was served, on the same windows."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from embedded.model_place import ModelsSettings, Place, registry_of, say_what_takes_long
from embedded.terminal.rows import print_json, print_rows
from featurestore.errors import StoreError
from featurestore.tables import quoted_text
from modeling.judging.side_by_side import side_by_side
from modeling.labels import RISE
from modeling.registered import NoModelError

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
_SAID = "model_version", "horizon_bars", "probability_up", "mark_close", "mark_quality"


class _Said(NamedTuple):
    version: int
    horizon_bars: int
    up: float | None
    close: float
    quality: str


#: (exchange, pair) and start of a window -> what was said of it.
_Windows = Mapping[tuple[str, str, int], _Said]


def compare_models(place: Place, console: Console, *, as_json: bool) -> None:
    """Print for each challenger how it did beside the champion, on the windows that both spoke of.

    Raises
    ------
    BadInputError
        If there is no store.
    """
    settings = place.settings()
    say_what_takes_long()
    champions, shadows = (_said(settings, table) for table in ("predictions", "predictions_shadow"))
    versions = sorted({each.version for each in shadows.values()}, reverse=True)
    foresee = {number for number in _numbers(champions, shadows) if versions and _foresees_rise(settings, number)}
    rows = [_compared(version, champions, shadows, settings.interval_s, foresee) for version in versions]
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(console, [_shown(row) for row in rows], _COLUMNS)
    else:
        words = f"no challenger of {settings.model_name} has spoken: tradestream models challenge VERSION"
        console.print(f"{words}{place.words()}", highlight=False, soft_wrap=True)


def _said(settings: ModelsSettings, table: str) -> _Windows:
    store = settings.open_store()
    if store is None:
        raise BadInputError("TRADESTREAM_STORE_URL", "a store, where predictions are kept", "off")
    columns = ", ".join(("exchange", "pair", "window_start_ms", *_SAID))
    of = f"model_name = {quoted_text(settings.model_name)} AND interval_s = {int(settings.interval_s)}"
    try:
        with store:
            # Where two spoke of a window, as before a switch was an event, the later one counts.
            found = store.sql(f"SELECT {columns} FROM {table} WHERE {of} ORDER BY model_version").rows  # noqa: S608
    except StoreError:  # nothing was stored yet, or by a version that had no such table
        return {}
    return {
        (exchange, pair, start_ms): _Said(version, horizon, up, float(close), quality)
        for exchange, pair, start_ms, version, horizon, up, close, quality in found
    }


def _numbers(champions: _Windows, shadows: _Windows) -> set[int]:
    return {each.version for windows in (champions, shadows) for each in windows.values()}


def _foresees_rise(settings: ModelsSettings, version: int) -> bool:
    """Return whether the close at its horizon judges a version; not of one whose card is gone."""
    try:
        return registry_of(settings).load(settings.model_name, version).card.label.name == RISE.name
    except (BadInputError, NoModelError):
        return False


def _compared(
    version: int, champions: _Windows, shadows: _Windows, interval_s: int, foresee: Container[int]
) -> dict[str, Any]:
    """Return the figures of a challenger; `foresee` are the versions that a later close judges."""
    own = {place: said for place, said in shadows.items() if said.version == version}
    both = {place: (champions[place], said) for place, said in own.items() if place in champions}
    spoke = [(served, shadow) for served, shadow in both.values() if served.up is not None and shadow.up is not None]
    horizons = {shadow.horizon_bars for _, shadow in spoke}
    asked = {place: each for place, each in both.items() if all(said.version in foresee for said in each)}
    judged = list(_judged(asked, champions, interval_s))
    found = None
    if judged:
        times, served, shadow, rose = (np.array(each) for each in zip(*judged, strict=True))
        found = side_by_side(times, served, shadow, rose, max(horizons))
    sides = [(served.up > 0.5) == (shadow.up > 0.5) for served, shadow in spoke]  # type: ignore[operator]
    return {
        "challenger": version,
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
    both: Mapping[tuple[str, str, int], tuple[_Said, _Said]], champions: _Windows, interval_s: int
) -> Iterator[tuple[int, float, float, bool]]:
    """Yield of each window that both spoke of, and as far ahead: its time, what they said, whether the close rose."""
    for (exchange, pair, start_ms), (served, shadow) in both.items():
        if served.up is None or shadow.up is None or served.horizon_bars != shadow.horizon_bars:
            continue
        later = champions.get((exchange, pair, start_ms + served.horizon_bars * interval_s * MS_PER_SECOND))
        if later is not None and later.quality != "gap" and later.close != served.close:
            yield start_ms, served.up, shadow.up, later.close > served.close


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
