"""What a large window has room for: the course of equity, the last fills, the last words of the logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from contracts.currency import quote_currency
from contracts.signal import strategy_in
from embedded.terminal.state import RunState
from embedded.terminal.style import DOWN, MUTED, NONE, UP, signed, table
from results.report.wording import money, price, quantity, utc

_LEVELS = "▁▂▃▄▅▆▇█"
_PLAIN_LEVELS = "_.-=*#"
_FILLS = ("Time", "Pair", "Side", "Quantity", "Price", "Value", "Realised")
#: On a screen that has room for it.
_STRATEGY, _WIDE = "Strategy", 100
_LEAST_POINTS = 2
_LOG_LINES = 12
_MARGIN = 4


def activity(state: RunState, console: Console) -> list[Callable[[int], RenderableType | None]]:
    """Return what may be added, the most wanted first.

    Parameters
    ----------
    state
        Of the run.
    console
        Whose width and characters it has to do with.

    Returns
    -------
    list[Callable[[int], RenderableType | None]]
        Each is given the number of free lines and returns what it shows in them; None if it has nothing to show, or
        no room.
    """
    return [
        lambda lines: _equity(state, console) if lines > 1 + len(state.equity) else None,
        lambda lines: _last_fills(state, lines - 4, is_wide=console.width >= _WIDE),
        lambda lines: _log(state, console, lines - 2),
    ]


def _equity(state: RunState, console: Console) -> RenderableType | None:
    """Return a line for each account: its equity over the time the market has run."""
    courses = {name: course for name, course in state.equity.items() if len(course) >= _LEAST_POINTS}
    if not courses:
        return None
    levels = _LEVELS if console.encoding.lower().startswith("utf") else _PLAIN_LEVELS
    grid = Table.grid(padding=(0, 2))
    for name, course in courses.items():
        currency = state.currencies.get(name, "")
        label, span = f"Equity {name}", f"{money(min(course))} to {money(max(course), currency=currency)}"
        line = spark(course, console.width - len(label) - len(span) - 2 * _MARGIN, levels)
        grid.add_row(Text(label, MUTED), Text(span), Text(line, UP if course[-1] >= course[0] else DOWN))
    return grid


def spark(values: Sequence[float], width: int, levels: str = _LEVELS) -> str:
    """Return a line of characters, at most `width`, whose heights follow `values`: the last of each part.

    Examples
    --------
    >>> spark([1, 2, 3, 2], 4), spark([5, 5], 10), spark(range(100), 4, "0123")
    ('▁▅█▅', '▁▁', '0123')
    """
    number = min(max(1, width), len(values))
    shown = [values[(place + 1) * len(values) // number - 1] for place in range(number)]
    least, most = min(shown), max(shown)
    scale = (len(levels) - 1) / (most - least) if most > least else 0.0
    return "".join(levels[int((value - least) * scale + 0.5)] for value in shown)


def _last_fills(state: RunState, lines: int, *, is_wide: bool) -> RenderableType | None:
    fills = list(state.last_fills)[::-1][: max(0, lines)]
    if not fills:
        return None
    rows: list[list[str | Text]] = [
        [
            utc(fill["filled_at_ms"], "%m-%d %H:%M"),
            Text(fill["pair"], "bold"),
            Text(fill["side"], UP if fill["side"] == "buy" else DOWN),
            quantity(fill["quantity"]),
            price(float(fill["price"])),
            money(float(fill["quantity"]) * float(fill["price"]), currency=quote_currency(fill["pair"])),
            signed(float(fill["realised_pnl_quote"]), quote_currency(fill["pair"]))
            if fill["side"] == "sell"
            else NONE,
            *([strategy_in(fill["signal_id"]) or NONE] if is_wide else []),
        ]
        for fill in fills
    ]
    return table((*_FILLS, _STRATEGY) if is_wide else _FILLS, rows)


def _log(state: RunState, console: Console, lines: int) -> RenderableType | None:
    said = state.log[-min(_LOG_LINES, lines) :] if lines > 0 else []
    if not said:
        return None
    text = Text("\n".join(line[: console.width - _MARGIN] for line in said), MUTED)
    text.no_wrap = True
    return text
