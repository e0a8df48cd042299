"""The files that Prometheus, Alertmanager and Grafana are given, read."""

from __future__ import annotations

import json
import os
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PLATFORM = REPOSITORY / "deployments/platform"
RULES = PLATFORM / "prometheus/rules"
DASHBOARDS = PLATFORM / "grafana/dashboards"
ALERTMANAGER = PLATFORM / "alertmanager/alertmanager.yaml"
RUNBOOK = REPOSITORY / "docs/how-to/runbook.md"

#: Where install.sh unpacks them.
_PROGRAMS = REPOSITORY / ".tools/prometheus/usr/bin"
PROMETHEUS_TYPE, POSTGRES_TYPE, LOKI_TYPE = "prometheus", "grafana-postgresql-datasource", "loki"
_RECORDED = re.compile(r"\b\w+:\w+:\w+\b")
_METRIC = re.compile(r"\b(?:tradestream_|process_|python_)\w+\b")


def program(name: str) -> str | None:
    """Return the path of a program of Prometheus's or Alertmanager's, None where it is not installed."""
    return shutil.which(name, path=f"{_PROGRAMS}{os.pathsep}{os.environ['PATH']}")


def rules() -> list[dict[str, Any]]:
    """Return every rule, recording and alerting."""
    contents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(RULES.glob("*.yaml"))]
    return [rule for content in contents for group in content["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """Return the alerting rules; two may have one name and different severities."""
    return [rule for rule in rules() if "alert" in rule]


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Return the dashboards by the name of their file."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(DASHBOARDS.glob("*.json"))}


def queries(kind: str) -> list[tuple[str, str]]:
    """Return what panels and variables ask a kind of data source: where the query is, and the query."""
    field = "rawSql" if kind == POSTGRES_TYPE else "expr"
    found = []
    for name, dashboard in dashboards().items():
        for panel in shown(dashboard):
            targets = [target for target in panel["targets"] if target["datasource"]["type"] == kind]
            found += [(f"{name}: {panel['title']} {target['refId']}", target[field]) for target in targets]
        for marked in dashboard["annotations"]["list"]:
            if marked["datasource"]["type"] == kind:
                found.append((f"{name}: marks {marked['name']}", marked.get("target", marked)[field]))
        for variable in dashboard["templating"]["list"]:
            if kind == POSTGRES_TYPE and variable.get("datasource", {}).get("type") == kind:
                found.append((f"{name}: ${variable['name']}", variable["query"]))
    return found


def shown(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that ask for something: no headings, no list of alerts."""
    return [panel for panel in dashboard["panels"] if "targets" in panel]


def metrics_in(expression: str) -> set[str]:
    """Return our metrics, and those of the client library, that a PromQL expression names.

    Examples
    --------
    >>> sorted(metrics_in('rate(tradestream_x_total{a="tradestream"}[5m]) > app:y_z:sum'))
    ['app:y_z:sum', 'tradestream_x_total']
    """
    without_labels = re.sub(r'"[^"]*"', '""', expression)
    recorded = set(_RECORDED.findall(without_labels))
    return recorded | set(_METRIC.findall(_RECORDED.sub("", without_labels)))
