"""What is shown, gathered from the log, the progress file and the supervisor; cheap enough to ask twice a second."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from contracts.currency import quote_currency
from contracts.pnl import Pnl
from contracts.services import INPUTS
from contracts.strategy_check import StrategyCheck
from contracts.topics import (
    CANDLES,
    FILLS,
    PNL,
    POSITIONS,
    PREDICTIONS,
    STRATEGY_CHECKS,
    TRADES_CHECKPOINTS,
    TopicSpec,
)
from contracts.units import MS_PER_SECOND, US_PER_MS
from embedded.process import ManagedProcess
from execution.core.owners.books import BooksOfOwner, OwnerBooks
from results.report.wording import model_named
from results.run_log import RunLog

Phase = Literal["starting", "backfill", "train", "live", "drain", "report", "done"]
_TAIL = 300
_LAST_FILLS = 8
_LOG_LINES = 12
#: Of a course that grows longer every second value is dropped.
_MOST_POINTS = 1_000
_MINUTE = b'"interval_s":60,'


@dataclass
class PairState:
    """The latest of one pair."""

    covered_to_ms: int | None = None
    price: float | None = None
    candle_end_ms: int | None = None
    probability_up: float | None = None
    confidence: float | None = None
    quantity: float = 0.0
    average_price: float = 0.0


@dataclass
class RunState:
    """Everything the views draw.

    Parameters
    ----------
    title
        Name of the run.
    pairs
        In the order asked for.
    history_from_ms, live_from_ms, live_until_ms
        Event time of the parts, None where it has no bound.
    currencies
        Account -> what its amounts are in.
    owners
        What adds up the books of all accounts of an owner.
    """

    title: str
    pairs: list[str]
    history_from_ms: int | None = None
    live_from_ms: int | None = None
    live_until_ms: int | None = None
    phase: Phase = "starting"
    elapsed_s: float = 0.0
    phase_elapsed_s: float = 0.0
    markets: dict[str, PairState] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    lags: dict[str, int] = field(default_factory=dict)
    most_waiting: int = 0
    fills: int = 0
    last_fills: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_LAST_FILLS))
    equity: dict[str, list[float]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    processes: dict[str, ManagedProcess] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    owners: Mapping[str, BooksOfOwner] = field(default_factory=dict)
    owner_books: dict[str, OwnerBooks] = field(default_factory=dict)

    def market(self, pair: str) -> PairState:
        """Return the state of `pair`."""
        return self.markets.setdefault(pair, PairState())

    def drained_share(self) -> float:
        """Return how much of what was waiting when the source ended has been worked off, 0 to 1."""
        return 1.0 - sum(self.lags.values()) / self.most_waiting if self.most_waiting else 1.0

    @property
    def training_stage(self) -> str:
        """What training is at; when it is through, the model is still to be loaded by who predicts with it."""
        stage = str(self.training.get("stage", "starting"))
        return "registered, the service loads it" if stage == "done" else stage

    @property
    def market_time_ms(self) -> int | None:
        """End of the newest candle that every pair has."""
        ends = [self.market(pair).candle_end_ms for pair in self.pairs]
        known = [end for end in ends if end is not None]
        return min(known) if len(known) == len(ends) and ends else None

    def backfill_share(self, pair: str) -> float:
        """Return how much of the history of `pair` is there, 0 to 1."""
        covered = self.market(pair).covered_to_ms
        if covered is None or self.history_from_ms is None or self.live_from_ms is None:
            return 0.0
        whole = max(1, self.live_from_ms - self.history_from_ms)
        return min(1.0, max(0.0, (covered - self.history_from_ms) / whole))

    def live_share(self) -> float | None:
        """Return how much of the live part is over; None if it has no end."""
        now_ms = self.market_time_ms
        if self.live_until_ms is None or self.live_from_ms is None:
            return None
        if now_ms is None:
            return 0.0
        return min(1.0, max(0.0, (now_ms - self.live_from_ms) / max(1, self.live_until_ms - self.live_from_ms)))


class StateReader:
    """Keeps a `RunState` up to date, reading only what is new.

    Parameters
    ----------
    state
        What to update.
    log
        A log with offsets of its own.
    progress_file
        Where training says how far it is.
    """

    def __init__(self, state: RunState, log: RunLog, progress_file: Path) -> None:
        self.state = state
        self._log = log
        self._progress_file = progress_file
        self._refused: dict[str, str] = {}

    def refresh(self) -> None:
        """Read what is new."""
        self._read_checkpoints()
        if self.state.phase == "train":
            self._read_training()
        self._read_candles()
        self._read_predictions()
        self._read_books()
        self._read_strategy_checks()
        self.state.counts = {spec.name: self._log.count(spec) for spec in (*INPUTS.values(), PREDICTIONS, FILLS)}
        self.state.troubles = {
            name: words for name, each in self.state.processes.items() if (words := each.trouble())
        } | self._refused
        self.state.log = last_words(self.state.processes.values(), _LOG_LINES)
        self.state.lags = {
            service: self._log.lag(f"{service}-{self._log.environment}", spec)
            for service, spec in INPUTS.items()
            if service in self.state.processes
        }
        # The first stages' work becomes the last stages' wait, so the most that ever waited is the measure.
        waiting = sum(self.state.lags.values()) if self.state.phase == "drain" else 0
        self.state.most_waiting = max(self.state.most_waiting, waiting)

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def _values(self, spec: TopicSpec, whole: bool = False) -> list[dict[str, Any]]:
        rows = self._log.read_new(spec) if whole else self._log.read_tail(spec, _TAIL)
        return [json.loads(value) for _, _, _, value, _ in rows if value]

    def _read_checkpoints(self) -> None:
        for value in self._values(TRADES_CHECKPOINTS):
            self.state.market(value["pair"]).covered_to_ms = value["covered_to_us"] // US_PER_MS

    def _read_training(self) -> None:
        if self._progress_file.exists():
            self.state.training = json.loads(self._progress_file.read_text(encoding="utf-8"))

    def _read_candles(self) -> None:
        # Backfill comes in bulk, pair after pair, so every new row is looked at, but only the last of a pair is read.
        newest = {key: value for _, _, key, value, _ in self._log.read_new(CANDLES) if value and _MINUTE in value}
        for text in newest.values():
            value = json.loads(text)
            market = self.state.market(value["pair"])
            end_ms = value["window_start_ms"] + value["interval_s"] * MS_PER_SECOND
            if end_ms >= (market.candle_end_ms or 0):
                market.price, market.candle_end_ms = float(value["close"]), end_ms

    def _read_predictions(self) -> None:
        for value in self._values(PREDICTIONS):
            market = self.state.market(value["pair"])
            market.probability_up, market.confidence = value["probability_up"], value["confidence"]
            proven = value.get("model_gate") != "unproven"
            self.state.model = model_named(value["model_name"], value["model_version"], proven=proven)

    def _read_strategy_checks(self) -> None:
        # It lasts as long as the file is as it is, so it stands here and not only among a log's last words.
        for value in self._values(STRATEGY_CHECKS, whole=True):
            if not value["loads"]:
                continue
            self._refused.pop(value["strategy"], None)
            if not value["passed"]:
                said = StrategyCheck.model_validate(value, strict=False)
                self._refused[said.strategy] = f"{said.file} is not loaded: {said.problems}"

    def _read_books(self) -> None:
        for value in self._values(POSITIONS, whole=True):
            market = self.state.market(value["pair"])
            market.quantity, market.average_price = float(value["quantity"]), float(value["average_price"])
        fills = self._values(FILLS, whole=True)
        self.state.fills += len(fills)
        self.state.last_fills.extend(fills)
        for fill in fills:  # of an account that was not there when the run began
            self.state.currencies.setdefault(fill["account"], quote_currency(fill["pair"]))
        # The highest of a sum is found minute by minute; of an account it is on each message.
        for value in self._values(PNL, whole=bool(self.state.owners)):
            self._add_up(value)
            books = self.state.accounts.setdefault(value["account"], {})
            _add_to_course(self.state.equity.setdefault(value["account"], []), float(value["equity"]))
            initial = float(value["balance"]) - float(value["realised_quote"]) + float(value["fees_quote"])
            books.update(
                initial=initial,
                equity=float(value["equity"]),
                drawdown=float(value["drawdown_quote"]),
                exposure=float(value["exposure_quote"]),
                trading_state=value["trading_state"],
            )

    def _add_up(self, value: dict[str, Any]) -> None:
        for name, fold in self.state.owners.items():
            if value["account"] not in fold.accounts:
                continue
            if (told := fold.hear(Pnl.model_validate(value, strict=False))) is not None:
                self.state.owner_books[name] = told


def _add_to_course(course: list[float], value: float) -> None:
    course.append(value)
    if len(course) > _MOST_POINTS:
        del course[::2]


def last_words(processes: Iterable[ManagedProcess], count: int) -> list[str]:
    """Return the last lines of all logs, in the order of their times: those that begin with one."""
    lines = [line for process in processes for line in process.end_of_log() if line[:4].isdigit()]
    return sorted(lines, key=lambda line: line[:23])[-count:]
