"""A storm of orders: accounts at the simulated venue, all its faults, gateway and execution killed many times."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
from tests.chaos.order_books import Verdict, compare
from tests.support.fork_server import start
from tests.support.processes import start as start_module
from tests.support.venue_keys import SECRETS
from tests.support.waiting import wait_for

from contracts.account import Account
from contracts.fill import Fill
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.order import ENDS, Order
from contracts.position import Position
from contracts.signal import Signal
from contracts.topics import FILLS, ORDERS, POSITIONS, SIGNALS, TOPICS, TopicSpec
from contracts.units import MS_PER_SECOND
from streaming.clients import create_topics
from streaming.control import ControlSettings, Words, say
from streaming.producer import MessageProducer, open_producer
from streaming.settings import ServiceSettings
from streaming.tail import TopicTail

PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD", "ADA/USD")
#: Looked for in all that is written: what is in nobody's mouth by chance.
KEY = "canary-key-of-the-storm"
SECRET = SECRETS["kraken"]
PRELOADED = ("execution.app", "gateway.app")
#: The gateway's shortest deadline, and how long it waits for what is missing.
_DEADLINE_SECONDS, _SETTLE_SECONDS = 3, 2
_WITHOUT = "tests.chaos.gateway_without"
_PULSE_SECONDS = 1.0
#: A pulse waits for that many orders to be settled, but not for ever: some only are after their deadline.
_PATIENCE_SECONDS = 20.0
_GIVE_UP_SECONDS = 120.0
#: Without a protection orders may stay on their way for ever; after so long there is enough to see.
_LONG_ENOUGH_SECONDS = 30.0
_ONE_PULSE_IN = 4
_BREAK_EVERY = 3
_MANY = 1_000_000
#: Venue -> how often it is asked until it was compared with: names, time, fees (at Binance of each pair), and a whole
#: comparison, which at Binance is of pairs with orders only.
_FIRST_REQUESTS: Mapping[str, Callable[[int], int]] = {
    "kraken": lambda _: 7,
    "coinbase": lambda _: 8,
    "binance": lambda pairs: 6 + pairs,
}


def faults(share: float) -> list[dict[str, Any]]:
    """Return all faults of orders, the frequent ones with a chance of `share`."""

    def of(kind: str, part: float, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "share": round(share * part, 6), "count": _MANY, **more}

    return [
        of("timeout_before", 1, delay_ms=20),
        of("timeout_after", 1, delay_ms=20),
        of("error_after", 1),
        of("request_late", 0.5, delay_ms=1_200),  # in time for its deadline
        of("request_late", 1, delay_ms=1_000 * (_DEADLINE_SECONDS + _SETTLE_SECONDS + 4)),  # and after it
        of("invisible", 1, delay_ms=1_500),
        of("reject", 0.5, error="EOrder:Orders limit exceeded"),
        of("cancel_race", 1),
        of("fill_late", 1, delay_ms=1_500),
        of("fill_lost", 1),
        of("fill_tripled", 1),
        of("fill_reordered", 1),
        {"kind": "foreign_order", "count": 1},
    ]


#: What breaks the stream of executions, one after another.
BREAKS: tuple[dict[str, Any], ...] = (
    {"kind": "disconnect"},
    {"kind": "garbage"},
    {"kind": "refuse_connections", "count": 2},
    {"kind": "disconnect", "close_code": 1012},
    {"kind": "half_open"},
)


@dataclass
class Storm:
    """One run.

    Parameters
    ----------
    folder
        Of data, state and log files.
    signals, kills
        How many decisions are sent at least, and how often each of gateway and execution is killed.
    accounts
        How many there are, all at the venue under one key.
    share
        The chance of a frequent fault, for each order; 0: there are none at all.
    without
        A protection that the gateway has not; None: it has all.
    venue
        Whose private calls are spoken.
    """

    folder: Path
    signals: int
    kills: int
    accounts: int = 20
    pairs: tuple[str, ...] = PAIRS
    share: float = 0.05
    seed: int = 7
    without: str | None = None
    venue: str = "kraken"
    processes: dict[str, ForkServerProcess] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    stream_url: str = "off"
    _steps: dict[str, Order] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = ServiceSettings(data_dir=self.folder, broker_address=f"embedded://{self.folder}/log")
        self._dice = random.Random(self.seed)
        self._orders = TopicTail(self.settings, ORDERS)

    def run(self) -> tuple[Verdict, dict[str, int]]:
        """Do everything; return how both sides differ, and how often each fault has hit."""
        with self.begun() as url:
            self._blow(url)
            self._calm(url)
            verdict, hits = self._compare(url)
            if self.without is None:
                # A stop that was just filled or replaced is on its way between the two looks: then look again.
                give_up = time.monotonic() + _GIVE_UP_SECONDS

                def agrees() -> bool:
                    nonlocal verdict, hits
                    verdict, hits = self._compare(url)
                    return verdict.good or time.monotonic() > give_up

                wait_for(agrees, "both sides to agree", 2 * _GIVE_UP_SECONDS, poll_seconds=0.5)
            self._end()
            return verdict, hits

    def halt(self) -> list[OperatorCommand]:
        """Say halt to all accounts, as an operator does; return what was said."""
        settings = ControlSettings(
            data_dir=self.folder,
            broker_address=self.settings.broker_address,
            accounts=tuple(Account(**each) for each in self._accounts),
        )
        return say(settings, Words("halt", "the storm is over", "tests"))

    @contextmanager
    def begun(self) -> Iterator[str]:
        """Run venue and services; what the venue's address is comes when the gateway has looked around there."""
        create_topics(self.settings, TOPICS)
        with self._venue() as url, self._services(url):
            yield url

    def _compare(self, url: str) -> tuple[Verdict, dict[str, int]]:
        said = httpx.get(f"{url}/sim/orders", timeout=60).json()
        return self._verdict(said["accounts"]["main"]), said["hits"]

    @contextmanager
    def _venue(self) -> Iterator[str]:
        """Run the simulated venue; an account is as rich as all of ours together."""
        ready = self.folder / "venue.json"
        money = {"USD": str(20_000 * self.accounts)}
        process = start_module(
            "exchanges.simulator",
            self.folder,
            SIMULATOR_PAIRS=",".join(self.pairs),
            SIMULATOR_AUTO_START="true",
            SIMULATOR_REQUESTS_PER_SECOND=0,
            SIMULATOR_TIER="unlimited",
            SIMULATOR_KEYS=json.dumps(
                [{"key": KEY, "secret": SECRETS[self.venue], "venue": self.venue, "balances": money}]
            ),
            SIMULATOR_FAULTS=json.dumps(faults(self.share) if self.share else []),
            SIMULATOR_READY_FILE=ready,
        )
        try:
            wait_for(ready.exists, "the simulated venue", of=process)
            urls = json.loads(ready.read_text())
            self.stream_url = str(urls["private_websocket_urls"][self.venue])
            yield urls["rest_url"]
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def _services(self, url: str) -> Iterator[None]:
        self.variables = self._told(url)
        for name in self.services:
            self._start(name)
        try:
            # What is there before the gateway has looked for the first time may have been sent, as far as it knows.
            first = _FIRST_REQUESTS[self.venue](len(self.pairs))
            wait_for(lambda: _requests(url) >= first, "the gateway to look around", _GIVE_UP_SECONDS)
            yield
        finally:
            for process in self.processes.values():
                process.kill()
                process.join()

    @property
    def services(self) -> tuple[str, ...]:
        """Which run, in the order in which they are started."""
        return ("execution", "gateway")

    @property
    def _accounts(self) -> list[dict[str, Any]]:
        # Fees of thousands of orders would come to the limit of a day, and then nothing would be ordered any more.
        size = min(10, 50 // len(self.pairs))
        usual = {"broker": "venue", "position_pct": size, "cooldown_bars": 0, "max_daily_loss_pct": 100}
        return [{"name": name, "pairs": self.pairs, "max_total_loss_pct": 100, **usual} for name in self.names]

    def _told(self, url: str) -> dict[str, str]:
        """Return what all services are told."""
        return {
            "TRADESTREAM_BROKER_ADDRESS": self.settings.broker_address,
            "TRADESTREAM_DATA_DIR": str(self.folder),
            "TRADESTREAM_STORE_URL": "off",
            "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.2",
            "TRADESTREAM_ACCOUNTS": json.dumps(self._accounts),
            "GATEWAY_EXCHANGE": self.venue,
            "GATEWAY_REST_URL": url,
            "GATEWAY_WEBSOCKET_URL": self.stream_url,
            "GATEWAY_API_KEY": KEY,
            "GATEWAY_API_SECRET": SECRETS[self.venue],
            "GATEWAY_DEADLINE_SECONDS": str(_DEADLINE_SECONDS),
            "GATEWAY_SETTLE_SECONDS": str(_SETTLE_SECONDS),
            "GATEWAY_ASK_SECONDS": "0.5",
            "GATEWAY_RECONCILE_SECONDS": "1",
            "GATEWAY_FOREIGN_ORDERS": "report",
            "TESTED_GATEWAY_WITHOUT": self.without or "",
        }

    @property
    def names(self) -> list[str]:
        """The accounts."""
        return [f"a{number}" for number in range(self.accounts)]

    def _start(self, name: str) -> None:
        module = _WITHOUT if name == "gateway" and self.without is not None else name
        variables = {**self.variables, **self._own(name)}
        self.processes[name] = start(module, variables, str(self.folder / f"{name}.log"))

    def _own(self, name: str) -> dict[str, str]:
        """Return what one service is told beside what all are."""
        return {}

    def _kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].join()
        self.killed.append(name)
        self._start(name)

    def _blow(self, url: str) -> None:
        """Let every account decide about every pair, pulse after pulse, and kill meanwhile."""
        pulses = -(-self.signals // (self.accounts * len(self.pairs)))
        # A killed gateway asks for all that it found until their deadlines are over: most pulses are spared that.
        struck = self._dice.sample(range(pulses), -(-pulses // _ONE_PULSE_IN))
        plan = Counter(
            (self._dice.choice(struck), name) for name in ("execution", "gateway") for _ in range(self.kills)
        )
        with open_producer(self.settings, "signals") as producer:
            for pulse in range(pulses):
                if self.share and pulse % _BREAK_EVERY == 1:
                    self.break_stream(url, pulse // _BREAK_EVERY)
                self.pulse(producer, url, pulse)
                self._breathe([name for (at, name), count in plan.items() if at == pulse for _ in range(count)])

    def pulse(self, producer: MessageProducer, url: str, pulse: int) -> None:
        """Let every account decide about every pair: to buy in the first pulse, to sell in the next, and so on."""
        start_ms = int(time.time()) * MS_PER_SECOND - MS_PER_SECOND
        for pair in self.pairs:
            price = self._price(url, pair)
            for name in self.names:
                producer.produce(SIGNALS, _signal(name, self.venue, pair, start_ms, price, buys=pulse % 2 == 0))
        producer.flush()

    def break_stream(self, url: str, number: int) -> None:
        """Break what tells of executions, and of trades."""
        httpx.post(f"{url}/sim/faults", json=BREAKS[number % len(BREAKS)], timeout=60).raise_for_status()

    def _price(self, url: str, pair: str) -> str:
        since_ms = int(time.time() - 1_800) * MS_PER_SECOND
        answer = httpx.get(f"{url}/sim/trades", params={"pair": pair, "since_ms": since_ms}, timeout=60)
        return str(answer.json()["prices"][-1])

    def _breathe(self, due: Iterable[str]) -> None:
        """Kill who is due, at moments of the pulse; go on when most orders are settled."""
        began = time.monotonic()
        moments = sorted((began + self._dice.uniform(0.0, _PULSE_SECONDS), name) for name in due)

        def over() -> bool:
            if moments and moments[0][0] <= time.monotonic():
                self._kill(moments.pop(0)[1])
            self._look_after()
            waited = time.monotonic() - began
            few = len(self._unsettled()) * 4 < self.accounts * len(self.pairs)
            return not moments and waited >= _PULSE_SECONDS and (few or waited >= _PATIENCE_SECONDS)

        wait_for(over, "a pulse", _GIVE_UP_SECONDS, poll_seconds=0.02)

    def _calm(self, url: str) -> None:
        """Wait until every order is settled, or rests at the venue."""

        began = time.monotonic()

        def calm() -> bool:
            self._look_after()
            enough = self.without is not None and time.monotonic() - began > _LONG_ENOUGH_SECONDS
            return enough or not self._unsettled()

        wait_for(calm, lambda: f"orders to settle: {self._unsettled()[:5]}", _GIVE_UP_SECONDS, poll_seconds=0.2)

    def _end(self) -> None:
        """Do what is to be done after the comparison, while everything still runs."""

    def _look_after(self) -> None:
        for name, process in self.processes.items():
            log = self.folder / f"{name}.log"
            assert process.exitcode is None, f"{name} ended with {process.exitcode}: {log.read_text()[-3_000:]}"

    def _unsettled(self) -> list[tuple[str, str]]:
        for order in _messages(self._orders, ORDERS):
            known = self._steps.get(order.order_id)
            if known is None or known.step <= order.step:
                self._steps[order.order_id] = order
        return [
            (order.order_id, order.status)
            for order in self._steps.values()
            if order.status not in ENDS and not (order.purpose == "protect" and order.status == "ACCEPTED")
        ]

    def _verdict(self, truth: dict[str, Any]) -> Verdict:
        kinds: tuple[tuple[TopicSpec, type[Message]], ...] = ((ORDERS, Order), (FILLS, Fill), (POSITIONS, Position))
        orders, fills, positions = (list(_messages(TopicTail(self.settings, spec), spec)) for spec, _ in kinds)
        return compare(truth, orders, fills, positions)


def _requests(url: str) -> int:
    return int(httpx.get(f"{url}/sim/status", timeout=60).json()["requests"])


def _messages(tail: TopicTail, spec: TopicSpec) -> Iterator[Any]:
    for record in tail.read_new():
        if record.value is not None:
            yield spec.decode(record.value)


def _signal(account: str, venue: str, pair: str, start_ms: int, price: str, buys: bool) -> Signal:
    return Signal(
        account=account,
        exchange=venue,
        pair=pair,
        strategy=f"of_{pair.partition('/')[0].lower()}",  # an account has as many as it has pairs
        interval_s=1,
        window_start_ms=start_ms,
        decision="buy" if buys else "sell",
        reason="confident",
        direction=1 if buys else -1,
        probability_up=0.9 if buys else 0.1,
        confidence=0.9,
        expires_at_ms=start_ms + 61 * MS_PER_SECOND,
        model_name="direction",
        model_version=1,
        prediction_id="p",
        stop_pct=20.0,
        mark_open=price,
        mark_high=price,
        mark_low=price,
        mark_close=price,
        mark_volume="100000000",
        mark_trade_count=10,
        mark_quality="complete",
    )
