"""A page of tables and curves, without a line of script: what commands that compare backtests write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import NDArray

from results.own_files import PAGE_MARK

Floats = NDArray[np.float64]
_WIDTH, _HEIGHT = 900, 240
_COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626")
#: A curve needs no more points than a screen has columns.
_POINTS = 1_800
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2937 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid #e5e7eb }
th:first-child, td:first-child { text-align: left }
svg { width: 100%; height: auto; background: #f9fafb } figcaption { color: #6b7280 }
"""


@dataclass(frozen=True)
class Section:
    """A heading with sentences, curves and a table.

    Parameters
    ----------
    heading
        What it is of.
    sentences
        Said under it.
    curves
        By name, drawn over one another; all begin at the left and end at the right.
    rows
        Of a table; the first one's names are its columns.
    """

    heading: str
    sentences: Sequence[str] = ()
    curves: Mapping[str, Floats] = field(default_factory=dict)
    rows: Sequence[Mapping[str, object]] = ()


def page(title: str, sections: Sequence[Section]) -> str:
    """Return a self-contained page.

    Parameters
    ----------
    title
        Its heading.
    sections
        One after the other.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "<td>a &amp; b</td>" in page("t", [Section("s", rows=[{"x": "a & b"}])])
    True
    """
    body = "".join(_section(each) for each in sections)
    head = f'<meta charset="utf-8">{PAGE_MARK}<title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>\n'


def _section(section: Section) -> str:
    sentences = "".join(f"<p>{escape(each)}</p>" for each in section.sentences)
    drawn = _drawing(section.curves) if section.curves else ""
    return f"<h2>{escape(section.heading)}</h2>{sentences}{drawn}{_table(section.rows)}"


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    cells = (("".join(f"<td>{escape(_cell(row.get(name)))}</td>" for name in names)) for row in rows)
    lines = "".join(f"<tr>{each}</tr>" for each in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _drawing(curves: Mapping[str, Floats]) -> str:
    low, high = min(float(each.min()) for each in curves.values()), max(float(each.max()) for each in curves.values())
    lines, names = [], []
    for (name, values), colour in zip(curves.items(), _COLOURS, strict=False):
        points = _points(values, low, high)
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        names.append(f'<span style="color:{colour}">{escape(name)}</span>')
    said = f"{', '.join(names)}; from {low:,.2f} to {high:,.2f}"
    drawn = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(lines)}</svg>'
    return f"<figure>{drawn}<figcaption>{said}</figcaption></figure>"


def _points(values: Floats, low: float, high: float) -> str:
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), _POINTS)).astype(int))
    across = places / max(len(values) - 1, 1) * _WIDTH
    down = _HEIGHT - (values[places] - low) / ((high - low) or 1) * _HEIGHT
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
