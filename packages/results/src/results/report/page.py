"""Put figures and facts on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from contracts.units import MS_PER_MINUTE, MS_PER_SECOND
from results.report import facts, figures
from results.report.data import ReportData
from results.report.drawing_library import packed_library
from results.report.wording import MISSING, count, duration, percent, utc

FILE_NAME = "report.html"
_RANGES_HOURS = {"1 h": 1, "4 h": 4, "1 d": 24, "1 w": 168, "30 d": 720}


def write_report(folder: Path) -> Path:
    """Render the run exported to `folder` and return the page's path.

    The page holds everything it needs, the drawing library included: it opens without a network.

    Returns
    -------
    Path
        In `folder`.

    Raises
    ------
    FileNotFoundError
        If there is no `summary.json`.
    """
    path = folder / FILE_NAME
    path.write_text(render(ReportData.load(folder)), encoding="utf-8")
    return path


def render(data: ReportData) -> str:
    """Return the page."""
    return render_template("page.html.j2", **_content(data))


def render_template(name: str, **content: Any) -> str:
    """Return a page of the folder of templates, with the drawing library and the colours of its figures."""
    environment = Environment(
        loader=PackageLoader("results", "report/templates"),
        autoescape=select_autoescape(default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    theme = {
        name: value
        for name, value in vars(figures).items()
        if name.isupper() and isinstance(value, str) and value.startswith("#")
    }
    return environment.get_template(name).render(theme=theme, library=packed_library(), **content)


def as_script(value: Any) -> Markup:
    """Return `value` as JSON inside of a script: "</script>" in a string would end the script that holds it."""
    return Markup(json.dumps(value).replace("</", "<\\/"))  # noqa: S704


def _content(data: ReportData) -> dict[str, Any]:
    drawn = _drawn(data)
    return {
        "summary": data.summary,
        "title": data.summary.get("title", "run"),
        "subtitle": subtitle(data),
        "notes": data.summary.get("notes", []),
        "tiles": facts.money_tiles(data),
        "trading": facts.trading_rows(data),
        "days": facts.day_rows(data),
        "books": facts.book_rows(data),
        "owners": facts.owner_rows(data),
        "owner_limits": facts.owner_limit_rows(data),
        "owner_days": facts.owner_day_rows(data),
        "ranges": ranges(data),
        "last_ms": 0
        if data.candles.is_empty()
        else int(data.candles["window_start_ms"].max()) + data.candle_s * MS_PER_SECOND,  # type: ignore[arg-type]
        "health": facts.health_facts(data),
        "drawn": drawn,
        "figures_json": as_script(drawn),
        "charted": [(n, pair) for n, pair in enumerate(data.pairs) if f"candles-{n}" in drawn],
        "featured": [(n, pair) for n, pair in enumerate(data.pairs) if f"features-{n}" in drawn],
        "bar_minutes": data.bar_minutes,
        "foreseen": data.foreseen,
        "decisions": facts.decision_rows(data),
        "fills": facts.fill_rows(data),
        "fills_total": count(data.fills.height),
        "positions": facts.position_rows(data),
        "alerts": facts.alert_rows(data),
        "alerts_total": count(data.risk_alerts.height),
        "quality": facts.quality_rows(data),
        "latency": facts.latency_rows(data),
        "processes": facts.process_rows(data),
        "made": made_rows(data),
    }


def ranges(data: ReportData) -> list[list[Any]]:
    """Return the spans of time that one can jump to, as label and milliseconds: those shorter than what is shown."""
    minutes = data.candles["window_start_ms"]
    whole_ms = 0 if minutes.is_empty() else int(minutes.max()) - int(minutes.min())  # type: ignore[arg-type]
    spans = {label: 60 * hours * MS_PER_MINUTE for label, hours in _RANGES_HOURS.items()}
    return [[label, span_ms] for label, span_ms in spans.items() if span_ms < whole_ms]


def last_ms(data: ReportData) -> int:
    """Return when the last candle that is shown ends."""
    starts = data.candles["window_start_ms"]
    return 0 if starts.is_empty() else int(starts.max()) + data.candle_s * MS_PER_SECOND  # type: ignore[arg-type]


def _drawn(data: ReportData) -> dict[str, Any]:
    """Return the figures by the id of their place on the page; those without data are left out."""
    every = {
        "equity": figures.equity(data),
        "calibration": figures.predicted_against_realised(data),
        **{f"candles-{number}": figures.candles(data, pair) for number, pair in enumerate(data.pairs)},
        **{f"features-{number}": figures.features(data, pair) for number, pair in enumerate(data.pairs)},
    }
    return {name: json.loads(figure.to_json()) for name, figure in every.items() if figure is not None}


def subtitle(data: ReportData) -> str:
    """Return what was run, in a line."""
    summary = data.summary
    live_from, live_until = summary.get("live_from_ms"), summary.get("live_until_ms")
    span = f"{utc(live_from)} to {utc(live_until)} UTC" if live_from and live_until else ""
    parts = [summary.get("exchange", ""), ", ".join(summary.get("pairs", [])), span]
    return " · ".join(part for part in parts if part)


def made_rows(data: ReportData) -> list[list[str]]:
    """Return how the run was made, as label and value."""
    summary = data.summary
    model = summary.get("model") or {}
    rows = [["command", summary.get("command", MISSING)]]
    if summary.get("seed") is not None:
        rows.append(["seed", str(summary["seed"])])
    rows.append(["started", summary.get("started_at", MISSING)])
    rows.append(["took", duration(summary.get("wall_seconds"))])
    rows.extend([name, duration(seconds)] for name, seconds in summary.get("phases", {}).items())
    rows.extend(
        [f"model: {name.replace('_', ' ')}", _metric(name, value)] for name, value in model.get("metrics", {}).items()
    )
    rows.extend([name, version] for name, version in summary.get("versions", {}).items())
    return rows


def _metric(name: str, value: Any) -> str:
    if name in ("accuracy", "base_rate"):
        return percent(value)
    if not isinstance(value, float):
        return str(value)
    return count(value) if value.is_integer() else f"{value:.4f}"
