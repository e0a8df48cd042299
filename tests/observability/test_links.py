"""A click leads somewhere: to a dashboard that is there, with choices it has and columns that the row has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.observability.filling import selected
from tests.observability.rule_files import POSTGRES_TYPE, REPOSITORY, dashboards, shown
from tests.observability.test_alerts import PUBLISHED

_OF_ROW = re.compile(r"\$\{__data\.fields\.(\w+)\}")
_OF_LABEL = re.compile(r"\$\{__field\.labels\.(\w+)\}")


def links_of(panel: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a click in a panel offers."""
    yield from panel["fieldConfig"]["defaults"].get("links", [])
    for override in panel["fieldConfig"]["overrides"]:
        for each in override["properties"]:
            if each["id"] == "links":
                yield from each["value"]


ALL = [(name, panel["title"], panel, link) for name, board in dashboards().items() for panel in shown(board)
       for link in links_of(panel)]  # fmt: skip


@pytest.mark.parametrize(("name", "title", "panel", "link"), ALL, ids=[f"{a}-{b}-{d['title']}" for a, b, _, d in ALL])
def test_a_link_leads_somewhere(name: str, title: str, panel: dict[str, Any], link: dict[str, Any]) -> None:
    assert link["title"], f"{name}: {title}"
    url = urlsplit(link["url"].replace("${__url_time_range}", "from=1&to=2"))
    given = _given(panel)
    assert set(_OF_ROW.findall(link["url"])) <= given, "columns that the row does not have"
    assert set(_OF_LABEL.findall(link["url"])) <= given, "labels that the series does not have"
    if link["url"].startswith(PUBLISHED):
        page = link["url"].removeprefix(PUBLISHED).partition("#")[0]
        assert (REPOSITORY / "docs" / page.replace(".html", ".md")).is_file()
        return
    target = url.path.removeprefix("/d/tradestream-")
    assert target in dashboards(), link["url"]
    there = {each["name"] for each in dashboards()[target]["templating"]["list"]}
    said = dict(parse_qsl(url.query, keep_blank_values=True))
    assert {key.removeprefix("var-") for key in said if key.startswith("var-")} <= there
    assert {key for key in said if not key.startswith("var-")} in ({"from", "to"}, {"time", "time.window"})


def _given(panel: dict[str, Any]) -> set[str]:
    """Return the columns of the rows, or the labels of the series, that a click can name."""
    found: set[str] = set()
    for target in panel["targets"]:
        if target["datasource"]["type"] == POSTGRES_TYPE:
            found |= selected(target["rawSql"])
        else:
            grouped = ",".join(re.findall(r"by \(([^)]*)\)", target["expr"]))
            found |= {label.strip() for label in grouped.split(",")}
    return found


def test_what_a_trader_asks_next_is_a_click_away() -> None:
    """Market, model, trade and log: from each to the others."""
    ways = {(name, urlsplit(link["url"]).path.removeprefix("/d/tradestream-")) for name, _, _, link in ALL}
    assert ways >= {
        ("trading", "market"),
        ("trading", "predictions"),
        ("trading", "system"),
        ("market", "predictions"),
        ("market", "trading"),
        ("predictions", "market"),
        ("predictions", "trading"),
        ("live", "trading"),
        ("live", "predictions"),
        ("live", "system"),
        ("features", "market"),
    }


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_the_links_above_keep_choices_and_time_and_lead_to_the_range_of_the_data_or_to_now(name: str) -> None:
    clock = next(tag for tag in dashboards()[name]["tags"] if tag != "tradestream")
    others = [each for each in dashboards()[name]["links"] if each["type"] == "dashboards"]
    assert [each["tags"][1] for each in others] == ["event-time", "wall-clock"]
    assert all(each["includeVars"] and each["keepTime"] for each in others)
    [span] = [each for each in dashboards()[name]["links"] if each["type"] == "link"]
    wanted = "from=${data_from}&to=${data_to}" if clock == "event-time" else "from=now-6h&to=now"
    assert span["url"] == f"/d/tradestream-{name}?{wanted}" and not span["keepTime"]


def test_alerts_are_listed_with_a_way_to_their_pages() -> None:
    panels = dashboards()["system"]["panels"]
    [listed] = [panel for panel in panels if panel["type"] == "alertlist"]
    assert listed["options"]["alertInstanceLabelFilter"] == '{part_of="tradestream"}'
    [which] = [panel for panel in panels if panel["title"] == "Which alerts"]
    assert f"{PUBLISHED}how-to/runbook.html#${{__data.fields.alertname}}" in {each["url"] for each in links_of(which)}
