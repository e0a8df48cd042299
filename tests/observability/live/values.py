"""What a value looks like in Grafana: by its unit, decimals, words, and the colour of its threshold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Fields = Mapping[str, Any]
_COLOURS = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2", "yellow": "#fade2a"}
_TEXT = "#ccccdc"


def colour(name: str) -> str:
    """Return a colour of Grafana's dark theme."""
    return _COLOURS.get(name, _TEXT)


def shown(value: Any, fields: Fields) -> tuple[str, str]:
    """Return the text of a value and its colour."""
    if value is None:
        return "", _TEXT
    if isinstance(value, dict):
        return f"{datetime.fromtimestamp(value['ms'] / 1000, UTC):%Y-%m-%d %H:%M:%S}", _TEXT
    for mapping in fields.get("mappings", []):
        if (found := _mapped(str(value), mapping)) is not None:
            return found
    if isinstance(value, str):
        return value, _TEXT
    return number(float(value), fields), _by_threshold(float(value), fields)


def _mapped(value: str, mapping: Mapping[str, Any]) -> tuple[str, str] | None:
    options = mapping["options"]
    if mapping["type"] == "regex":
        pattern = options["pattern"].strip("/")
        if not (found := re.search(pattern, value)):
            return None
        text = re.sub(r"\$(\d)", lambda group: found[int(group[1])], options["result"]["text"])
        return text, colour(options["result"]["color"])
    plain = value.removesuffix(".0")
    return (options[plain]["text"], colour(options[plain]["color"])) if plain in options else None


def _by_threshold(value: float, fields: Fields) -> str:
    steps = fields.get("thresholds", {}).get("steps", [])
    passed = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return colour(passed[-1]) if passed else _TEXT


def number(value: float, fields: Fields) -> str:
    """Return a number in its unit."""
    unit, decimals = fields.get("unit", "none"), fields.get("decimals")
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f} %"
    if unit == "percent":
        return f"{value:.{1 if decimals is None else decimals}f} %"
    if unit == "s":
        return _seconds(value)
    if unit == "bytes":
        return next(f"{value / 2**power:.1f} {name}" for power, name in _BYTES if value >= 2**power or not power)
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    if unit == "short" and abs(value) >= 1000 and decimals is None:
        return f"{value / 1000:.3g} K" if abs(value) < 1e6 else f"{value / 1e6:.3g} Mil"
    suffix = {"cps": " c/s", "rps": " rd/s"}.get(unit, "")
    return (f"{value:.{decimals}f}" if decimals is not None else f"{value:.6g}") + suffix


_BYTES = ((30, "GiB"), (20, "MiB"), (10, "KiB"), (0, "B"))
_SPANS = ((31_536_000, "years"), (86_400, "days"), (3_600, "hours"), (60, "mins"), (1, "s"), (0.001, "ms"), (0, "µs"))


def _seconds(value: float) -> str:
    size, name = next((size, name) for size, name in _SPANS if abs(value) >= size)
    return f"{value / (size or 1e-6):.3g} {name}"
