"""Every query of every dashboard, asked as Grafana asks it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from tests.observability.filling import OF_GRAFANA, Choices, filled, some_of
from tests.observability.rule_files import LOKI_TYPE, POSTGRES_TYPE, dashboards, shown

_RANGE_SECONDS, _STEP_SECONDS = 120, 5
#: Of a scrape every two seconds, as Grafana would have it for one every fifteen.
_RATE_INTERVAL = "30s"


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes
    ----------
    found
        Rows, or series with a number in them, by what was chosen: one, several, all.
    """

    dashboard: str
    panel: str
    source: str
    found: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown with everything chosen."""
        return not self.found["all"]


@dataclass(frozen=True)
class Servers:
    """Those that are asked, and the time range: event time in the store, the last minutes in Prometheus."""

    store: psycopg.Connection[Any]
    metrics: httpx.Client
    times: Mapping[str, str]

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the columns and rows of a query of the store."""
        cursor = self.store.execute(query.encode())
        return [each.name for each in cursor.description or ()], cursor.fetchall()

    def series(self, query: str, instant: bool) -> list[dict[str, Any]]:
        """Return the series of a query of Prometheus, each with its labels and points."""
        if instant:
            result = self.metrics.get("/api/v1/query", params={"query": query})
        else:
            now = time.time()
            period = {"start": now - _RANGE_SECONDS, "end": now, "step": _STEP_SECONDS}
            result = self.metrics.get("/api/v1/query_range", params={"query": query, **period})
        content = result.json()
        assert content["status"] == "success", f"{query}: {content}"
        found = content["data"]["result"]
        return [{"labels": each["metric"], "points": each.get("values") or [each["value"]]} for each in found]


@contextmanager
def asked(prometheus: str, store_url: str) -> Iterator[Servers]:
    """Connect to both."""
    with (
        psycopg.connect(store_url, autocommit=True) as store,
        httpx.Client(base_url=prometheus, timeout=60) as metrics,
    ):
        row = store.execute("SELECT min(window_start_ms), max(window_start_ms) + 60000 FROM candles").fetchone()
        assert row is not None
        times = {**OF_GRAFANA, "__from": str(row[0]), "__to": str(row[1]), "__rate_interval": _RATE_INTERVAL}
        yield Servers(store, metrics, times)


def ask_all(servers: Servers) -> list[Answer]:
    """Return an answer for every query of every panel, with one, several and all of each choice."""
    answers = []
    for name, dashboard in dashboards().items():
        some = some_of(dashboard, choices(servers, dashboard))
        answers += [
            _answer(name, panel["title"], target, some, servers)
            for panel in shown(dashboard)
            for target in panel["targets"]
            if target["datasource"]["type"] != LOKI_TYPE  # no Loki runs here
        ]
    return answers


def choices(servers: Servers, dashboard: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return all that a reader may choose on a dashboard.

    Raises
    ------
    AssertionError
        If there is nothing to choose from.
    """
    found: dict[str, list[str]] = {}
    for each in dashboard["templating"]["list"]:
        if each["type"] == "textbox":
            found[each["name"]] = [""]
        elif each["type"] == "query" and each["datasource"]["type"] == POSTGRES_TYPE:
            found[each["name"]] = [str(value) for (value,) in servers.rows(each["query"])[1]]
        elif each["type"] == "query":
            metric, label = re.findall(r"\w+", each["query"]["query"].removeprefix("label_values"))
            values = {one["labels"].get(label, "") for one in servers.series(metric, instant=True)}
            found[each["name"]] = sorted(values - {""})
    assert all(found.values()), f"a choice without choices: {found}"
    return found


def _answer(
    name: str, title: str, target: Mapping[str, Any], some: Mapping[str, Choices], servers: Servers
) -> Answer:
    kind = target["datasource"]["type"]
    in_store = kind == POSTGRES_TYPE
    query = target["rawSql" if in_store else "expr"]
    found = {}
    for how, chosen in some.items():
        full = filled(query, kind, chosen, servers.times)
        found[how] = _known(servers, full) if in_store else _finite(servers, full, bool(target.get("instant")))
    return Answer(name, title, "PostgreSQL" if in_store else "Prometheus", found)


def _known(servers: Servers, query: str) -> int:
    """Return the number of rows in which something besides the time is known."""
    return sum(any(value is not None for value in row[1:] or row) for row in servers.rows(query)[1])


def _finite(servers: Servers, query: str, instant: bool) -> int:
    found = servers.series(query, instant)
    return sum(any(math.isfinite(float(value)) for _, value in each["points"]) for each in found)
