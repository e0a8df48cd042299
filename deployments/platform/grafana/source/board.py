"""A whole dashboard: panels in rows, what is chosen, what is marked on its time axis, where it leads.

A dashboard has one clock. What services publish carries event time, and a simulated or replayed market lives on days
of its own; what processes report of themselves carries the wall clock. A page of both would be half empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from choices import fact, source_choice
from parts import COLUMNS, LOKI, POSTGRES, PROMETHEUS, SCHEMA_VERSION, Json, prom, sql

Clock = Literal["event-time", "wall-clock"]
_SOURCES = {
    "prometheus_datasource": (PROMETHEUS, "Prometheus data source"),
    "postgres_datasource": (POSTGRES, "Store"),
    "loki_datasource": (LOKI, "Loki data source"),
}


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


ALERTS = mark("Alerts", "red", prom('ALERTS{alertstate="firing",part_of="tradestream"}', ""))
RESTARTS = mark(
    "Restarts", "orange", called('changes(process_start_time_seconds{app=~".+"}[1m]) > 0', "app", "$1 started")
)
#: By the wall clock, as the process that serves it reports it.
SERVED = mark(
    "Models", "blue", called("changes(tradestream_model_version[1m]) > 0", "model", "another version of $1")
)
#: In event time: the first window of each version.
MODELS = mark(
    "Models",
    "blue",
    sql("""
        SELECT to_timestamp(min(window_start_ms) / 1000) AS time, concat(model_name, ' ', model_version) AS title,
            'its first prediction' AS text
        FROM predictions WHERE window_start_ms <= $__to
        GROUP BY model_name, model_version HAVING min(window_start_ms) >= $__from
    """),
)
#: Halts and other commands of operators, and limits that stopped an account.
STOPS = mark(
    "Halts and limits",
    "semi-dark-red",
    sql("""
        SELECT to_timestamp(time_ms / 1000) AS time, concat(rule, ' ', account) AS title, message AS text
        FROM risk_alerts WHERE (rule = 'OPERATOR' OR severity = 'CRITICAL') AND time_ms BETWEEN $__from AND $__to
    """),
)
_MARKS: dict[Clock, tuple[Json, ...]] = {
    "event-time": (ALERTS, RESTARTS, MODELS, STOPS),
    "wall-clock": (ALERTS, RESTARTS, SERVED),
}


def dashboard(
    name: str,
    title: str,
    clock: Clock,
    panels: Sequence[Json],
    choices: Sequence[Json] = (),
    *,
    says: str,
    marks: Sequence[Json] = (),
    data: tuple[str, str] | None = None,
) -> Json:
    """Return a dashboard with its panels in rows, left to right, and what is marked on its time axis.

    Parameters
    ----------
    clock
        What its time axis is.
    data
        Table and column, milliseconds, whose first and last value are the range of the data.
    """
    _place(panels)
    variables = [*_sources(panels), *choices]
    if data is not None:
        where, column = data
        variables += [
            fact("data_from", f"SELECT min({column}) FROM {where}"),
            fact("data_to", f"SELECT max({column}) + 60000 FROM {where}"),
        ]
    return {
        "uid": f"tradestream-{name}",
        "title": f"Tradestream: {title}",
        "description": says,
        "tags": ["tradestream", clock],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "links": _links(name, clock),
        "annotations": {"list": [*_MARKS[clock], *marks]},
        "templating": {"list": variables},
        "panels": list(panels),
    }


def _place(panels: Sequence[Json]) -> None:
    x = y = height = 0
    for number, each in enumerate(panels, start=1):
        place = each["gridPos"]
        if x + place["w"] > COLUMNS:
            x, y, height = 0, y + height, 0
        each["id"], place["x"], place["y"] = number, x, y
        x, height = x + place["w"], max(height, place["h"])


def _sources(panels: Sequence[Json]) -> list[Json]:
    """Return the choices of data sources; marks ask Prometheus on every dashboard."""
    asked = [each["datasource"] for each in panels if "datasource" in each]
    return [
        source_choice(name, source, label)
        for name, (source, label) in _SOURCES.items()
        if source is PROMETHEUS or source in asked
    ]


def _links(name: str, clock: Clock) -> list[Json]:
    """Return the links above: the others of both clocks with choices and time, and the time this one should show."""
    if clock == "event-time":
        span = _above("Range of the data", f"/d/tradestream-{name}?from=${{data_from}}&to=${{data_to}}", "clock")
    else:
        span = _above("Now", f"/d/tradestream-{name}?from=now-6h&to=now", "clock")
    return [_tagged("Market time", "event-time"), _tagged("Wall clock", "wall-clock"), span]


def _tagged(title: str, tag: str) -> Json:
    said = {"title": title, "type": "dashboards", "tags": ["tradestream", tag], "asDropdown": True, "url": ""}
    return said | {
        "icon": "external link",
        "tooltip": "",
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


def _above(title: str, url: str, icon: str) -> Json:
    said = {"title": title, "type": "link", "tags": [], "asDropdown": False, "url": url}
    return said | {"icon": icon, "tooltip": "", "targetBlank": False, "includeVars": True, "keepTime": False}
