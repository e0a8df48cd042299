"""The faults: each takes a stage, does one thing to a live run, and says what it saw."""

from __future__ import annotations

import random
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.chaos.kill_plan import carry_out, plan_kills, tell_kills
from tests.chaos.live_market import PAIRS, LiveMarket
from tests.chaos.live_run import LiveRun
from tests.chaos.small_disk import filled, small_disk
from tests.kafka.throwaway_broker import Broker, free_port
from tests.support.fork_server import CLOCK_OFFSET

from contracts.services import FLOW_NAMES

_NO_SPACE = "o space left"
_IN_DISORDER = 3
#: The run behind a fault, and what is worth telling of it.
Outcome = tuple[LiveRun, str]


@dataclass
class Stage:
    """Where one run takes place.

    Parameters
    ----------
    name
        Of the run: its folder, and on Kafka its topics.
    folder
        Everything of the run.
    broker
        None for the embedded log.
    model
        Settings that name the trained model.
    market_size
        Minutes of live market, and how fast they pass.
    """

    name: str
    folder: Path
    broker: Broker | None
    model: dict[str, str]
    market_size: tuple[float, float]
    seed: int
    kills: int = 0

    def run(
        self,
        faults: list[dict[str, Any]] | None = None,
        own: dict[str, dict[str, str]] | None = None,
        log_folder: Path | None = None,
        broker: Broker | None = None,
    ) -> LiveRun:
        """Return the run, not yet started: on the stage's log, unless another is given."""
        broker = broker or self.broker
        address = broker.address if broker else f"embedded://{log_folder or self.folder / 'log'}"
        return LiveRun(
            address,
            self.folder,
            self.model,
            environment="".join(c for c in f"t{self.name}" if c.isalnum()) if self.broker else "dev",
            replication_factor=broker.brokers if broker else 1,
            own=own or {},
            market=self.market(faults or []),
        )

    def market(self, faults: list[dict[str, Any]] | None = None) -> LiveMarket:
        """Return the market of the run."""
        return LiveMarket(self.folder, *self.market_size, faults=faults or [])


def kills(stage: Stage) -> Outcome:
    """SIGKILL of every service, all through the market's hours."""
    run = stage.run()
    with run.live():
        carry_out(plan_kills(stage.seed, stage.kills, run.market.live_seconds * 0.95), run)
    return run, tell_kills(run)


def sockets_cut(stage: Stage) -> Outcome:
    """The WebSocket is cut without a word, closed with a code, and the next connections are refused."""
    run = stage.run()
    with run.live():
        pause = run.market.live_seconds / 5
        run.watch_for(pause)
        run.market.strike(kind="disconnect")
        run.watch_for(pause)
        run.market.strike(kind="disconnect", close_code=1012)
        run.watch_for(pause)
        run.market.strike(kind="refuse_connections", count=2)
        run.market.strike(kind="disconnect")
        run.watch_until(lambda: run.market.status()["connections_opened"] >= 4, "the feed to come back")
    return run, "3 cuts, 2 refusals"


def socket_half_open(stage: Stage) -> Outcome:
    """The WebSocket stays open and says nothing more: no bytes, no FIN, no pong."""
    run = stage.run()
    with run.live():
        run.watch_for(run.market.live_seconds / 4)
        run.market.strike(kind="half_open")
        run.watch_until(lambda: bool(run.said("no message for")), "the silence to be noticed")
        run.watch_until(lambda: run.market.status()["connections_opened"] >= 2, "the feed to come back")
    return run, "noticed after 2 s"


def frames_disordered(stage: Stage) -> Outcome:
    """Trades come twice, in frames out of order, and late."""
    faults = disorder(stage.market())
    run = stage.run(faults=faults)
    with run.live():
        pass
    hit = Counter(fault["kind"] for fault in faults)
    return run, ", ".join(f"{_IN_DISORDER * count} trades {kind}" for kind, count in hit.items())


def disorder(market: LiveMarket) -> list[dict[str, Any]]:
    """Return faults of `market`: in turn, wherever one fits, some trades twice, some in reverse, some late."""
    kinds = cycle(("duplicate", "reorder", "late"))
    return [
        {"kind": next(kinds), "pair": pair, "at_ms": at_ms, "count": _IN_DISORDER}
        for pair in PAIRS
        for at_ms in market.mid_minute_runs(pair, _IN_DISORDER)
    ]


def clocks_off(stage: Stage) -> Outcome:
    """Every service's wall clock is minutes off, and jumps in the middle of the run."""
    dice = random.Random(stage.seed)
    own = {name: {CLOCK_OFFSET: str(dice.randint(-900, 900))} for name in FLOW_NAMES}
    told = ", ".join(f"{name} {int(own[name][CLOCK_OFFSET]):+d} s" for name in FLOW_NAMES)
    run = stage.run(own=own)
    with run.live():
        run.watch_for(run.market.live_seconds / 2)
        for name in FLOW_NAMES:
            run.own[name] = {CLOCK_OFFSET: str(-int(own[name][CLOCK_OFFSET]))}
            run.kill(name)
    return run, f"{told}; then the opposite"


def disk_of_state_full(stage: Stage) -> Outcome:
    """The disk of the state stores is full for some seconds."""
    with small_disk(stage.folder / "state-disk", megabytes=192) as disk:
        own = {name: {"TRADESTREAM_STATE_DIR": str(disk / name)} for name in FLOW_NAMES if name != "trades"}
        run = stage.run(own=own)
        with run.live():
            note = _full_for_a_while(run, disk)
        return run, note


def disk_of_log_full(stage: Stage) -> Outcome:
    """The disk of the log is full for some seconds; on Kafka the broker's, which ends and is started again."""
    if stage.broker:
        return _disk_of_broker_full(stage)
    with small_disk(stage.folder / "log-disk", megabytes=192) as disk:
        run = stage.run(log_folder=disk / "log")
        with run.live():
            note = _full_for_a_while(run, disk)
        return run, note


def _full_for_a_while(run: LiveRun, disk: Path) -> str:
    run.watch_for(run.market.live_seconds / 4)
    with filled(disk):
        run.watch_until(lambda: bool(run.said(_NO_SPACE)), "somebody to notice that the disk is full")
        run.watch_for(run.market.live_seconds / 4)
    return _tell_disk(run)


def _tell_disk(run: LiveRun) -> str:
    said = ", ".join(f"{name} {count}" for name, count in run.said(_NO_SPACE).items())
    tracebacks = sum(run.said("Traceback").values())
    assert not tracebacks, f"{tracebacks} tracebacks where one line was expected: see {run.folder}"
    return f"said so in one line: {said or 'nobody'}; {run.restarts} starts"


def _disk_of_broker_full(stage: Stage) -> Outcome:
    with small_disk(stage.folder / "broker-disk", megabytes=512) as disk:
        broker = Broker(disk / "kafka", free_port())
        broker.up()
        try:
            run = stage.run(broker=broker)
            with run.live():
                run.watch_for(run.market.live_seconds / 4)
                with filled(disk):
                    run.watch_until(lambda: not _answers(broker), "the broker to end")
                    run.watch_for(2)
                broker.up()
            return run, f"the broker ended; {run.restarts} services started again"
        finally:
            broker.run("down")


def _answers(broker: Broker) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", broker.port)) == 0


def broker_restarted(stage: Stage) -> Outcome:
    """The only broker is stopped, and is back some seconds later."""
    assert stage.broker is not None
    run = stage.run()
    with run.live():
        run.watch_for(run.market.live_seconds / 4)
        stopped = stage.broker.run("down")
        assert stopped.returncode == 0, stopped.stderr
        run.watch_for(3)
        stage.broker.up()
    return run, f"{run.restarts} services started again"


def one_of_three_brokers_killed(stage: Stage) -> Outcome:
    """SIGKILL of one of three brokers, for good."""
    three = Broker(stage.folder / "brokers", free_port(), brokers=3)
    try:
        three.up()
        run = stage.run(broker=three)
        with run.live():
            run.watch_for(run.market.live_seconds / 4)
            three.kill(2)
        return run, f"{run.restarts} services started again"
    finally:
        three.run("down")


@dataclass(frozen=True)
class Fault:
    """A name for the table, and on which logs it can happen."""

    do: Callable[[Stage], Outcome]
    logs: tuple[str, ...] = field(default=("embedded", "kafka"))

    @property
    def name(self) -> str:
        return self.do.__name__.replace("_", " ")


FAULTS = (
    Fault(kills),
    Fault(sockets_cut),
    Fault(socket_half_open),
    Fault(frames_disordered),
    Fault(clocks_off),
    Fault(disk_of_state_full),
    Fault(disk_of_log_full),
    Fault(broker_restarted, ("kafka",)),
    Fault(one_of_three_brokers_killed, ("kafka",)),
)
