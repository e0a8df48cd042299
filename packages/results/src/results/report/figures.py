"""The report's figures. Colours are names here; the page gives them their value for light and for dark."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from results.evaluation import calibration
from results.report.data import ReportData

# The page replaces these by the colours of its theme, so a figure is right in light and in dark.
INK, MUTED, GRID = "#010101", "#020202", "#030303"
ACCENT, ACCENT_2, UP, DOWN, SHADE = "#040404", "#050505", "#060606", "#070707", "#080808"
_MAX_EQUITY_POINTS = 3_000


def layout(figure: go.Figure, height: int, legend: bool = False) -> go.Figure:
    """Give `figure` the look of the report, `height` pixels high, and return it."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 64, "r": 16, "t": 12, "b": 34},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 12, "color": MUTED},
        hovermode="x unified",
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": MUTED}},
        dragmode="zoom",
    )
    axis = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "ticks": "", "automargin": True}
    figure.update_xaxes(**axis, showgrid=False, rangeslider_visible=False)
    figure.update_yaxes(**axis, nticks=6, exponentformat="none", separatethousands=True)
    return figure


def over_time(figure: go.Figure) -> go.Figure:
    """Let `figure` follow the others of the page when one of them shows another span of time, and return it."""
    figure.update_layout(meta={"over_time": True})
    return figure


def _times(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame.select(pl.from_epoch(pl.col(column), time_unit="ms")).to_series()


def equity(data: ReportData) -> go.Figure | None:
    """Equity of each account above, its drawdown below."""
    if data.pnl.is_empty():
        return None
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06)
    for number, (account, books) in enumerate(_by(data.pnl, "account")):
        step = max(1, books.height // _MAX_EQUITY_POINTS)
        books = books.sort("time_ms").with_columns(drawdown_pct=-100 * pl.col("drawdown_quote") / _peak())
        books = books.gather_every(step)
        time, colour = _times(books, "time_ms"), (ACCENT, ACCENT_2)[number % 2]
        line = {"color": colour, "width": 1.8}
        figure.add_scatter(
            x=time, y=books["equity"], name=account, line=line, row=1, col=1, hovertemplate="%{y:,.2f}"
        )
        figure.add_scatter(
            x=time,
            y=books["drawdown_pct"],
            name=f"{account} drawdown",
            row=2,
            col=1,
            showlegend=False,
            line={"color": DOWN, "width": 1},
            fill="tozeroy",
            fillcolor=SHADE,
            hovertemplate="%{y:.2f} %",
        )
    pnl = data.summary.get("pnl", {})
    start = pnl.get("initial_balance_quote")
    if start is not None:
        figure.add_hline(y=float(start), line={"color": MUTED, "width": 1, "dash": "dot"}, row=1, col=1)
    unit = ", ".join(["equity", *pnl.get("currencies", {})])
    figure.update_yaxes(title_text=unit, tickformat=",.0f", row=1, col=1)
    figure.update_yaxes(title_text="drawdown", ticksuffix=" %", nticks=4, row=2, col=1)
    return over_time(layout(figure, 400, legend=data.pnl["account"].n_unique() > 1))


def _peak() -> pl.Expr:
    return pl.col("equity") + pl.col("drawdown_quote")


def _by(frame: pl.DataFrame, column: str) -> list[tuple[str, pl.DataFrame]]:
    return [(str(name), frame.filter(pl.col(column) == name)) for name in sorted(frame[column].unique().to_list())]


def candles(data: ReportData, pair: str) -> go.Figure | None:
    """Candles of one pair with its fills on them."""
    bars = data.bars(pair)
    if bars.is_empty():
        return None
    figure = go.Figure()
    figure.add_candlestick(
        x=bars["time"],
        open=bars["open"],
        high=bars["high"],
        low=bars["low"],
        close=bars["close"],
        name=pair,
        increasing={"line": {"color": UP, "width": 1}, "fillcolor": UP},
        decreasing={"line": {"color": DOWN, "width": 1}, "fillcolor": DOWN},
        showlegend=False,
    )
    for side, symbol, colour in (("buy", "triangle-up", ACCENT), ("sell", "triangle-down", ACCENT_2)):
        fills = data.fills.filter(pl.col("pair") == pair, pl.col("side") == side)
        if fills.is_empty():
            continue
        text = [f"{side} {q:.6g} at {p:,.2f}" for q, p in fills.select("quantity", "price").iter_rows()]
        marker = {"symbol": symbol, "size": 11, "color": colour, "line": {"width": 1.2, "color": INK}}
        figure.add_scatter(
            x=_times(fills, "filled_at_ms"),
            y=fills["price"],
            mode="markers",
            name=side,
            text=text,
            marker=marker,
            hovertemplate="%{text}<extra></extra>",
        )
    live_from = data.summary.get("live_from_ms")
    if live_from and live_from > data.shown_from_ms and not data.predictions.is_empty():
        figure.add_vline(x=live_from, line={"color": MUTED, "width": 1, "dash": "dot"})
    return over_time(layout(figure, 340, legend=True))


def features(data: ReportData, pair: str) -> go.Figure | None:
    """Price in its Bollinger bands, RSI and MACD of one pair."""
    rows = data.feature_points(pair)
    if rows.is_empty():
        return None
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, row_heights=[0.5, 0.22, 0.28], vertical_spacing=0.05)
    time = rows["time"]
    band = {"color": MUTED, "width": 1}
    line = {"mode": "lines", "x": time}
    figure.add_scatter(**line, y=rows["bollinger_upper_20"], line=band, name="upper band", row=1, col=1)
    figure.add_scatter(
        **line,
        y=rows["bollinger_lower_20"],
        line=band,
        name="lower band",
        row=1,
        col=1,
        fill="tonexty",
        fillcolor=SHADE,
    )
    figure.add_scatter(**line, y=rows["close"], line={"color": INK, "width": 1.3}, name="close", row=1, col=1)
    figure.add_scatter(**line, y=rows["rsi_14"], line={"color": ACCENT, "width": 1.3}, name="RSI 14", row=2, col=1)
    for level in (30, 70):
        figure.add_hline(y=level, line={"color": MUTED, "width": 1, "dash": "dot"}, row=2, col=1)
    up = (rows["macd_hist_7"].fill_null(0) >= 0).to_list()
    figure.add_bar(
        x=time,
        y=rows["macd_hist_7"],
        name="histogram",
        row=3,
        col=1,
        marker={"color": [UP if rising else DOWN for rising in up], "line": {"width": 0}},
    )
    figure.add_scatter(**line, y=rows["macd_7"], line={"color": ACCENT, "width": 1.2}, name="MACD", row=3, col=1)
    figure.add_scatter(
        **line, y=rows["macd_signal_7"], line={"color": ACCENT_2, "width": 1.2}, name="signal", row=3, col=1
    )
    for row, title in ((1, "price"), (2, "RSI"), (3, "MACD")):
        figure.update_yaxes(title_text=title, row=row, col=1)
    layout(figure, 480)
    figure.update_yaxes(range=[0, 100], tickvals=[30, 70], row=2, col=1)
    return over_time(figure)


def predicted_against_realised(data: ReportData) -> go.Figure | None:
    """How often what was foreseen came, per bin of the predicted probability; the diagonal is perfect calibration."""
    bins = calibration(data.judged, bins=20)
    if bins.is_empty():
        return None
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.05)
    largest = int(bins["count"].max())  # type: ignore[arg-type]
    sizes = [8 + 20 * (n / largest) ** 0.5 for n in bins["count"]]
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": MUTED, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=bins["predicted"],
        y=bins["realised"],
        mode="markers+lines",
        customdata=bins["count"],
        row=1,
        col=1,
        marker={"color": ACCENT, "size": sizes, "opacity": 0.9, "line": {"width": 0}},
        line={"color": ACCENT, "width": 1},
        hovertemplate=f"predicted %{{x:.1%}}, {data.foreseen.came} %{{y:.1%}} of %{{customdata:,}}<extra></extra>",
    )
    figure.add_bar(
        x=(bins["low"] + bins["high"]) / 2,
        y=bins["count"],
        width=0.045,
        marker={"color": MUTED},
        hovertemplate="%{y:,} predictions<extra></extra>",
        row=2,
        col=1,
    )
    layout(figure, 420)
    figure.update_layout(hovermode="closest")
    spread = _span(bins)
    figure.update_xaxes(range=spread, tickformat=".0%")
    figure.update_xaxes(title_text=f"predicted probability of {data.foreseen.what}", row=2, col=1)
    figure.update_yaxes(tickformat=".0%", title_text=data.foreseen.came, range=[0, 1], row=1, col=1)
    figure.update_yaxes(title_text="count", nticks=3, row=2, col=1)
    return figure


def _span(bins: pl.DataFrame) -> list[float]:
    """The part of 0..1 that has predictions, so that a timid model does not shrink to a dot."""
    reach = max(0.5 - float(bins["low"].min()), float(bins["high"].max()) - 0.5, 0.15)  # type: ignore[arg-type]
    return [max(0.0, 0.48 - reach), min(1.0, 0.52 + reach)]
