"""Numbers and times as people read them; used by the report and by the terminal."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from contracts.currency import shown_decimals
from modeling.labels import LabelName, LabelRule

MISSING = "–"
_MINUS = "−"


class Foreseen(NamedTuple):
    """What a probability is of, in words.

    Attributes
    ----------
    what
        Of which the probability is.
    came
        What those did of which it came true.
    left_out
        What judges nothing.
    """

    what: str
    came: str
    left_out: str


_OF_LABELS: dict[LabelName, Foreseen] = {
    "rise": Foreseen("a rise", "rose", "unchanged prices are left out"),
    "net": Foreseen("a rise beyond costs", "rose beyond costs", "moves that costs would have taken are left out"),
    "triple_barrier": Foreseen("the upper barrier first", "reached it first", "where none was reached is left out"),
}
_OF_SEVERAL = Foreseen("the upper outcome", "went up", "where neither outcome came is left out")


def foreseen(labels: Collection[LabelRule] | None) -> Foreseen:
    """Return the words for what versions foresaw; None are those of a run from before labels were kept."""
    if not labels:
        return _OF_LABELS["rise"]
    return _OF_LABELS[next(iter(labels)).name] if len(set(labels)) == 1 else _OF_SEVERAL


def count(value: float | None) -> str:
    """Return a whole number with thousands apart.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> count(1234567), count(None)
    ('1,234,567', '–')
    """
    return MISSING if value is None else f"{value:,.0f}".replace("-", _MINUS)


def money(value: float | None, sign: bool = False, currency: str = "") -> str:
    """Return an amount with its currency, in as many decimals as that is worth; two where it is not known.

    Parameters
    ----------
    value
        The amount.
    sign
        Show the sign of gains too.
    currency
        What it is in, to be put behind it.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> money(1234.5), money(-3.14159, sign=True), money(0.004, sign=True)
    ('1,234.50', '−3.14', '0.00')
    >>> money(1234.5, currency="EUR"), money(0.00031, sign=True, currency="BTC"), money(-1234.5, currency="JPY")
    ('1,234.50 EUR', '+0.00031000 BTC', '−1,234 JPY')
    """
    if value is None:
        return MISSING
    decimals = shown_decimals(currency)
    rounded = round(value, decimals)
    amount = f"{rounded:{'+' if sign and rounded else ''},.{decimals}f}".replace("-", _MINUS)
    return f"{amount} {currency}".rstrip()


def price(value: float | None) -> str:
    """Return a price with as many decimals as its size deserves.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> price(97412.346), price(1.23456), price(0.00012347)
    ('97,412.35', '1.2346', '0.0001235')
    """
    if value is None:
        return MISSING
    for least, decimals in ((100, 2), (1, 4), (0.01, 6)):
        if abs(value) >= least:
            return f"{value:,.{decimals}f}"
    return f"{value:.4g}"


def quantity(text: str | float | None) -> str:
    """Return a quantity with at most six significant digits.

    Returns
    -------
    str
        A dash for None.
    """
    return MISSING if text is None else f"{float(text):.6g}"


def percent(value: float | None, decimals: int = 2, sign: bool = False) -> str:
    """Return a share as a percentage.

    Parameters
    ----------
    value
        The share; 1 is 100 %.
    decimals
        How many are shown.
    sign
        Show the sign of gains too.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> percent(0.0123, sign=True), percent(-0.5, 1)
    ('+1.23 %', '−50.0 %')
    """
    if value is None:
        return MISSING
    rounded = round(value * 100, decimals)
    return f"{rounded:{'+' if sign and rounded else ''}.{decimals}f} %".replace("-", _MINUS)


def milliseconds(value: float | None) -> str:
    """Return a duration in the unit that fits.

    Examples
    --------
    >>> milliseconds(3.21), milliseconds(12_345)
    ('3.2 ms', '12.3 s')
    """
    if value is None:
        return MISSING
    return f"{value:.1f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"


def duration(seconds: float | None) -> str:
    """Return a span of time in two units at most.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> duration(7.4), duration(125), duration(14_400), duration(190_000), duration(-3_600)
    ('7 s', '2 min 5 s', '4 h', '2 d 4 h', '−1 h')
    """
    if seconds is None:
        return MISSING
    if seconds < 0:
        return _MINUS + duration(-seconds)
    left = round(seconds)
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        whole, left = divmod(left, size)
        if whole:
            parts.append(f"{whole} {unit}")
    return " ".join(parts[:2]) or "0 s"


def utc(time_ms: float | None, layout: str = "%Y-%m-%d %H:%M") -> str:
    """Return an event time, UTC.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> utc(1_772_582_400_000)
    '2026-03-04 00:00'
    """
    return MISSING if time_ms is None else datetime.fromtimestamp(time_ms / 1_000, UTC).strftime(layout)


def model_named(name: str, version: int, *, proven: bool = True, **_: object) -> str:
    """Return what a model is called wherever it is shown: its name, its number, and ``unproven`` if it is that.

    Parameters
    ----------
    name, version
        The registered name and the version's number.
    proven
        Whether it passed the gate; taken for granted where nobody said.

    Returns
    -------
    str
        In a few words.

    Examples
    --------
    >>> model_named("direction", 1, proven=False, kind="trees")
    'direction v1, unproven'
    """
    return f"{name} v{version}" + ("" if proven else ", unproven")
