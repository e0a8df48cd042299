"""What a reader chooses counts: every panel of what has a choice's column or label asks for it."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlglot import exp
from tests.observability.filling import filled, parsed, selected, some_of, used_in
from tests.observability.rule_files import POSTGRES_TYPE, PROMETHEUS_TYPE, dashboards, queries, rules, shown
from tests.observability.test_dashboards import METRICS_MODULES

from featurestore.tables import TABLES
from featurestore.views import VIEWS

#: Columns and labels that a choice is of, where they have another name than the choice.
_NAMES = {"model": {"model", "model_name"}}
#: What is there for links or for logs alone.
_NO_COLUMN = {"search", "data_from", "data_to"}
#: Metrics that are on no panel and in no alert, and why.
_SHOWN_NOWHERE = {
    "tradestream_trades_history_left_hours": "its seconds and percent are shown",
}
_METRIC_NAME = re.compile(r'^\w+ = (?:Counter|Gauge|LoopHistogram)\(\s*"(tradestream_\w+)"', re.MULTILINE)


def columns() -> dict[str, set[str]]:
    """Return the columns of each table and view of the store."""
    of_views = {view.name: selected(view.query) for view in VIEWS}
    return {table.name: {column.name for column in table.shown} for table in TABLES} | of_views


def labels() -> dict[str, set[str]]:
    """Return the labels of each metric, with the one that tells services apart."""
    for module in METRICS_MODULES:
        import_module(module)
    found = {}
    for name, collector in REGISTRY._names_to_collectors.items():
        of_histogram = getattr(collector, "_label", None)
        found[name] = {"app", *getattr(collector, "_labelnames", ()), *filter(None, [of_histogram])}
    return found


def choices_of(name: str) -> dict[str, set[str]]:
    """Return the choices of a dashboard, each with the columns and labels it is of."""
    listed = dashboards()[name]["templating"]["list"]
    names = {each["name"] for each in listed if each["type"] != "datasource"} - _NO_COLUMN
    return {each: _NAMES.get(each, {each}) for each in names}


def test_choices_are_put_in_as_grafana_does() -> None:
    chosen = {"pair": ["O'X/USD", "BTC/USD"], "interval_s": ["60", "300"], "app": ["a.b", "c"], "search": [""]}
    listed = "pair IN ($pair) AND interval_s IN (${interval_s:csv}) AND t > $__from"
    assert (
        filled(listed, POSTGRES_TYPE, chosen) == "pair IN ('O''X/USD','BTC/USD') AND interval_s IN (60,300) AND t > 0"
    )
    assert filled('x{app=~"$app"}[$__rate_interval]', PROMETHEUS_TYPE, chosen) == r'x{app=~"(a\\.b|c)"}[1m]'
    assert filled("a $1 b", PROMETHEUS_TYPE, chosen) == "a $1 b"
    assert used_in(listed) == {"pair", "interval_s"}


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_every_panel_uses_every_choice_that_it_can(name: str) -> None:
    columns_of, labels_of, choices = columns(), labels(), choices_of(name)
    for panel in shown(dashboards()[name]):
        for target in panel["targets"]:
            query = target.get("rawSql") or target["expr"]
            if "ALERTS{" in query:
                continue  # what fires is told, whatever is chosen
            if target["datasource"]["type"] == POSTGRES_TYPE:
                tables = {table.name for table in parsed(query).find_all(exp.Table)}
                there = set().union(*(columns_of.get(table, set()) for table in tables))
            else:
                there = set().union(*(labels_of.get(word, set()) for word in re.findall(r"\w+", query)))
            expected = {choice for choice, names in choices.items() if names & there}
            assert expected <= used_in(query), f"{panel['title']}: choices that it does not ask for"


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_every_choice_is_of_one_several_or_all_and_used(name: str) -> None:
    listed = {each["name"]: each for each in dashboards()[name]["templating"]["list"]}
    used = {used for panel in shown(dashboards()[name]) for target in panel["targets"]
            for used in used_in(target.get("rawSql") or target["expr"])}  # fmt: skip
    for choice in choices_of(name):
        assert listed[choice]["multi"] and listed[choice]["includeAll"], choice
        assert choice in used, f"{choice}: nothing asks for it"
    values = {each: ["a", "b", "c"] for each in listed}
    some = some_of(dashboards()[name], values)
    for choice in choices_of(name):
        assert [len(some[how][choice]) for how in ("one", "several", "all")] == [1, 2, 3]


def test_every_metric_that_is_reported_is_on_a_panel_in_an_alert_or_left_out_for_a_reason() -> None:
    sources = [Path(str(import_module(module).__file__)).read_text(encoding="utf-8") for module in METRICS_MODULES]
    reported = {name for source in sources for name in _METRIC_NAME.findall(source)}
    assert len(reported) > 40
    asked = " ".join([*(rule["expr"] for rule in rules()), *(query for _, query in queries(PROMETHEUS_TYPE))])
    words = {re.sub(r"_bucket$", "", word) for word in re.findall(r"\w+", asked)}
    assert reported - words == set(_SHOWN_NOWHERE)
