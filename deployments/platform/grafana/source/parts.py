"""What dashboards are made of: panels, queries, variables, and the flow of panels into rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "${postgres}"}
LOKI = {"type": "loki", "uid": "${loki}"}
#: Kinds of panels whose numbers mean nothing without a unit.
MEASURING = ("timeseries", "stat", "gauge", "barchart", "candlestick")
#: As the schema of the package @grafana/schema that the dashboards are checked against has it.
SCHEMA_VERSION = 42
_COLUMNS = 24


def prom(expression: str, legend: str = "{{app}}", *, now: bool = False) -> Json:
    """Return a query to Prometheus; with `now` of one moment, for tables and figures."""
    query = {"datasource": PROMETHEUS, "expr": expression, "legendFormat": legend}
    return query | ({"instant": True, "range": False, "format": "table"} if now else {"range": True})


def sql(query: str) -> Json:
    """Return a query to the feature store: RisingWave, or PostgreSQL on a laptop."""
    return {"datasource": POSTGRES, "rawSql": " ".join(query.split()), "format": "table", "rawQuery": True}


def loki(query: str) -> Json:
    """Return a query to Loki."""
    return {"datasource": LOKI, "expr": query, "queryType": "range", "maxLines": 500}


def panel(
    title: str,
    kind: str,
    queries: Json | Sequence[Json],
    *,
    width: int = 12,
    height: int = 8,
    unit: str = "",
    says: str = "",
    limits: Sequence[float] = (),
    words: dict[str, tuple[str, str]] | None = None,
    options: Json | None = None,
    custom: Json | None = None,
    **defaults: Any,
) -> Json:
    """Return a panel without a place.

    Parameters
    ----------
    kind
        Grafana's name of the kind: `timeseries`, `table`, `stat`, ...
    width, height
        In Grafana's grid, which is 24 wide.
    unit
        Grafana's name of the unit.
    says
        What a reader may not know.
    limits
        Values at which it becomes orange and red; lines over time have them drawn.
    words
        What a value means, with a colour: `{"0": ("no", "red")}`.
    custom, defaults
        Of the kind's field options, and of all kinds' (`min`, `max`, `decimals`, ...).

    Raises
    ------
    ValueError
        If it measures, and has no unit.
    """
    if kind in MEASURING and not unit:
        raise ValueError(f"panel '{title}': expected a unit, such as s, bytes, percentunit, short; was none")
    targets = [queries] if isinstance(queries, dict) else list(queries)
    fields: Json = {"custom": custom or {}, **defaults}
    if unit:
        fields["unit"] = unit
    if limits:
        fields["thresholds"] = thresholds(*limits)
        if kind == "timeseries":
            fields["custom"] = {**fields["custom"], "thresholdsStyle": {"mode": "line"}}
    if words:
        fields["mappings"] = [mapping(words)]
    made: Json = {
        "title": title,
        "type": kind,
        "datasource": targets[0]["datasource"],
        "targets": [{"refId": chr(ord("A") + place), **target} for place, target in enumerate(targets)],
        "fieldConfig": {"defaults": fields, "overrides": []},
        "options": options or {},
        "gridPos": {"x": 0, "y": 0, "w": width, "h": height},
    }
    return made | ({"description": says} if says else {})


def thresholds(*limits: float) -> Json:
    """Return green below the first limit, then orange, then red; of one limit, red."""
    colours = ("red",) if len(limits) == 1 else ("orange", "red")
    steps = [{"value": limit, "color": colour} for limit, colour in zip(limits, colours, strict=True)]
    return {"mode": "absolute", "steps": [{"value": None, "color": "green"}, *steps]}


def mapping(words: dict[str, tuple[str, str]]) -> Json:
    """Return what values are shown as."""
    shown = enumerate(words.items())
    return {"type": "value", "options": {v: {"text": t, "color": c, "index": i} for i, (v, (t, c)) in shown}}


def lines(title: str, queries: Json | Sequence[Json], **more: Any) -> Json:
    """Return a panel of lines over time."""
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel(title, "timeseries", queries, options=options, **more)


def table(title: str, queries: Json | Sequence[Json], **more: Any) -> Json:
    """Return a table."""
    return panel(title, "table", queries, **more)


def figure(title: str, query: Json, **more: Any) -> Json:
    """Return one large figure for each series, its last value."""
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value"}
    return panel(title, "stat", query, options=options, **{"width": 6, "height": 4, **more})


def log_lines(title: str, query: Json, **more: Any) -> Json:
    """Return a panel of log lines, the newest first, each with its fields when it is opened."""
    options = {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending", "enableLogDetails": True}
    return panel(title, "logs", query, options=options, **{"width": 24, "height": 10, **more})


def bars(title: str, query: Json, x: str, **more: Any) -> Json:
    """Return a bar for each row, along the column `x`."""
    return panel(title, "barchart", query, options={"xField": x, "orientation": "auto"}, **more)


def mark(name: str, colour: str, query: Json) -> Json:
    """Return what is marked on the time axis of every panel: fills, changes of model, restarts, alerts.

    Parameters
    ----------
    query
        To Prometheus, whose samples are marked with their label `alertname` and, below it, `instance`; or to the
        store, with columns `time`, `title`, `text`.
    """
    where = {"name": name, "datasource": query["datasource"], "iconColor": colour}
    return where | {"enable": True, "hide": False, "target": {"refId": "Anno", **query}}


def called(expression: str, label: str, words: str) -> Json:
    """Return a query whose samples are marked with `words`, in which `$1` is the value of a label."""
    return prom(f'label_replace({expression}, "alertname", "{words}", "{label}", "(.*)")', "")


#: On every dashboard.
MARKS = (
    mark("Alerts", "red", prom('ALERTS{alertstate="firing",part_of="tradestream"}', "")),
    mark("Restarts", "orange", called('changes(process_start_time_seconds{app=~".+"}[1m]) > 0', "app", "$1 started")),
    mark("Models", "blue", called("changes(tradestream_model_version[1m]) > 0", "model", "another version of $1")),
)


def source_variable(name: str, source: Json, label: str) -> Json:
    """Return the choice among the data sources of a kind."""
    return {"type": "datasource", "name": name, "label": label, "query": source["type"], "refresh": 1, "hide": 0}


def variable(name: str, label: str, query: str) -> Json:
    """Return a choice among what the feature store has, in the query's order; the first is the default."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": POSTGRES,
        "query": query,
        "refresh": 1,
        "sort": 0,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
    }


EXCHANGE = variable("exchange", "Exchange", "SELECT DISTINCT exchange FROM candles ORDER BY exchange")
PAIR = variable("pair", "Pair", "SELECT DISTINCT pair FROM candles ORDER BY pair")
INTERVAL = variable("interval_s", "Seconds", "SELECT DISTINCT interval_s FROM candles ORDER BY interval_s")
ACCOUNT = variable("account", "Account", "SELECT DISTINCT account FROM pnl ORDER BY account")


def dashboard(
    name: str,
    title: str,
    panels: Sequence[Json],
    variables: Sequence[Json] = (),
    says: str = "",
    marks: Sequence[Json] = (),
) -> Json:
    """Return a dashboard with its panels in rows, left to right, and what is marked on its time axis."""
    x = y = height = 0
    for number, each in enumerate(panels, start=1):
        place = each["gridPos"]
        if x + place["w"] > _COLUMNS:
            x, y, height = 0, y + height, 0
        each["id"], place["x"], place["y"] = number, x, y
        x, height = x + place["w"], max(height, place["h"])
    sources = [source_variable("prometheus", PROMETHEUS, "Metrics"), source_variable("postgres", POSTGRES, "Store")]
    if any(each["datasource"] is LOKI for each in panels):
        sources.append(source_variable("loki", LOKI, "Logs"))
    return {
        "uid": f"tradestream-{name}",
        "title": f"Tradestream: {title}",
        "description": says,
        "tags": ["tradestream"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "links": [
            {
                "title": "Tradestream",
                "type": "dashboards",
                "tags": ["tradestream"],
                "asDropdown": True,
                "icon": "external link",
                "tooltip": "",
                "url": "",
                "targetBlank": False,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "annotations": {"list": [*MARKS, *marks]},
        "templating": {"list": [*sources, *variables]},
        "panels": list(panels),
    }
