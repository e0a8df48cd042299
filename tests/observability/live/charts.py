"""Lines, bars and candles as plotly takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.observability.live.values import colour

Json = Mapping[str, Any]
#: What is drawn on candles, as the dashboard has it.
_POINTS = {
    "bought": ("green", 12),
    "sold": ("red", 12),
    "decides_to_buy": ("blue", 5),
    "decides_to_sell": ("orange", 5),
}
_FORMATS = {"percentunit": ".1%", "bytes": ".3s", "s": ".3s"}


def legend(form: str, labels: Mapping[str, str]) -> str:
    """Return the name of a series of Prometheus."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), form) or str(dict(labels))


def chart(panel: Json, answers: list[Json]) -> dict[str, Any] | None:
    """Return what plotly draws, None if there is nothing."""
    fields = panel["fieldConfig"]["defaults"]
    made = {"barchart": _bars, "candlestick": _candles}.get(panel["type"], _lines)(panel, answers)
    if not made:
        return None
    axis: dict[str, Any] = {"gridcolor": "#2a2d33", "tickformat": _FORMATS.get(fields.get("unit", ""), "")}
    if "min" in fields and "max" in fields and fields["unit"] != "percent":
        axis["range"] = [fields["min"], fields["max"]]
    steps = [step for step in fields.get("thresholds", {}).get("steps", []) if step["value"] is not None]
    lines = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": step["value"], "y1": step["value"],
         "line": {"color": colour(step["color"]), "dash": "dash", "width": 1}}
        for step in steps
    ]  # fmt: skip
    layout = {
        "paper_bgcolor": "#181b1f",
        "plot_bgcolor": "#181b1f",
        "font": {"color": "#ccccdc", "size": 10},
        "margin": {"l": 55, "r": 10, "t": 5, "b": 30},
        "legend": {"orientation": "h", "y": -0.12},
        "showlegend": panel["type"] != "barchart",
        "xaxis": {"gridcolor": "#2a2d33", "rangeslider": {"visible": False}},
        "yaxis": axis,
        "yaxis2": {"overlaying": "y", "side": "right", "visible": False},
        "shapes": lines,
    }
    return {"data": made, "layout": layout}


def _lines(_panel: Json, answers: list[Json]) -> list[Json]:
    made: list[Json] = []
    for answer in answers:
        if "series" in answer:
            for each in answer["series"]:
                times = [float(at) * 1000 for at, _ in each["points"]]
                values = [None if value in ("NaN", "+Inf") else float(value) for _, value in each["points"]]
                made.append(_line(legend(answer["legend"], each["labels"]), times, values))
            continue
        found: dict[str, tuple[list[float], list[Any]]] = {}
        for row in answer["rows"]:
            named = " ".join(value for value in row[1:] if isinstance(value, str))
            for column, value in zip(answer["columns"][1:], row[1:], strict=True):
                if not isinstance(value, str):
                    times, values = found.setdefault(f"{column} {named}", ([], []))
                    times.append(row[0]["ms"])
                    values.append(value)
        made += [_line(name, *points) for name, points in found.items()]
    return [each for each in made if any(value is not None for value in each["y"])]


def _line(name: str, times: list[float], values: list[Any]) -> Json:
    return {"type": "scatter", "mode": "lines", "name": name, "x": _dates(times), "y": values, "line": {"width": 1}}


def _dates(times: list[float]) -> list[str]:
    return [f"{datetime.fromtimestamp(each / 1000, UTC):%Y-%m-%d %H:%M:%S}" for each in times]


def _bars(panel: Json, answers: list[Json]) -> list[Json]:
    answer, x = answers[0], panel["options"]["xField"]
    if not answer["rows"]:
        return []
    place = answer["columns"].index(x)
    heights = next(p for p in range(len(answer["columns"])) if p != place)
    names = [str(row[place]) for row in answer["rows"]]
    return [{"type": "bar", "x": names, "y": [row[heights] for row in answer["rows"]]}]


def _candles(_panel: Json, answers: list[Json]) -> list[Json]:
    answer = answers[0]
    if not answer["rows"]:
        return []
    columns = dict(zip(answer["columns"], map(list, zip(*answer["rows"], strict=True)), strict=True))
    times = _dates([each["ms"] for each in columns["time"]])
    prices = {name: columns[name] for name in ("open", "high", "low", "close")}
    made: list[Json] = [
        {"type": "candlestick", "name": "candles", "x": times, **prices},
        {"type": "bar", "name": "volume", "x": times, "y": columns["volume"], "yaxis": "y2", "opacity": 0.2},
    ]
    looks = {
        "bought": ("green", 12),
        "sold": ("red", 12),
        "decides_to_buy": ("blue", 5),
        "decides_to_sell": ("orange", 5),
    }
    for name, (of, size) in looks.items():
        marker = {"color": colour(of), "size": size}
        made.append(
            {"type": "scatter", "mode": "markers", "name": name, "x": times, "y": columns[name], "marker": marker}
        )
    return made
