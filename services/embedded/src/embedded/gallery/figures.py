"""A small chart of a feature, under the price of the same bars."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from contracts.features import Feature
from embedded.report.figures import ACCENT, MUTED, layout

_HEIGHT = 210
#: Units that say in which range a value is.
_RANGES = {"0..100": (0, 100), "-100..0": (-100, 0), "-1..1": (-1, 1), "0..1": (0, 1)}
_FEW = 5


def chart(feature: Feature, values: NDArray[np.float64], closes: NDArray[np.float64]) -> go.Figure:
    """Return the chart of `values`; times and prices, the same on every chart, are put in by the page."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.3, 0.7], vertical_spacing=0.08)
    line = {"mode": "lines", "connectgaps": False}
    figure.add_scatter(**line, name="close", line={"color": MUTED, "width": 1}, row=1, col=1,
                       meta="price", hovertemplate="%{y:,.6~g}")  # fmt: skip
    if _is_a_price(values, closes):
        figure.add_scatter(**line, name="close", line={"color": MUTED, "width": 1}, row=2, col=1,
                           meta="price", opacity=0.5, hoverinfo="skip")  # fmt: skip
    steps = len(np.unique(values[np.isfinite(values)])) <= _FEW
    # Numbers of 32 bits are as exact as a screen is, and take half the page.
    figure.add_scatter(**line, name=feature.name, y=values.astype(np.float32), row=2, col=1,
                       line={"color": ACCENT, "width": 1.3, "shape": "hv" if steps else "linear"},
                       hovertemplate="%{y:.6~g}")  # fmt: skip
    layout(figure, _HEIGHT)
    figure.update_layout(margin={"l": 52, "r": 6, "t": 4, "b": 22}, font={"size": 10})
    figure.update_xaxes(type="date", nticks=4)
    figure.update_yaxes(nticks=2, row=1, col=1)
    figure.update_yaxes(nticks=4, row=2, col=1)
    low, high = _RANGES.get(feature.unit, (None, None))
    if low is not None and high is not None:
        margin = 0.04 * (high - low)
        figure.update_yaxes(range=[low - margin, high + margin], row=2, col=1)
    return figure


def _is_a_price(values: NDArray[np.float64], closes: NDArray[np.float64]) -> bool:
    """Whether a feature is as large as the price, such as an average or a band: then both are drawn together."""
    return bool(abs(np.nanmedian(values) / np.median(closes) - 1) < 0.2)
