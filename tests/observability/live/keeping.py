"""What the servers answered, kept in a file, so that pages can be drawn of it again and again."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.observability.filling import filled
from tests.observability.live.asking import Servers, choices
from tests.observability.rule_files import LOKI_TYPE, POSTGRES_TYPE, REPOSITORY, dashboards, shown

#: In an ignored folder.
KEPT = REPOSITORY / "dist/dashboards/answers.json"
Json = dict[str, Any]


def kept(servers: Servers) -> Json:
    """Return the answers to every query by dashboard and panel, as a reader sees them who has chosen nothing yet.

    A panel that is repeated for a choice has an answer for each of its values.
    """
    return {name: _page(servers, board) for name, board in dashboards().items()}


def _page(servers: Servers, board: Json) -> Json:
    everything = choices(servers, board)
    begins = {each["name"]: each["current"]["value"] for each in board["templating"]["list"] if each.get("multi")}
    chosen = {
        name: values if begins.get(name, ["$__all"]) == ["$__all"] else begins[name]
        for name, values in everything.items()
    }
    page = {}
    for panel in shown(board):
        repeated = [{panel["repeat"]: [value]} for value in chosen[panel["repeat"]]] if "repeat" in panel else [{}]
        page[str(panel["id"])] = [
            {
                "title": filled(panel["title"], "", chosen | only, servers.times),
                "answers": [
                    _answer(servers, target, chosen | only)
                    for target in panel["targets"]
                    if target["datasource"]["type"] != LOKI_TYPE
                ],
            }
            for only in repeated
        ]
    return {"choices": chosen, "panels": page}


def _answer(servers: Servers, target: Json, chosen: dict[str, list[str]]) -> Json:
    kind = target["datasource"]["type"]
    if kind == POSTGRES_TYPE:
        columns, rows = servers.rows(filled(target["rawSql"], kind, chosen, servers.times))
        return {"columns": columns, "rows": rows, "shape": target["format"]}
    series = servers.series(filled(target["expr"], kind, chosen, servers.times), bool(target.get("instant")))
    return {"series": series, "legend": target["legendFormat"], "instant": bool(target.get("instant"))}


def write_json(path: Path, content: Json) -> None:
    """Write what was kept; times become milliseconds, decimals numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, default=_plain), encoding="utf-8")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"ms": round(value.timestamp() * 1000)}
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"expected a time or a decimal, was {value!r}")
