"""Every query of every dashboard, asked as Grafana asks it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import httpx
import psycopg
from tests.observability.rule_files import LOKI_TYPE, POSTGRES_TYPE, dashboards

OF_THE_CLUSTER = "brokers"
_RANGE_SECONDS, _STEP_SECONDS = 120, 5
_USED = re.compile(r"\$\{?(\w+)\}?")
Choices = dict[str, list[str]]


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes
    ----------
    found
        Rows, or series with a number in them.
    choice
        Of the dashboard's variables, with which something was found.
    """

    dashboard: str
    panel: str
    source: str
    found: int
    choice: str = ""


def ask_all(prometheus: str, store_url: str) -> list[Answer]:
    """Return an answer for every query of every panel."""
    answers = []
    with (
        psycopg.connect(store_url, autocommit=True) as store,
        httpx.Client(base_url=prometheus, timeout=30) as metrics,
    ):
        period = _period(store)
        for name, dashboard in dashboards().items():
            if name == OF_THE_CLUSTER:  # Kafka's exporter and RisingWave run there alone
                continue
            choices = _choices(store, dashboard)
            answers += [
                _answer(name, panel["title"], target, choices | period, store, metrics)
                for panel in dashboard["panels"]
                for target in panel["targets"]
                if target["datasource"]["type"] != LOKI_TYPE  # no Loki runs here
            ]
    return answers


def _period(store: psycopg.Connection[Any]) -> Choices:
    """Return the time range that holds all: the market is of another day."""
    row = store.execute("SELECT min(window_start_ms), max(window_start_ms) + 60000 FROM candles").fetchone()
    assert row is not None
    return {"__from": [str(row[0])], "__to": [str(row[1])]}


def _choices(store: psycopg.Connection[Any], dashboard: Mapping[str, Any]) -> Choices:
    variables = [each for each in dashboard["templating"]["list"] if each["type"] == "query"]
    found = {each["name"]: [str(row[0]) for row in store.execute(each["query"])] for each in variables}
    assert all(found.values()), f"a choice without choices: {found}"
    return found


def _answer(
    name: str,
    title: str,
    target: Mapping[str, Any],
    choices: Choices,
    store: psycopg.Connection[Any],
    metrics: httpx.Client,
) -> Answer:
    in_store = target["datasource"]["type"] == POSTGRES_TYPE
    query = target["rawSql" if in_store else "expr"]
    source = "PostgreSQL" if in_store else "Prometheus"
    for choice in _each_choice(query, choices):
        filled = _fill(query, choice)
        found = _rows(store, filled) if in_store else _series(metrics, filled, bool(target.get("instant")))
        if found:
            said = " ".join(value for variable, value in choice.items() if not variable.startswith("__"))
            return Answer(name, title, source, found, said)
    return Answer(name, title, source, 0)


def _fill(query: str, choice: Mapping[str, str]) -> str:
    return _USED.sub(lambda used: choice[used[1]], query)


def _each_choice(query: str, choices: Choices) -> Iterator[dict[str, str]]:
    used = dict.fromkeys(_USED.findall(query))
    for values in product(*(choices[variable] for variable in used)):
        yield dict(zip(used, values, strict=True))


def _rows(store: psycopg.Connection[Any], query: str) -> int:
    """Return the number of rows in which something besides the time is known."""
    return sum(any(value is not None for value in row[1:] or row) for row in store.execute(query.encode()).fetchall())


def _series(metrics: httpx.Client, query: str, instant: bool) -> int:
    if instant:
        result = metrics.get("/api/v1/query", params={"query": query})
    else:
        now = time.time()
        period = {"start": now - _RANGE_SECONDS, "end": now, "step": _STEP_SECONDS}
        result = metrics.get("/api/v1/query_range", params={"query": query, **period})
    content = result.json()
    assert content["status"] == "success", f"{query}: {content}"
    series = [each.get("values") or [each["value"]] for each in content["data"]["result"]]
    return sum(any(math.isfinite(float(value)) for _, value in values) for values in series)
