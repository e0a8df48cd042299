"""The rules of Grafana's dashboard-linter, as laws over the written dashboards.

The linter itself is asked by `make dashboards-lint`, where it is installed. What it is told to leave out stands with
its reason in `dashboards/.lint`, which counts here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from tests.observability.rule_files import DASHBOARDS, PROMETHEUS_TYPE, dashboards, shown

Board = dict[str, Any]
#: What a rule says: the panel, empty if it is of the whole, and what is wrong.
Found = Iterator[tuple[str, str]]
EXCLUSIONS: dict[str, dict[str, Any]] = yaml.safe_load((DASHBOARDS / ".lint").read_text(encoding="utf-8"))[
    "exclusions"
]
#: Of Grafana's units those that we use.
UNITS = {"none", "short", "s", "bytes", "percent", "percentunit", "cps", "rps", "dateTimeAsIso"}


def _variables(board: Board, kind: str) -> list[dict[str, Any]]:
    return [each for each in board["templating"]["list"] if each["type"] == kind]


def _asked(board: Board) -> Iterator[tuple[str, str]]:
    for panel in shown(board):
        for target in panel["targets"]:
            if target["datasource"]["type"] == PROMETHEUS_TYPE:
                yield panel["title"], target["expr"]


def template_datasource(board: Board) -> Found:
    for each in _variables(board, "datasource"):
        if each["name"] != f"{each['query']}_datasource" or each["label"] != f"{each['query'].title()} data source":
            yield "", f"{each['name']}: expected {each['query']}_datasource"


def template_named(name: str) -> Callable[[Board], Found]:
    def rule(board: Board) -> Found:
        if name not in {each["name"] for each in board["templating"]["list"]}:
            yield "", f"no choice of {name}"

    return rule


def template_label_promql(board: Board) -> Found:
    for each in _variables(board, "query"):
        if each["datasource"]["type"] == PROMETHEUS_TYPE:
            query = each["query"]["query"]
            if not re.fullmatch(r"label_values\(\w+, \w+\)", query):
                yield "", f"{each['name']}: {query}"


def template_on_time_change_reload(board: Board) -> Found:
    for each in _variables(board, "query"):
        if each["refresh"] != 2:
            yield "", f"{each['name']} stays as it is when the time range changes"


def template_uneditable(board: Board) -> Found:
    if board["editable"]:
        yield "", "what is edited in Grafana is lost with the next `make dashboards`"


def panel_datasource(board: Board) -> Found:
    known = {f"${{{each['name']}}}" for each in _variables(board, "datasource")}
    for panel in shown(board):
        if {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} - known:
            yield panel["title"], "a data source that is not chosen above"


def panel_title_description(board: Board) -> Found:
    for panel in board["panels"]:
        if not panel["title"] or (panel["type"] != "row" and not panel.get("description")):
            yield panel["title"], "no title or no description"


def panel_units(board: Board) -> Found:
    for panel in shown(board):
        if panel["type"] in ("stat", "table", "timeseries", "gauge", "barchart", "candlestick"):
            given = {panel["fieldConfig"]["defaults"].get("unit")}
            given |= {each["value"] for override in panel["fieldConfig"]["overrides"]
                      for each in override["properties"] if each["id"] == "unit"}  # fmt: skip
            if given - UNITS:
                yield panel["title"], f"units {given - UNITS}"


def panel_no_targets(board: Board) -> Found:
    for panel in board["panels"]:
        if panel["type"] not in ("row", "alertlist") and not panel.get("targets"):
            yield panel["title"], "asks nothing"


def target_rate_interval(board: Board) -> Found:
    for title, query in _asked(board):
        for span in re.findall(r"\bi?rate\([^\[]*\[([^\]]+)\]", query):
            if span != "$__rate_interval":
                yield title, f"[{span}], expected [$__rate_interval]"


def target_matcher(label: str) -> Callable[[Board], Found]:
    def rule(board: Board) -> Found:
        for title, query in _asked(board):
            if not re.search(rf'{label}=~?"\${label}"', query):
                yield title, f"no matcher of {label}"

    return rule


def target_counter_agg(board: Board) -> Found:
    for title, query in _asked(board):
        without = re.sub(r"\b(?:i?rate|increase|changes)\([^\[]*\[[^\]]+\]\)", "", query)
        if counters := set(re.findall(r"\b\w+_total\b", without)):
            yield title, f"{counters} without rate or increase"


RULES: dict[str, Callable[[Board], Found]] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_named("job"),
    "template-instance-rule": template_named("instance"),
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "template-uneditable-rule": template_uneditable,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_matcher("job"),
    "target-instance-rule": target_matcher("instance"),
    "target-counter-agg-rule": target_counter_agg,
}


def excluded(rule: str, board: Board, panel: str) -> bool:
    """Return whether `.lint` leaves this out: the whole rule, or by its entries."""
    if rule not in EXCLUSIONS:
        return False
    entries = EXCLUSIONS[rule].get("entries", [])
    return not entries or {"dashboard": board["title"], "panel": panel} in entries


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", sorted(dashboards()))
def test_a_rule_holds_or_is_left_out_for_a_reason(name: str, rule: str) -> None:
    board = dashboards()[name]
    assert [(panel, wrong) for panel, wrong in RULES[rule](board) if not excluded(rule, board, panel)] == []


def test_what_is_left_out_has_a_reason_and_would_be_found() -> None:
    for rule, said in EXCLUSIONS.items():
        assert len(said["reason"]) > 20, rule
        found = {(board["title"], panel) for board in dashboards().values() for panel, _ in RULES[rule](board)}
        assert found, f"{rule}: nothing to leave out"
        listed = {(each["dashboard"], each["panel"]) for each in said.get("entries", [])}
        assert listed <= found, f"{rule}: leaves out what is right"


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("template-datasource-rule", lambda board: board["templating"]["list"][0].update(name="prometheus")),
        ("template-on-time-change-reload-rule", lambda board: board["templating"]["list"][-1].update(refresh=1)),
        ("template-uneditable-rule", lambda board: board.update(editable=True)),
        ("panel-datasource-rule", lambda board: shown(board)[0]["datasource"].update(uid="prometheus")),
        ("panel-title-description-rule", lambda board: shown(board)[0].update(description="")),
        ("panel-units-rule", lambda board: shown(board)[0]["fieldConfig"]["defaults"].update(unit="seconds")),
        ("panel-no-targets-rule", lambda board: shown(board)[0].update(targets=[])),
        ("target-rate-interval-rule", lambda board: shown(board)[0]["targets"][0].update(expr="rate(a_total[1m])")),
        ("target-counter-agg-rule", lambda board: shown(board)[0]["targets"][0].update(expr="sum(a_total)")),
        ("template-label-promql-rule", lambda board: board["templating"]["list"][-1]["query"].update(query="a")),
    ],
)
def test_a_rule_finds_what_is_planted(rule: str, wrong: Callable[[Board], None]) -> None:
    board = deepcopy(dashboards()["live"])
    wrong(board)
    assert list(RULES[rule](board))
