"""The live view: one screen that says where the run is and what it holds."""

from __future__ import annotations

from collections import Counter

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from contracts.counted import counted
from contracts.currency import quote_currency
from embedded.process import ManagedProcess
from embedded.terminal.activity import activity
from embedded.terminal.state import PairState, RunState
from embedded.terminal.style import ACCENT, DOWN, MUTED, NONE, UP, signed, table
from embedded.terminal.time_left import seconds_left
from results.report.wording import count, duration, money, percent, price, quantity, utc

STEPS = {"backfill": "Backfill", "train": "Train", "live": "Live", "report": "Report"}
_WRITING = "ended, the results are being written"
_PART_OF = {"starting": "backfill", "drain": "live", "done": "report"}
#: Below this width the columns that others imply are left out.
_WIDE = 104
_MARKET = ("Pair", "Price", "Candle", "Behind", "P(up)", "Confidence", "Position", "Value", "Unrealised")
_ACCOUNT = ["Account", "Equity", "P&L", "Return", "Drawdown", "Exposure", "Fills", "Predictions", "Model", "Trading"]
_OWNER = ("Owner", "Equity", "P&L", "Below highest", "Exposure", "Nearest limit", "Left of it")
_PROCESS = ("Process", "State", "Restarts", "Lag", "CPU", "Memory")
_WIDE_ONLY = ("Confidence", "Value", "Exposure", "Predictions", "Model")


class Board:
    """Draws a `RunState` in place; `close` leaves the last picture on the screen.

    Parameters
    ----------
    console
        A terminal.
    """

    def __init__(self, console: Console) -> None:
        # No refresh thread: the supervisor must stay a process with one thread.
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._live.start()

    def show(self, state: RunState) -> None:
        """Draw `state`."""
        self._live.update(render(state, self._console), refresh=True)

    def close(self) -> None:
        """Remove the view."""
        self._live.stop()


def render(state: RunState, console: Console) -> RenderableType:
    """Return the screen for `state`, with as much as `console` has room for."""
    wide = console.width >= _WIDE
    parts = _screen(state, wide, _services(state))
    if _height(parts, console) > console.height:
        parts = _screen(state, wide, _services_in_brief(state))
    for more in activity(state, console):
        extra = more(console.height - _height(parts, console) - 1)
        if extra is not None and _height([*parts, Text(), extra], console) <= console.height:
            parts += [Text(), extra]
    return _framed(parts)


def _height(parts: list[RenderableType], console: Console) -> int:
    return len(console.render_lines(_framed(parts), pad=False))


def _framed(parts: list[RenderableType]) -> RenderableType:
    return Padding(Group(*parts), (1, 2))


def _screen(state: RunState, wide: bool, services: RenderableType) -> list[RenderableType]:
    parts: list[RenderableType] = [_header(state), Text()]
    if _step(state) in ("backfill", "train"):
        parts += [_backfill(state), Text()]
        if _step(state) == "train":
            parts += [_training(state), Text()]
    else:
        parts += [_clock(state), _markets(state, wide), *_accounts(state, wide)]
    parts.append(services)
    for name, words in state.troubles.items():
        parts.append(Text.assemble((f"{name}  ", "bold"), (words, "yellow")))
    return parts


def _step(state: RunState) -> str:
    return _PART_OF.get(state.phase, state.phase)


def _header(state: RunState) -> RenderableType:
    names = list(STEPS)
    current = names.index(_step(state))
    steps = Text()
    for number, name in enumerate(names):
        mark, style = (
            ("✓", UP) if number < current else ("●", f"bold {ACCENT}") if number == current else ("○", MUTED)
        )
        steps.append(f"{mark} {STEPS[name]}", style)
        steps.append("   " if number < len(names) - 1 else "")
    grid = Table.grid(expand=True)
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_row(
        Text.assemble(("Tradestream  ", "bold"), (state.title, MUTED)), Text(duration(state.elapsed_s), MUTED)
    )
    return Group(grid, Text(), steps)


def _bar(share: float) -> ProgressBar:
    return ProgressBar(total=1.0, completed=share, width=36, complete_style=ACCENT, finished_style=UP, style=MUTED)


def _backfill(state: RunState) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "left", "left"):
        grid.add_column(justify=justify)
    for pair in state.pairs:
        share = state.backfill_share(pair)
        left = seconds_left(share, state.phase_elapsed_s) if state.phase == "backfill" else None
        covered = utc(state.market(pair).covered_to_ms)
        note = "all trades are here" if share >= 1 else "" if left is None else f"{duration(left)} left"
        grid.add_row(Text(pair, "bold"), _bar(share), percent(share, 0), Text(covered, MUTED), Text(note, MUTED))
    made = state.counts
    line = "   ".join(
        counted(made.get(topic, 0), noun)
        for topic, noun in (("candles", "candle"), ("technical_indicators", "feature row"))
    )
    if waiting := sum(state.lags.values()):
        line += f"   {counted(waiting, 'message is still on its way', 'messages are still on their way')}"
    return Group(grid, Text(), Text(line, MUTED))


def _training(state: RunState) -> RenderableType:
    epoch, epochs = state.training.get("epoch"), state.training.get("epochs")
    loss, left = state.training.get("validation_log_loss"), state.training.get("seconds_left")
    grid = Table.grid(padding=(0, 2))
    words = [state.training_stage]
    share = epoch / epochs if epoch and epochs else 0.0
    if state.training.get("stage") in ("validating", "registering", "done"):
        share = 1.0
    if epoch and epochs:
        words.append(f"epoch {epoch} of {epochs}")
    if loss is not None:
        words.append(f"log loss {loss:.4f}")
    if left is not None:
        words.append(f"{duration(left)} left")
    grid.add_row(Text("Model", "bold"), _bar(share), Text(" · ".join(words), MUTED))
    return grid


def _clock(state: RunState) -> RenderableType:
    cells: list[RenderableType] = [Text("Market time", MUTED), Text(utc(state.market_time_ms), "bold")]
    is_draining = state.phase == "drain"
    share = state.drained_share() if is_draining else state.live_share()
    if share is None:
        cells.append(Text(_WRITING if state.phase == "report" else "until Ctrl-C", MUTED))
    else:
        left = seconds_left(share, state.phase_elapsed_s)
        note = "" if left is None else f"{duration(left)} left"
        if is_draining:
            note = "what is on its way arrives" + (f", {note}" if note else "")
        elif state.phase == "report":
            note = _WRITING
        elif state.phase != "live":
            note = "ended"
        cells += [_bar(share), percent(share, 0), Text(note, MUTED)]
    grid = Table.grid(padding=(0, 2))
    grid.add_row(*cells)
    return grid


def _markets(state: RunState, wide: bool) -> RenderableType:
    rows: list[list[str | Text]] = []
    newest = max((m.candle_end_ms or 0 for m in state.markets.values()), default=0)
    for pair in state.pairs:
        market = state.market(pair)
        behind = 0.0 if market.candle_end_ms is None else (newest - market.candle_end_ms) / 1_000
        rows.append(
            [
                Text(pair, "bold"),
                price(market.price),
                utc(market.candle_end_ms, "%H:%M"),
                Text(duration(behind) if behind else "–", DOWN if behind else MUTED),
                _probability(market),
                percent(market.confidence, 1),
                quantity(market.quantity) if market.quantity else NONE,
                _value(pair, market),
                _unrealised(pair, market),
            ]
        )
    return table(_MARKET, rows, () if wide else _WIDE_ONLY)


def _probability(market: PairState) -> Text:
    if market.probability_up is None:
        return NONE
    return Text(percent(market.probability_up, 1), UP if market.probability_up > 0.5 else DOWN)


def _value(pair: str, market: PairState) -> str | Text:
    if not market.quantity or not market.price:
        return NONE
    return money(market.quantity * market.price, currency=quote_currency(pair))


def _unrealised(pair: str, market: PairState) -> Text:
    if not market.quantity or market.price is None:
        return NONE
    return signed(market.quantity * (market.price - market.average_price), quote_currency(pair))


def _accounts(state: RunState, wide: bool) -> list[RenderableType]:
    if not state.accounts:
        return [Text("waiting for the first decision\n", MUTED)]
    rows: list[list[str | Text]] = []
    for name, books in state.accounts.items():
        gain, currency = books["equity"] - books["initial"], state.currencies.get(name, "")
        active = books["trading_state"] == "ACTIVE"
        drawdown = books["drawdown"] / (books["equity"] + books["drawdown"])
        rows.append(
            [
                Text(name, "bold"),
                money(books["equity"], currency=currency),
                signed(gain, currency),
                percent(gain / books["initial"], sign=True),
                percent(drawdown),
                money(books["exposure"], currency=currency),
                count(state.fills),
                count(state.counts.get("predictions", 0)),
                state.model or "–",
                Text(books["trading_state"], UP if active else DOWN),
            ]
        )
    found: list[RenderableType] = [table(_ACCOUNT, rows, () if wide else _WIDE_ONLY)]
    return [*found, _owners(state)] if state.owner_books else found


def _owners(state: RunState) -> RenderableType:
    """All accounts of each owner together, and what is left of the limit that is nearest."""
    rows: list[list[str | Text]] = []
    for name, books in state.owner_books.items():
        currency = next((state.currencies.get(each, "") for each in state.owners[name].accounts), "")
        nearest = max(books.limits, key=lambda each: each.share)
        rows.append(
            [
                Text(name, "bold"),
                money(float(books.equity), currency=currency),
                signed(float(books.profit), currency),
                money(float(books.drawdown), currency=currency),
                money(float(books.exposure), currency=currency),
                Text(f"{nearest.rule} {percent(nearest.share, 0)}", DOWN if nearest.share >= 1 else ""),
                money(float(nearest.room_quote), currency=currency),
            ]
        )
    return table(_OWNER, rows)


def _services(state: RunState) -> RenderableType:
    rows: list[list[str | Text]] = []
    for name, process in state.processes.items():
        word, style = state_of(process)
        lag = state.lags.get(name)
        rows.append(
            [
                name,
                Text(word, style),
                Text(count(process.restarts), DOWN if process.restarts else MUTED),
                Text("–" if lag is None else count(lag), MUTED if not lag else ""),
                f"{process.usage.cpu_pct:.0f} %" if process.running else "",
                f"{process.usage.rss_mb:.0f} MB" if process.running else "",
            ]
        )
    return table(_PROCESS, rows)


def _services_in_brief(state: RunState) -> RenderableType:
    """What the table says, in a line, for a screen that has no room for it."""
    states = Counter(state_of(process)[0] for process in state.processes.values())
    words = [", ".join(f"{number} {word}" for word, number in states.items())]
    words.append(counted(sum(process.restarts for process in state.processes.values()), "restart"))
    if waiting := ", ".join(f"{name} {count(lag)}" for name, lag in state.lags.items() if lag):
        words.append(f"lag: {waiting}")
    return Text.assemble(("Processes  ", "bold"), (" · ".join(words), MUTED))


def state_of(process: ManagedProcess) -> tuple[str, str]:
    """Return a process's state in a word, and its colour."""
    if process.running:
        return "running", UP
    if process.restart_at_s is not None:
        return "restarting", "yellow"
    if process.spec.kind == "job" and process.exit_code in (0, *process.spec.final_codes):
        return "done", MUTED
    return "stopped", MUTED
