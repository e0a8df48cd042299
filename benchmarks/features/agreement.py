"""Peers' values against ours: equal, or different by a convention that is named here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.features.peers import CYTHON, FULL_ARRAYS, RUST, SLICES, TALIPP, WRAPPED
from benchmarks.table import Table
from features import CONVERGENCE, FEATURES
from features.blocks import Floats

_BANDS = ("upper", "middle", "lower")
_BOLLINGER, _KELTNER, _DONCHIAN = (
    tuple(f"{kind}_{n}_20" for n in _BANDS) for kind in ("bollinger", "keltner", "donchian")
)
_TYPICAL = "around the typical price, ours around closes"
_NOT_AS_CYTHON = "unlike the Cython class of this name, which agrees with us"
_ON_FLOATS: Mapping[tuple[str, ...], str] = {
    ("adx_14", "plus_di_14", "minus_di_14"): "ties by the noise of floats, ours in whole ticks"
}
_ON_SLICES: Mapping[tuple[str, ...], str] = {
    _KELTNER: _TYPICAL,
    **_ON_FLOATS,
    ("ema_60",): "its seed, a mean inside the slice, has decayed just so far",
    ("ema_200",): "its seed, a mean inside the slice, has not decayed",
}

#: Peer -> features -> why they are something else there.
_DIFFERENT: Mapping[str, Mapping[tuple[str, ...], str]] = {
    FULL_ARRAYS: {_KELTNER: _TYPICAL, **_ON_FLOATS},
    TALIPP: _ON_FLOATS,
    SLICES: _ON_SLICES,
    WRAPPED: _ON_SLICES,
    CYTHON: {_BOLLINGER: _TYPICAL},
    RUST: {
        _BOLLINGER: _TYPICAL,
        ("rsi_7", "rsi_14", "rsi_21"): _NOT_AS_CYTHON,
        ("atr_14",): _NOT_AS_CYTHON,
        ("return_1", "return_5", "return_15", "return_60", "roc_10"): f"{_NOT_AS_CYTHON}: since the first bar",
        _DONCHIAN: f"{_NOT_AS_CYTHON}: its bars never leave the window",
    },
}
_UNITS = {feature.name: feature.unit for feature in FEATURES}


class Row(NamedTuple):
    """How far values of a peer are from ours, in parts of their scale."""

    peer: str
    what: str
    values: int
    greatest: float
    reason: str = ""


def compare(peer: str, found: Mapping[str, Floats], ours: Mapping[str, Floats], price: float) -> list[Row]:
    """Compare `found` with `ours`, of the same bars: all that should be equal in a row, then each known difference.

    Parameters
    ----------
    price
        The scale of ``quote`` features.

    Raises
    ------
    AssertionError
        If a feature that is not named as different is further away than `CONVERGENCE`.
    """
    away = {name: _away(values, ours[name], _UNITS[name], price) for name, values in found.items()}
    different = {name for names in _DIFFERENT.get(peer, {}) for name in names}
    wrong = {name: error for name, error in away.items() if not error <= CONVERGENCE and name not in different}
    assert not wrong, f"{peer}: expected our values, was away by (parts of the scale) {wrong}"

    def row(names: Sequence[str], what: str, reason: str = "") -> Row:
        return Row(peer, what, sum(len(found[name]) for name in names), max(away[name] for name in names), reason)

    equal = [name for name in found if name not in different]
    return [
        row(equal, f"{len(equal)} features"),
        *(row(names, ", ".join(names), reason) for names, reason in _DIFFERENT.get(peer, {}).items()),
    ]


def table(rows: Sequence[Row]) -> Table:
    """Return what was compared as a table."""
    texts = [(row.peer, row.what, f"{row.values:,}", f"{row.greatest:.1e}", row.reason or "equal") for row in rows]
    title = f"Peers' values against ours, away by parts of the scale (equal: at most {CONVERGENCE:g})"
    return Table(title, ("", "", "values", "furthest", ""), texts)


def _away(found: Floats, ours: Floats, unit: str, price: float) -> float:
    """Return the greatest distance; infinite where only one of both knows a value."""
    known = ~np.isnan(ours)
    if not np.array_equal(known, ~np.isnan(found)):
        return float("inf")
    scale = (
        price if unit == "quote" else 100.0 if "100" in unit else float(np.max(np.abs(ours[known]), initial=1e-300))
    )
    return float(np.max(np.abs(found[known] - ours[known]), initial=0.0)) / scale
