"""All six services over one log, embedded or Kafka: started, killed, drained, and what they wrote collected.

A process is called after its service, a further replica `service:instance`.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.kafka.throwaway_broker import login
from tests.support.fork_server import start
from tests.support.waiting import wait_for

from contracts.services import FLOW, FLOW_NAMES, INPUTS
from contracts.services import service as service_of
from contracts.topics import (
    PNL,
    REFERENCE_CANDLES,
    SYMBOL_SUBSCRIPTIONS,
    TOPICS,
    TRADES_CHECKPOINTS,
    TopicSpec,
)
from streaming.clients import create_topics, lag, read_dead_letters, read_topic
from streaming.embedded.partitioner import partition_for
from streaming.log_client import open_client
from streaming.settings import ServiceSettings

GIVE_UP_SECONDS = 120.0
#: Service -> the topic its progress shows on; orders are too few.
PROGRESS = {each.name: each.writes[0] for each in FLOW} | {"execution": PNL}
#: Checkpoints say how far a run has come, and a killed one says so more often; a subscription is asked for at a wall
#: clock's time.
COMPARED = tuple(
    spec for spec in TOPICS if spec not in (TRADES_CHECKPOINTS, SYMBOL_SUBSCRIPTIONS) and not spec.operational
)

Values = dict[tuple[str, str, str], set[bytes]]


@dataclass(frozen=True)
class Written:
    """What a run left on its topics.

    Attributes
    ----------
    values
        (topic, kind, message id) -> the different values under that id: exactly one each, if all is well.
    messages
        Topic -> how many messages, repeats included.
    partitions
        Topic -> how many partitions hold any.
    """

    values: Values
    messages: dict[str, int]
    partitions: dict[str, int]

    @property
    def distinct(self) -> dict[str, int]:
        """Topic -> how many different messages."""
        counted: dict[str, int] = defaultdict(int)
        for topic, _, _ in self.values:
            counted[topic] += 1
        return dict(counted)

    @property
    def repeated(self) -> int:
        """How many messages came again."""
        return sum(self.messages.values()) - len(self.values)


@dataclass
class SixServices:
    """The services of one run.

    Parameters
    ----------
    broker_address
        Where; nothing else differs between the two kinds of log.
    folder
        Of data, state and log files.
    given
        Settings of this run.
    own
        Service -> settings of its own, over `given`.
    give_up_seconds
        How long one step of it may take.
    users
        A folder with a file of settings for each user, where the broker wants users.
    """

    broker_address: str
    folder: Path
    given: Mapping[str, str]
    environment: str = "dev"
    replication_factor: int = 1
    processes: dict[str, ForkServerProcess] = field(default_factory=dict)
    restarts: int = 0
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    users: Path | None = None
    give_up_seconds: float = GIVE_UP_SECONDS

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        broker: dict[str, Any] = {"TRADESTREAM_BROKER_ADDRESS": self.broker_address, **login(self.users, "operator")}
        self.settings = ServiceSettings(
            data_dir=self.folder,
            environment=self.environment,
            replication_factor=self.replication_factor,
            **broker,
        )
        self._client = open_client(self.settings)

    def start(self, name: str) -> None:
        service, _, instance = name.partition(":")
        shared = {
            "TRADESTREAM_BROKER_ADDRESS": self.broker_address,
            "TRADESTREAM_ENVIRONMENT": self.environment,
            "TRADESTREAM_DATA_DIR": str(self.folder),
            "TRADESTREAM_REPLICATION_FACTOR": str(self.replication_factor),
            "TRADESTREAM_STORE_URL": "off",
            "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.2",
            # Market time flies here, and a killed service is back only after many bars of it.
            "SIGNALS_MAXIMUM_PENDING_BARS": "100000",
            "TRADESTREAM_INSTANCE_ID": instance or "0",
            **login(self.users, f"{service}-{self.environment}"),
        }
        self.processes[name] = start(
            service, {**shared, **self.given, **self.own.get(service, {})}, str(self.log(name))
        )

    @contextmanager
    def running(self, names: Sequence[str] = FLOW_NAMES) -> Iterator[SixServices]:
        """Everything runs in the block; afterwards it is asked to stop, and has to."""
        create_topics(self.settings, TOPICS)
        for name in reversed(names):
            self.start(name)
        try:
            yield self
            self.stop()
        finally:
            for process in self.processes.values():
                process.kill()
                process.join()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for name in self.processes:
            self._ends_well(name)

    def remove(self, name: str, *, gently: bool) -> None:
        """End a process for good: by SIGTERM, and with its own time to leave, or by SIGKILL."""
        if gently:
            self.processes[name].terminate()
            self._ends_well(name)
        else:
            self.processes[name].kill()
            self.processes[name].join()
        del self.processes[name]

    def _ends_well(self, name: str) -> None:
        process = self.processes[name]
        process.join(self.give_up_seconds)
        assert process.exitcode == 0, f"{name} ended with {process.exitcode}: {self.last_words(name)}"

    def kill(self, name: str) -> None:
        """SIGKILL, and start again at once, as a supervisor does."""
        self.processes[name].kill()
        self.processes[name].join()
        self.start(name)

    def look_after(self, may_restart: bool = False) -> None:
        """Fail if a service ended by itself; or start it again, where that is what is expected of it."""
        for name, process in self.processes.items():
            if process.exitcode is None or (_is_source(name) and process.exitcode == 0):
                continue
            assert may_restart, f"{name} ended with {process.exitcode}: {self.last_words(name)}"
            self.restarts += 1
            self.start(name)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        return self.log(name).read_text(encoding="utf-8", errors="replace")[-3_000:]

    def written(self, spec: TopicSpec) -> int:
        """Return how many messages a topic has."""
        marks = self._client.watermarks(spec.full_name(self.environment))
        return sum(high for _, high in marks.values())

    def drain(self, may_restart: bool = False) -> None:
        """Return when the source has ended and each service has committed its whole input, in flow order."""
        for source in [name for name in self.processes if _is_source(name)]:
            self._wait(lambda name=source: self.processes[name].exitcode == 0, source, may_restart)
        for name in INPUTS:
            self._wait(lambda name=name: self.caught_up(name), name, may_restart)

    def caught_up(self, name: str) -> bool:
        """Whether a service has committed all that its inputs hold."""
        read = [spec for spec in service_of(name).inputs if spec is not REFERENCE_CANDLES]
        return all(lag(self.settings, f"{name}-{self.environment}", spec) == 0 for spec in read)

    def wait_for(self, spec: TopicSpec, messages: int) -> None:
        """Return when a topic has so many messages."""
        self._wait(lambda: self.written(spec) >= messages, spec.written_by, may_restart=False)

    def _wait(self, done: Callable[[], bool], what: str, may_restart: bool) -> None:
        def all_well() -> bool:
            self.look_after(may_restart)
            return done()

        wait_for(all_well, lambda: f"{what}: {self.last_words(what)}", self.give_up_seconds)

    def kill_each(self, seed: int, kills: int, expected: Mapping[str, int]) -> list[tuple[str, int]]:
        """SIGKILL each service `kills` times, when its output reaches lengths drawn from `seed`.

        Parameters
        ----------
        expected
            Topic -> how many messages an undisturbed run writes.

        Returns
        -------
        list of (service, messages written when it was killed)
        """
        dice = random.Random(seed)
        waiting = {
            name: sorted(dice.randrange(1, int(expected[spec.name] * 0.8)) for _ in range(kills))
            for name, spec in PROGRESS.items()
        }
        done = []

        def kill_those_due() -> bool:
            for name in [name for name, points in waiting.items() if points]:
                count = self.written(PROGRESS[name])
                if count >= waiting[name][0]:
                    assert self.processes[name].exitcode is None, f"{name} ended before its kill"
                    self.kill(name)
                    waiting[name].pop(0)
                    done.append((name, count))
            self.look_after()
            return not any(waiting.values())

        seconds = self.give_up_seconds * (1 + kills // 3)
        wait_for(kill_those_due, lambda: f"the kills at {waiting}", seconds, poll_seconds=0.001)
        return done

    def collect(self) -> Written:
        """Return what is on the topics."""
        values: Values = defaultdict(set)
        messages: dict[str, int] = {}
        partitions: dict[str, int] = {}
        for spec in COMPARED:
            records = list(read_topic(self.settings, spec))
            count = len(self._client.watermarks(spec.full_name(self.environment)))
            for record in records:
                assert record.partition == partition_for(record.key, count), "murmur2, whoever writes"
            messages[spec.name] = len(records)
            partitions[spec.name] = len({record.partition for record in records})
            for record in records:
                message = record.message()
                assert record.value is not None
                values[spec.name, message.schema_name, message.message_id].add(record.value)
        for name in FLOW_NAMES:
            assert not list(read_dead_letters(self.settings, name)), f"{name} set something aside"
        return Written(dict(values), messages, partitions)


def _is_source(name: str) -> bool:
    """Whether a process ends by itself, when its files are read."""
    return name.partition(":")[0] == "trades"


def accounts(*names_and_pairs: tuple[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the setting for these accounts."""
    told = [{"name": name, "pairs": pairs, "minimum_confidence": 0.5} for name, pairs in names_and_pairs]
    return {"TRADESTREAM_ACCOUNTS": json.dumps(told)}


def assert_same(found: Written, expected: Written) -> None:
    """Every id, and under every id the same bytes: topic by topic, so that a difference names its topic first."""
    assert found.distinct == expected.distinct
    assert {key for key, values in found.values.items() if len(values) != 1} == set(), "one id with two values"
    assert found.values == expected.values
