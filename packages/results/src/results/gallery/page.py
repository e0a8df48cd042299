"""Compute every feature on bars, and put the charts on one page, by family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.units import MS_PER_SECOND
from features import FAMILIES, FEATURES, Family, Feature
from features.batch import compute
from features.wording import abbreviated, known_after, sets_of
from results.gallery.bars import Bars
from results.gallery.figures import chart, frame
from results.own_files import is_our_page, require_own
from results.report.page import as_script, render_template
from results.report.wording import duration, percent, utc

#: A day of one-minute bars: more would be a smear on a chart of this size.
SHOWN_BARS = 1_440


@dataclass(frozen=True)
class Card:
    """A feature on the page: its chart, or why there is none."""

    feature: Feature
    formula: str
    sets: str
    figure: dict[str, Any] | None
    note: str


def write_gallery(bars: Bars, path: Path) -> Path:
    """Write the page of `bars` to `path`; it holds all it needs and opens without a network.

    Returns
    -------
    Path
        The page's path.

    Raises
    ------
    BadInputError
        If there is a file that is none of ours.
    """
    require_own("--out", path, is_our_page)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(bars), encoding="utf-8")
    return path


def render(bars: Bars) -> str:
    """Return the page."""
    values = compute(bars.starts_ms, bars.columns, bars.interval_s, [each for each in FEATURES if _has(bars, each)])
    families = [(family, [_card(each, family, bars, values) for each in family.features]) for family in FAMILIES]
    shown = slice(-SHOWN_BARS, None)
    return render_template(
        "gallery.html.j2",
        title=f"{len(FEATURES)} features",
        subtitle=_subtitle(bars),
        notes=bars.notes,
        families=families,
        parts={family.name: _parts(family) for family in FAMILIES},
        figures_json=as_script(
            {card.feature.name: card.figure for _, cards in families for card in cards if card.figure is not None}
        ),
        shared_json=as_script(
            {
                "layout": frame(),
                "time": bars.starts_ms[shown].tolist(),
                "price": bars.columns["close"][shown].tolist(),
            }
        ),
    )


def _has(bars: Bars, feature: Feature) -> bool:
    return feature.columns - {"reference_close"} <= set(bars.columns)


def _card(feature: Feature, family: Family, bars: Bars, values: dict[str, NDArray[np.float64]]) -> Card:
    formula, _ = abbreviated(feature.formula, family.parts)
    shown = values.get(feature.name, np.empty(0))[-SHOWN_BARS:]
    known = shown[np.isfinite(shown)]
    figure, note = None, _why_null(feature, bars)
    if len(known):
        figure = chart(feature, shown, bars.columns["close"][-SHOWN_BARS:])
        share = percent(1 - len(known) / len(shown), 1) if len(known) < len(shown) else "none"
        note = f"null in {share} of {counted(len(shown), 'bar')} · {known.min():,.6g} to {known.max():,.6g}"
    return Card(feature, formula, ", ".join(sets_of(feature)), figure, note)


def _why_null(feature: Feature, bars: Bars) -> str:
    """Return why there may be no value of a feature on any of the bars that are shown."""
    missing = feature.columns - set(bars.columns)
    if missing:
        return f"not in these bars: {', '.join(sorted(missing))}"
    if feature.timeframe_s is not None and feature.timeframe_s % bars.interval_s:
        return f"{duration(feature.timeframe_s)} are not a whole number of these bars"
    return f"known after {known_after(feature)}, without a hole"


def _parts(family: Family) -> dict[str, str]:
    """Return the parts that formulas of the family name, with their formulas."""
    return {
        name: text for each in family.features for name, text in abbreviated(each.formula, family.parts)[1].items()
    }


def _subtitle(bars: Bars) -> str:
    shown = bars.starts_ms[-SHOWN_BARS:]
    end_ms = int(shown[-1]) + bars.interval_s * MS_PER_SECOND
    before = len(bars.starts_ms) - len(shown)
    history = f" after {counted(before, 'other')}" if before else ""
    span = f"{utc(int(shown[0]))} to {utc(end_ms)} UTC"
    return f"{bars.title} · {counted(len(shown), 'bar')} of {duration(bars.interval_s)}{history} · {span}"
