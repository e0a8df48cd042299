"""`make dashboards-draw`: pages of what `make dashboards-check` kept, as pictures, to be looked at.

It is no Grafana: the panels stand where Grafana would have them and show what their queries gave, with their units,
limits, words and legends, so that what is empty, unreadable or in the wrong unit is seen. Chromium takes pictures.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs
from tests.observability.live.charts import chart, legend
from tests.observability.live.keeping import KEPT
from tests.observability.live.values import shown
from tests.observability.rule_files import dashboards

Json = Mapping[str, Any]
_COLUMN, _ROW, _GAP = 75, 38, 8
_MOST_ROWS = 60
_STYLE = """
body{background:#111217;color:#ccccdc;font:13px sans-serif;margin:0;position:relative}
.panel{position:absolute;background:#181b1f;border:1px solid #2a2d33;overflow:hidden;box-sizing:border-box}
.panel h3{font-size:13px;margin:4px 8px;font-weight:500}.row{position:absolute;font-size:16px;font-weight:600}
table{border-collapse:collapse;width:100%}td,th{padding:2px 8px;text-align:left;white-space:nowrap;border-bottom:1px
solid #2a2d33}.stats{display:flex;height:80%;align-items:center;justify-content:space-around}.stat{text-align:center}
.big{font-size:26px}.none{color:#f2495c;font-size:18px;padding:20px}.elsewhere{color:#888;padding:20px}
"""


def pages(content: Json) -> Iterator[tuple[str, str, int]]:
    """Yield the name, the text and the height of each page."""
    for name, kept in content.items():
        board = dashboards()[name]
        parts, scripts, x, y, height = [], [], 0, 1, 0
        for panel, answer in _placed(board, kept):
            width = panel["gridPos"]["w"]
            if x + width > 24:
                x, y, height = 0, y + height, 0
            place = f"left:{x * _COLUMN}px;top:{y * _ROW}px;"
            x, height = x + width, max(height, panel["gridPos"]["h"])
            if panel["type"] == "row":
                parts.append(f'<div class="row" style="{place}">{_text(panel["title"], kept)}</div>')
                continue
            size = (width * _COLUMN - _GAP, panel["gridPos"]["h"] * _ROW - _GAP)
            key = f"p{len(parts)}"
            inner, script = _inner(panel, answer, key, size)
            scripts.append(script)
            title = html.escape(answer.get("title", panel["title"]))
            box = f"{place}width:{size[0]}px;height:{size[1]}px"
            parts.append(f'<div class="panel" style="{box}"><h3>{title}</h3>{inner}</div>')
        text = "".join(("<html><meta charset=utf-8><style>", _STYLE, "</style><script>", get_plotlyjs(), "</script>"))
        text += f"<body>{_head(board, kept)}{''.join(parts)}<script>{''.join(scripts)}</script></body></html>"
        yield name, text, (y + height) * _ROW


def _head(board: Json, kept: Json) -> str:
    chosen = "; ".join(f"{key}: {', '.join(values)[:80]}" for key, values in kept["choices"].items())
    return f'<div class="row" style="left:8px;top:8px">{board["title"]} <small>{html.escape(chosen)}</small></div>'


def _text(title: str, kept: Json) -> str:
    for key, values in kept["choices"].items():
        title = title.replace(f"${{{key}:csv}}", ", ".join(values))
    return html.escape(title)


def _placed(board: Json, kept: Json) -> Iterator[tuple[Json, Json]]:
    """Yield each panel with its answers, one for each value that it is repeated for."""
    for panel in board["panels"]:
        answers = kept["panels"].get(str(panel["id"]), [{"answers": None}])
        wide = panel["gridPos"]["w"]
        if "maxPerRow" in panel:  # a heading is repeated too, and drawn once
            wide = 24 // min(len(answers), panel["maxPerRow"])
        for answer in answers:
            yield {**panel, "gridPos": {**panel["gridPos"], "w": wide}}, answer


def _inner(panel: Json, answer: Json, key: str, size: tuple[int, int]) -> tuple[str, str]:
    if not answer["answers"]:
        return '<div class="elsewhere">asked of Loki or Alertmanager: not drawn</div>', ""
    if panel["type"] == "table":
        return _table(panel, answer["answers"][0]), ""
    if panel["type"] in ("stat", "gauge"):
        return _figures(panel, answer["answers"]), ""
    drawn = chart(panel, answer["answers"])
    if drawn is None:
        return '<div class="none">No data</div>', ""
    drawn["layout"] |= {"width": size[0], "height": size[1] - 24}
    return f'<div id="{key}"></div>', f"Plotly.newPlot('{key}',{json.dumps(drawn)});"


def _fields(panel: Json, name: str) -> dict[str, Any]:
    fields = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        rule = override["matcher"]
        fits = re.search(rule["options"].strip("/"), name) if rule["id"] == "byRegexp" else rule["options"] == name
        if fits:
            fields |= {each["id"]: each["value"] for each in override["properties"]}
    return fields


def _table(panel: Json, answer: Json) -> str:
    if "series" in answer:
        columns = sorted({label for each in answer["series"] for label in each["labels"]} | {"Value"})
        rows = [
            [each["labels"].get(name, float(each["points"][-1][1]) if name == "Value" else "") for name in columns]
            for each in answer["series"]
        ]
    else:
        columns, rows = answer["columns"], answer["rows"]
    if not rows:
        return '<div class="none">No data</div>'
    of = {name: _fields(panel, name) for name in columns}
    kept = [place for place, name in enumerate(columns) if not of[name].get("custom.hideFrom", {}).get("viz")]
    head = "".join(f"<th>{of[columns[place]].get('displayName', columns[place])}</th>" for place in kept)
    body = ""
    for row in rows[:_MOST_ROWS]:
        cells = [(place, *shown(row[place], of[columns[place]])) for place in kept]
        body += "<tr>" + "".join(f'<td style="color:{c}">{html.escape(t[:60])}</td>' for _, t, c in cells) + "</tr>"
    return f"<table><tr>{head}</tr>{body}</table>"


def _figures(panel: Json, answers: list[Json]) -> str:
    found = []
    for answer in answers:
        if "series" in answer:
            found += [
                (legend(answer["legend"], each["labels"]), float(each["points"][-1][1])) for each in answer["series"]
            ]
        else:
            for row in answer["rows"]:
                texts = [value for value in row if isinstance(value, str)]
                numbers = [value for value in row if isinstance(value, int | float)]
                found += [(" ".join(texts), value) for value in numbers]
    if not found:
        return '<div class="none">No data</div>'
    fields = panel["fieldConfig"]["defaults"]
    stats = [(name, *shown(value, fields)) for name, value in found]
    boxes = [f'<div class="stat">{n}<div class="big" style="color:{c}">{t}</div></div>' for n, t, c in stats]
    return f'<div class="stats">{"".join(boxes)}</div>'


def main() -> int:
    """Write a page and a picture of each dashboard beside what was kept."""
    if not KEPT.exists():
        print(f"expected {KEPT}, which `make dashboards-check` writes; there is none")
        return 2
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    for name, text, height in pages(json.loads(KEPT.read_text(encoding="utf-8"))):
        page = KEPT.with_name(f"{name}.html")
        page.write_text(text, encoding="utf-8")
        print(f"{page}  {text.count('>No data<')} panels without data")
        if browser:
            _take(browser, page, height)
    return 0


def _take(browser: str, page: Path, height: int) -> None:
    picture = page.with_suffix(".png")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--virtual-time-budget=8000",
    ]
    command += [f"--window-size={24 * _COLUMN},{height}", f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


if __name__ == "__main__":
    sys.exit(main())
