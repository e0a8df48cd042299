"""Pages drawn of what servers answered: what is empty is said, and values have their units, words and colours."""

from __future__ import annotations

from typing import Any

from tests.observability.live.drawing import pages
from tests.observability.live.values import number, shown
from tests.observability.rule_files import POSTGRES_TYPE, dashboards
from tests.observability.rule_files import shown as panels_of


def kept(rows_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return answers of the dashboard `trading` in which only the panels named have rows."""
    panels = panels_of(dashboards()["trading"])
    assert all(panel["datasource"]["type"] == POSTGRES_TYPE for panel in panels)
    none = {"columns": ["time"], "rows": [], "shape": "table"}
    answered = {
        str(panel["id"]): [{"title": panel["title"], "answers": [rows_of.get(panel["title"], none)]}]
        for panel in panels
    }
    return {"trading": {"choices": {"account": ["paper"]}, "panels": answered}}


def test_what_is_empty_is_seen_and_what_is_not_is_drawn() -> None:
    equity = {"columns": ["account", "equity"], "rows": [["paper", 9_774.756]], "shape": "table"}
    lines = {"columns": ["time", "equity", "account"], "rows": [[{"ms": 0}, 1.5, "paper"]], "shape": "time_series"}
    [(name, text, height)] = pages(kept({"Equity": equity, "Equity and balance": lines}))
    assert (name, height > 2_000) == ("trading", True)
    assert text.count(">No data<") == len(panels_of(dashboards()["trading"])) - 2
    assert ">9774.76<" in text and '"name": "equity paper"' in text


def test_values_have_their_units_words_and_colours() -> None:
    assert number(0.0525, {"unit": "percentunit"}) == "5.2 %"
    assert [number(value, {"unit": "s"}) for value in (0.03, 90, 1_209_600)] == ["30 ms", "1.5 mins", "14 days"]
    assert number(3 * 2**20, {"unit": "bytes"}) == "3.0 MiB"
    limits = {
        "unit": "none",
        "thresholds": {"steps": [{"value": None, "color": "green"}, {"value": 1, "color": "red"}]},
    }
    assert [shown(value, limits)[1] for value in (0, 1)] == ["#73bf69", "#f2495c"]
    [trading] = [each for each in panels_of(dashboards()["trading"]) if each["title"] == "All accounts"]
    [words] = [
        each["value"]
        for override in trading["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "mappings"
    ]
    said = [shown(value, {"mappings": words})[0] for value in ("ACTIVE", "OPERATOR_HALT", "TOTAL_LOSS")]
    assert said == ["active", "operator: HALT", "stopped: TOTAL_LOSS"]
