"""What dashboards are made of: queries and panels; the choices are in choices.py, the whole in board.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus_datasource}"}
POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "${postgres_datasource}"}
LOKI = {"type": "loki", "uid": "${loki_datasource}"}
#: Kinds of panels that show numbers, which mean nothing without a unit.
MEASURING = ("timeseries", "stat", "gauge", "barchart", "candlestick", "table")
#: As the schema of the package @grafana/schema that the dashboards are checked against has it.
SCHEMA_VERSION = 42
COLUMNS = 24

#: What words in tables and figures are coloured with: a value, or a pattern between slashes.
SIDES = {"buy": ("buy", "green"), "sell": ("sell", "red"), "none": ("none", "text")}
QUALITIES = {
    "complete": ("complete", "green"),
    "empty": ("empty", "blue"),
    "unverified": ("unverified", "orange"),
    "gap": ("gap", "red"),
}
SEVERITIES = {"INFO": ("info", "blue"), "WARNING": ("warning", "orange"), "CRITICAL": ("critical", "red")}
TRADING_STATES = {
    "ACTIVE": ("active", "green"),
    "/^OPERATOR_(.*)/": ("operator: $1", "orange"),
    "/^(?!ACTIVE$|OPERATOR_)(.*)/": ("stopped: $1", "red"),
}
NO_YES = {"0": ("no", "red"), "1": ("yes", "green")}


def prom(expression: str, legend: str = "{{app}}", *, now: bool = False, every: str = "") -> Json:
    """Return a query to Prometheus.

    Parameters
    ----------
    now
        Ask of one moment, for tables and figures.
    every
        How often its metrics are scraped, where that is less often than ours.
    """
    query = {"datasource": PROMETHEUS, "expr": " ".join(expression.split()), "legendFormat": legend}
    query |= {"interval": every} if every else {}
    return query | ({"instant": True, "range": False, "format": "table"} if now else {"range": True})


def sql(query: str, *, series: bool = False) -> Json:
    """Return a query to the feature store: RisingWave, or PostgreSQL on a laptop.

    Parameters
    ----------
    series
        Its columns are `time`, numbers, and at most one text that tells the lines apart.
    """
    shape = "time_series" if series else "table"
    return {"datasource": POSTGRES, "rawSql": " ".join(query.split()), "format": shape, "rawQuery": True}


def loki(query: str) -> Json:
    """Return a query to Loki."""
    return {"datasource": LOKI, "expr": query, "queryType": "range", "maxLines": 500}


def panel(
    title: str,
    kind: str,
    queries: Json | Sequence[Json],
    *,
    says: str,
    width: int = 12,
    height: int = 8,
    unit: str = "",
    limits: Sequence[float] = (),
    words: dict[str, tuple[str, str]] | None = None,
    columns: Sequence[Json] = (),
    links: Sequence[Json] = (),
    repeat: str = "",
    options: Json | None = None,
    custom: Json | None = None,
    **defaults: Any,
) -> Json:
    """Return a panel without a place.

    Parameters
    ----------
    kind
        Grafana's name of the kind: `timeseries`, `table`, `stat`, ...
    says
        What it shows, and what a reader may not know.
    width, height
        In Grafana's grid, which is 24 wide.
    unit
        Grafana's name of the unit.
    limits
        Values at which it becomes orange and red; lines over time have them drawn.
    words
        What a value means, with a colour: `{"0": ("no", "red")}`.
    columns
        What `column` says of single fields.
    links
        Where a click on a value leads.
    repeat
        A choice, of which each value has a panel of its own.
    custom, defaults
        Of the kind's field options, and of all kinds' (`min`, `max`, `decimals`, ...).

    Raises
    ------
    ValueError
        If it measures, and has no unit, or says nothing.
    """
    if kind in MEASURING and not unit:
        raise ValueError(f"panel '{title}': expected a unit, such as s, bytes, percentunit, short; was none")
    if not says:
        raise ValueError(f"panel '{title}': expected what it shows, in words; was nothing")
    targets = [queries] if isinstance(queries, dict) else list(queries)
    fields = {"custom": custom or {}, **defaults, **_looks(kind, unit, limits, words, links, custom or {})}
    made: Json = {
        "title": title,
        "description": says,
        "type": kind,
        "datasource": targets[0]["datasource"],
        "targets": [{"refId": chr(ord("A") + place), **target} for place, target in enumerate(targets)],
        "fieldConfig": {"defaults": fields, "overrides": list(columns)},
        "options": options or {},
        "gridPos": {"x": 0, "y": 0, "w": width, "h": height},
    }
    return made | ({"repeat": repeat, "repeatDirection": "h", "maxPerRow": COLUMNS // width} if repeat else {})


def _looks(
    kind: str,
    unit: str,
    limits: Sequence[float],
    words: dict[str, tuple[str, str]] | None,
    links: Sequence[Json],
    custom: Json,
) -> Json:
    looks: Json = {"unit": unit} if unit else {}
    if limits:
        looks["thresholds"] = thresholds(*limits)
        if kind == "timeseries":
            looks["custom"] = {**custom, "thresholdsStyle": {"mode": "line"}}
    if words:
        looks["mappings"] = mappings(words)
    if links:
        looks["links"] = list(links)
    return looks


def row(title: str, repeat: str = "") -> Json:
    """Return a heading over the panels that follow it, repeated with them for each value of a choice."""
    made: Json = {"title": title, "type": "row", "collapsed": False, "panels": []}
    made["gridPos"] = {"x": 0, "y": 0, "w": COLUMNS, "h": 1}
    return made | ({"repeat": repeat} if repeat else {})


def thresholds(*limits: float) -> Json:
    """Return green below the first limit, then orange, then red; of one limit, red."""
    colours = ("red",) if len(limits) == 1 else ("orange", "red")
    steps = [{"value": limit, "color": colour} for limit, colour in zip(limits, colours, strict=True)]
    return {"mode": "absolute", "steps": [{"value": None, "color": "green"}, *steps]}


def mappings(words: dict[str, tuple[str, str]]) -> list[Json]:
    """Return what values are shown as; one between slashes is a pattern."""
    made: list[Json] = []
    for place, (value, (text, colour)) in enumerate(words.items()):
        shown = {"text": text, "color": colour, "index": place}
        if value.startswith("/"):
            made.append({"type": "regex", "options": {"pattern": value, "result": shown}})
        else:
            made.append({"type": "value", "options": {value: shown}})
    return made


def column(
    name: str, *, links: Sequence[Json] = (), words: dict[str, tuple[str, str]] | None = None, **of: Any
) -> Json:
    """Return what one field is shown as.

    Parameters
    ----------
    name
        Of the field; a pattern between slashes is of all it fits.
    links
        Where a click leads.
    words
        What a value means, with a colour.
    of
        Grafana's properties: `unit`, `decimals`, `displayName`, ...; those of the kind of panel as `custom__width`.
    """
    properties = [{"id": key.replace("__", "."), "value": value} for key, value in of.items()]
    if links:
        properties.append({"id": "links", "value": list(links)})
    if words:
        properties.append({"id": "mappings", "value": mappings(words)})
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    by = "byRegexp" if name.startswith("/") else "byName"
    return {"matcher": {"id": by, "options": name}, "properties": properties}


def hidden(name: str) -> Json:
    """Return that a column is there for links, and not shown."""
    return column(name, custom__hideFrom={"viz": True, "legend": True, "tooltip": True})


#: What the names of columns say of their units.
_BY_NAME = (
    column("/_quote$/", unit="none", decimals=2),
    column("/_pct$/", unit="percent", decimals=1),
    column("/_(rate|share|ratio)$|^(accuracy|mean_confidence)$/", unit="percentunit", decimals=1),
    column("/^(price|reference_price|average_price|close)$/", unit="none"),
)


def lines(title: str, queries: Json | Sequence[Json], **more: Any) -> Json:
    """Return a panel of lines over time."""
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel(title, "timeseries", queries, options=options, **more)


def table(title: str, queries: Json | Sequence[Json], *, columns: Sequence[Json] = (), **more: Any) -> Json:
    """Return a table; `_quote`, `_pct` and the like at the end of a column's name are its unit."""
    return panel(title, "table", queries, **{"unit": "none", "columns": [*_BY_NAME, *columns], **more})


def figure(title: str, query: Json, *others: Json, **more: Any) -> Json:
    """Return one large figure for each series or row, its last value."""
    # Of a store's rows each is a figure, named by its text; of series each has one, its last.
    rows = "rawSql" in query
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": rows}
    options = {"reduceOptions": reduced, "colorMode": "value", "textMode": "auto", "orientation": "auto"}
    return panel(title, "stat", [query, *others], options=options, **{"width": 6, "height": 4, **more})


def log_lines(title: str, query: Json, **more: Any) -> Json:
    """Return a panel of log lines, the newest first, each with its fields when it is opened."""
    options = {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending", "enableLogDetails": True}
    return panel(title, "logs", query, options=options, **{"width": 24, "height": 10, **more})


def bars(title: str, query: Json, x: str, **more: Any) -> Json:
    """Return a bar for each row, along the column `x`."""
    return panel(title, "barchart", query, options={"xField": x, "orientation": "auto"}, **more)
