"""A small chart of a feature, under the price of the same bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from features import Feature
from results.report.figures import ACCENT, MUTED, layout

Floats = NDArray[np.float64]

_HEIGHT = 210
#: Units that say in which range a value is.
_RANGES = {"0..100": (0, 100), "-100..0": (-100, 0), "-1..1": (-1, 1), "0..1": (0, 1)}
_FEW = 5
_LINE = {"mode": "lines", "connectgaps": False}
#: The page puts in times and prices, the same on every chart; a trace of prices says so in `meta`.
_PRICE = {**_LINE, "name": "close", "meta": "price"}


def chart(feature: Feature, values: Floats, closes: Floats) -> dict[str, Any]:
    """Return the traces of a feature, and the range of its axis where its unit has one."""
    traces = [go.Scatter(**_PRICE, line={"color": MUTED, "width": 1}, hovertemplate="%{y:,.6~g}")]
    place = {"xaxis": "x2", "yaxis": "y2"}
    if _is_a_price(values, closes):
        faint = {"line": {"color": MUTED, "width": 1}, "opacity": 0.5, "hoverinfo": "skip"}
        traces.append(go.Scatter(**_PRICE, **place, **faint))
    steps = len(np.unique(values[np.isfinite(values)])) <= _FEW
    line = {"color": ACCENT, "width": 1.3, "shape": "hv" if steps else "linear"}
    # Numbers of 32 bits are as exact as a screen is, and take half the page.
    traces.append(
        go.Scatter(
            **_LINE, **place, name=feature.name, y=values.astype(np.float32), line=line, hovertemplate="%{y:.6~g}"
        )
    )
    return {"data": go.Figure(traces).to_dict()["data"], "range": _range(feature)}


def frame() -> dict[str, Any]:
    """Return the layout of every chart: the price above, the feature below."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.3, 0.7], vertical_spacing=0.08)
    layout(figure, _HEIGHT)
    figure.update_layout(margin={"l": 52, "r": 6, "t": 4, "b": 22}, font={"size": 10})
    figure.update_xaxes(type="date", nticks=4)
    figure.update_yaxes(nticks=2, row=1, col=1)
    figure.update_yaxes(nticks=4, row=2, col=1)
    found: dict[str, Any] = figure.to_dict()["layout"]
    return found


def _range(feature: Feature) -> list[float] | None:
    if feature.unit not in _RANGES:
        return None
    low, high = _RANGES[feature.unit]
    margin = 0.04 * (high - low)
    return [low - margin, high + margin]


def _is_a_price(values: Floats, closes: Floats) -> bool:
    """Whether a feature is as large as the price, such as an average or a band: then both are drawn together."""
    return bool(abs(np.nanmedian(values) / np.median(closes) - 1) < 0.2)
