"""Trades to 1-minute candles, JSON decoding included, on one core: ours against two peers on the same trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.util import find_spec
from statistics import median

import orjson

from benchmarks.contestant import Result, Task, run
from benchmarks.logs import fill, item, running_log
from benchmarks.market import Trades, make_trades
from benchmarks.reference import Ohlcv, aggregate, require_equal
from benchmarks.table import Goal, Table, rate
from contracts.candle import Candle
from contracts.message import Message
from contracts.topics import CANDLES, TRADES, TopicSpec
from contracts.units import MS_PER_MINUTE, US_PER_MS, US_PER_SECOND
from streaming.clients import create_topics, end_offsets, read_topic
from streaming.settings import ServiceSettings

PAIR = "BTC/USD"
TRADES_PER_MINUTE = 700

SINGLES, FRAMES = "candles service, frames of 1", "candles service, frames of 1,000"
PLAIN, BYTEWAX = "QuixStreams tumbling_window", "bytewax fold_window"
#: (contestant, peer, times as fast in CPU time)
GOALS = ((FRAMES, PLAIN, 30.0), (FRAMES, BYTEWAX, 3.0), (SINGLES, PLAIN, 1.0))

Parse = Callable[[bytes], tuple[int, Ohlcv]]


@dataclass(frozen=True)
class Size:
    """How much work: trades that go one by one, how many times as many in frames of 1,000, and how often."""

    trades: int = 100_000
    frames_factor: int = 10
    repeats: int = 3


@dataclass(frozen=True)
class Contestant:
    """One way from trades to candles over one log, and what its candles must be.

    Attributes
    ----------
    written
        What its target holds beyond what it held at the call before.
    """

    label: str
    task: Task
    trades: int
    truth: dict[int, Ohlcv]
    parse: Parse
    written: Callable[[], Iterable[bytes]]
    exact: bool = False

    def run(self, number: int) -> Result:
        """Run once, as a group of its own; the time of wrong candles is refused."""
        group = f"{self.task.who}-{self.task.environment}-{number}"
        result = run(replace(self.task, group=group, folder=f"{self.task.folder}/{group}"))
        require_equal(dict(map(self.parse, self.written())), self.truth, self.label, exact=self.exact)
        return result


def measure(kind: str, size: Size) -> list[Table]:
    """Run all contestants over the log `kind`, in turn, several times."""
    trades = make_trades(PAIR, size.trades * size.frames_factor, TRADES_PER_MINUTE)
    few = trades.part(0, size.trades)
    truth, few_truth = aggregate(trades, MS_PER_MINUTE), aggregate(few, MS_PER_MINUTE)
    with running_log(kind) as settings:
        contestants = [
            _ours(settings, SINGLES, "single", few, few_truth, 1),
            _ours(settings, FRAMES, "thousand", trades, truth, 1_000),
            _peer(settings, PLAIN, "plain_quixstreams", few, few_truth),
        ]
        if find_spec("bytewax") is not None:
            bytewax = _bytewax_from_memory if kind == "embedded" else _bytewax
            contestants.append(bytewax(settings, few, few_truth))
        results: dict[str, list[Result]] = {contestant.label: [] for contestant in contestants}
        for number in range(size.repeats):
            for contestant in contestants:
                results[contestant.label].append(contestant.run(number))
    return [_table(kind, contestants, results)]


def our_task(settings: ServiceSettings, environment: str, frames: Iterable[Message]) -> Task:
    """Write `frames` to a topic `trades` of their own and return the task to make candles of them."""
    local = settings.model_copy(update={"environment": environment})
    create_topics(local, [TRADES, CANDLES])
    return _task(local, "ours", fill(local, TRADES.full_name(environment), map(item, frames)))


def _ours(
    settings: ServiceSettings, label: str, environment: str, trades: Trades, truth: dict[int, Ohlcv], frame: int
) -> Contestant:
    # Single trades come live, a thousand at once from history.
    task = replace(our_task(settings, environment, trades.frames(frame)), job=frame > 1)
    written = new_on(settings.model_copy(update={"environment": environment}), CANDLES)
    return Contestant(label, task, len(trades), truth, _our_candle, written, exact=True)


def _peer(settings: ServiceSettings, label: str, who: str, trades: Trades, truth: dict[int, Ohlcv]) -> Contestant:
    source, target = (_topic_of_peers(f"{name}.{who}") for name in ("ticks", "ohlcv"))
    create_topics(settings, [source, target])
    times_ms = (trades.timestamps_us // US_PER_MS).tolist()
    ticks = ((PAIR, value, at) for value, at in zip(trades.singles(), times_ms, strict=True))
    fill(settings, source.full_name(settings.environment), ticks)
    names = (topic.full_name(settings.environment) for topic in (source, target))
    task = _task(settings, who, len(trades), *names)
    return Contestant(label, task, len(trades), truth, _peers_candle, new_on(settings, target))


def _bytewax(settings: ServiceSettings, trades: Trades, truth: dict[int, Ohlcv]) -> Contestant:
    return _peer(settings, BYTEWAX, "bytewax_peer", trades, truth)


def _bytewax_from_memory(settings: ServiceSettings, trades: Trades, truth: dict[int, Ohlcv]) -> Contestant:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    source, target = settings.data_dir / "ticks.jsonl", settings.data_dir / "ohlcv.jsonl"
    source.write_bytes(b"\n".join(trades.singles()))
    task = _task(settings, "bytewax_peer", len(trades), str(source), str(target))
    return Contestant(BYTEWAX, task, len(trades), truth, _peers_candle, lambda: target.read_bytes().splitlines())


def _topic_of_peers(name: str) -> TopicSpec:
    return TopicSpec(name, (), key="pair", written_by="benchmarks", partitions=1)


def _task(settings: ServiceSettings, who: str, messages: int, source: str = "", target: str = "") -> Task:
    return Task(
        who=who,
        broker_address=settings.broker_address,
        environment=settings.environment,
        source=source,
        target=target,
        messages=messages,
        group=who,
        folder=str(settings.data_dir / "state"),
    )


def new_on(settings: ServiceSettings, spec: TopicSpec) -> Callable[[], Iterable[bytes]]:
    """Return what tells the values on a topic that it has not told before."""
    seen: dict[int, int] = {}

    def new() -> list[bytes]:
        values = [record.value or b"" for record in read_topic(settings, spec, seen)]
        seen.update(end_offsets(settings, spec))
        return values

    return new


def _our_candle(value: bytes) -> tuple[int, Ohlcv]:
    candle = Candle.from_json(value)
    opening, high, low, close = map(Decimal, (candle.open, candle.high, candle.low, candle.close))
    return candle.window_start_ms, (opening, high, low, close, Decimal(candle.volume))


def _peers_candle(value: bytes) -> tuple[int, Ohlcv]:
    candle = orjson.loads(value)
    opening, high, low, close = (Decimal(str(candle[name])) for name in ("open", "high", "low", "close"))
    return candle["start"], (opening, high, low, close, Decimal(str(candle["volume"])))


def _table(kind: str, contestants: list[Contestant], results: dict[str, list[Result]]) -> Table:
    cpu_us, wall_us = (
        {
            each.label: median(getattr(result, name) for result in results[each.label]) / each.trades * US_PER_SECOND
            for each in contestants
        }
        for name in ("cpu_seconds", "seconds")
    )
    peers = [each.label for each in contestants if each.label in (PLAIN, BYTEWAX)]
    rows = [
        (
            label,
            f"{each.trades:,}",
            rate(US_PER_SECOND / wall_us[label]),
            f"{cpu_us[label]:.2f}",
            *(f"{cpu_us[peer] / cpu_us[label]:.2f}x" for peer in peers),
            *(f"{wall_us[peer] / wall_us[label]:.2f}x" for peer in peers),
        )
        for each in contestants
        for label in [each.label]
    ]
    goals = [
        Goal(f"{ours} against {peer}, CPU time", cpu_us[peer] / cpu_us[ours], wanted, at_least=True, unit="x")
        for ours, peer, wanted in GOALS
        if peer in peers
    ]
    ratios = [f"{time}: x {peer.split()[0]}" for time in ("CPU", "wall") for peer in peers]
    notes = [f"{BYTEWAX} reads from memory and writes to it"] if kind == "embedded" and BYTEWAX in peers else []
    if BYTEWAX not in peers:
        notes.append("bytewax is not installed: left out (`uv sync --group bench`)")
    columns = ("", "trades", "trades/s", "CPU us/trade", *ratios)
    return Table(f"Trades to 1-minute candles on one core, {kind}; medians", columns, rows, goals, notes)
