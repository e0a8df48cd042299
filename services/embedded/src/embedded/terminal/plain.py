"""The view where nobody sits at a terminal: a line every few seconds, in logs that are read later."""

from __future__ import annotations

from rich.console import Console

from contracts.counted import counted
from embedded.terminal.state import RunState
from embedded.terminal.time_left import seconds_left
from results.report.wording import count, duration, money, percent, utc

_EVERY_S = 5.0


class PlainLines:
    """Prints a line when the phase changes and every few seconds in between.

    Parameters
    ----------
    console
        Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""
        self._printed_at_s = 0.0
        self._troubles: dict[str, str] = {}

    def show(self, state: RunState) -> None:
        """Print a line about `state` if it is time for one."""
        if state.phase == self._phase and state.elapsed_s - self._printed_at_s < _EVERY_S:
            return
        self._phase, self._printed_at_s = state.phase, state.elapsed_s
        for name, words in state.troubles.items():
            if words != self._troubles.get(name):
                self._say(f"{name}: {words}")
        self._troubles = dict(state.troubles)
        self._say(line_of(state))

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)

    def close(self) -> None:
        """Nothing to remove."""


def line_of(state: RunState) -> str:
    """Return what is worth saying about `state`."""
    words = {"backfill": _backfill, "train": _train, "live": _live, "drain": _drain}.get(state.phase, lambda _: "")(
        state
    )
    return f"{state.elapsed_s:6.1f} s  {state.phase:<9}{words}".rstrip()


def _backfill(state: RunState) -> str:
    share = min((state.backfill_share(pair) for pair in state.pairs), default=0.0)
    return (
        f"{percent(share, 0)} of history{_left(share, state)}, {counted(state.counts.get('candles', 0), 'candle')}, "
        f"{counted(state.counts.get('technical_indicators', 0), 'feature row')}"
    )


def _train(state: RunState) -> str:
    training = state.training
    if training.get("epoch"):
        left = duration(training.get("seconds_left"))
        return f"epoch {training['epoch']} of {training['epochs']}, at most {left} left"
    return state.training_stage


def _live(state: RunState) -> str:
    share = state.live_share()
    words = [f"market time {utc(state.market_time_ms)}"]
    if share is not None:
        words.append(f"{percent(share, 0)}{_left(share, state)}")
    words.append(f"{counted(state.counts.get('predictions', 0), 'prediction')}, {counted(state.fills, 'fill')}")
    for name, books in state.accounts.items():
        currency = state.currencies.get(name, "")
        gain = money(books["equity"] - books["initial"], sign=True, currency=currency)
        words.append(f"{name} {money(books['equity'], currency=currency)} ({gain})")
    return ", ".join(words)


def _drain(state: RunState) -> str:
    behind = ", ".join(f"{count(lag)} for {name}" for name, lag in state.lags.items() if lag)
    if not behind:
        return "everything on its way has arrived"
    return f"{percent(state.drained_share(), 0)}{_left(state.drained_share(), state)}, on their way: {behind}"


def _left(share: float, state: RunState) -> str:
    left = seconds_left(share, state.phase_elapsed_s)
    return "" if left is None else f" (about {duration(left)} left)"
