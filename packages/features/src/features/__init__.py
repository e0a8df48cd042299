"""The only list of features.

The columns of the feature row and of the SQL tables, the models' signature, the tests and the tables in the
documentation are made from it or checked against it. To add one, add it to a file of `features.catalogue`,
or a file with a tuple `FEATURES` to that folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from features.families import FAMILIES, Family
from features.feature import Feature
from features.functions import CONVERGENCE

__all__ = [
    "ANCHOR_BARS",
    "CONVERGENCE",
    "FAMILIES",
    "FEATURES",
    "FEATURE_NAMES",
    "HELD_BARS",
    "SETS",
    "WARM_UP_BARS",
    "Family",
    "Feature",
    "bars_until_warm",
    "definitions",
    "feature_set",
    "feature_set_id",
]

#: Recursive functions are re-opened every so many bars, at multiples of this in event time
#: (1,440 one-minute bars: midnight UTC).
ANCHOR_BARS = 1_440

#: Raised when the same formula comes to give other bits, so that rows of before are told apart.
_ARITHMETIC = 3


def _collect() -> tuple[Feature, ...]:
    found: dict[str, Feature] = {}
    for family in FAMILIES:
        for feature in family.features:
            if feature.name in found:
                raise ValueError(f"{family.name}: expected a name that is not taken, was {feature.name!r}")
            found[feature.name] = feature
    return tuple(found.values())


FEATURES: tuple[Feature, ...] = _collect()
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)

#: What `core` has: RSI, averages, MACD, Bollinger bands, ATR and volume, enough for the models that come along.
_CORE = (
    "rsi_14",
    *(f"{kind}_{n}" for kind in ("sma", "ema") for n in (7, 14, 21, 60)),
    "macd_7",
    "macd_signal_7",
    "macd_hist_7",
    "bollinger_upper_20",
    "bollinger_middle_20",
    "bollinger_lower_20",
    "atr_14",
    "obv",
)


def _named(names: tuple[str, ...]) -> tuple[Feature, ...]:
    by_name = {feature.name: feature for feature in FEATURES}
    return tuple(by_name[name] for name in names)


#: Which features a row can have: a service computes one of these sets, a model takes one.
SETS: Mapping[str, tuple[Feature, ...]] = {"core": _named(_CORE), "full": FEATURES}

#: Bars before an anchor that bring back whatever a feature looks back to.
WARM_UP_BARS = max(feature.bars() for feature in FEATURES)
#: Of how many bars ago a value of a recursive function is still used.
HELD_BARS = max(feature.reach.held for feature in FEATURES)


def feature_set(name: str) -> tuple[Feature, ...]:
    """Return the features of a set.

    Returns
    -------
    tuple[Feature, ...]
        In the order of the list.

    Raises
    ------
    ValueError
        If there is no such set.
    """
    if name not in SETS:
        raise ValueError(f"feature_set: expected one of {', '.join(SETS)}, was {name!r}")
    return SETS[name]


def bars_until_warm(name: str, interval_s: int) -> int:
    """Return after how many bars without a hole all features of a set are warm, wherever the anchors lie.

    Parameters
    ----------
    name
        Of the set.
    interval_s
        Length of a bar, seconds.

    Returns
    -------
    int
        The most that can be needed; beginning right before an anchor takes fewer.

    Raises
    ------
    ValueError
        If there is no such set.
    """
    return ANCHOR_BARS + max(feature.bars(interval_s) for feature in feature_set(name))


def feature_set_id(name: str = "core") -> str:
    """Return ``name:hash`` of a set's definitions: it travels with rows and models, so a mismatch is noticed.

    The ids of the sets that are part of it follow, so that rows of a greater set still serve a smaller one after
    something else was added to theirs.

    Returns
    -------
    str
        Such as ``core:1a2b3c``; greater sets have ``+`` and the ids of their parts behind it.

    Examples
    --------
    >>> feature_set_id("full").partition("+")[2] == feature_set_id("core")
    True
    """
    features = set(feature_set(name))
    parts = [other for other, members in SETS.items() if other != name and set(members) < features]
    return "+".join([f"{each}:{_digest(SETS[each])}" for each in (name, *parts)])


def definitions(names: Sequence[str]) -> list[object]:
    """Return, as JSON, all that decides the values of these features: what is bound to them hashes it.

    Parameters
    ----------
    names
        Of features of the catalogue.

    Returns
    -------
    list[object]
        Equal as long as equal bars give equal values.
    """
    by_name = {feature.name: feature for feature in FEATURES}
    return _facts([by_name[name] for name in names])


def _facts(features: Sequence[Feature]) -> list[object]:
    facts = [[each.name, str(each.formula), each.timeframe_s, each.bars()] for each in features]
    return [_ARITHMETIC, ANCHOR_BARS, facts]


def _digest(features: Sequence[Feature]) -> str:
    return hashlib.sha256(json.dumps(_facts(features)).encode()).hexdigest()[:12]
