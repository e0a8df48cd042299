"""The same on Kafka: offsets, state, changelogs and input, each damaged, and a service goes on exactly or refuses."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from tests.kafka.throwaway_broker import Broker
from tests.streaming.recovery_matrix import (
    EVERY,
    NOW,
    THEN,
    WHOLE,
    Bench,
    Damage,
    Outcome,
    part,
    settings_for,
    table,
    wrong,
)
from tests.streaming.tally import TALLIES, TallySettings, beats, topology
from tests.support.offsets import commit_offsets
from tests.support.waiting import wait_for

from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES, TopicSpec
from streaming.clients import committed_offsets, create_topics, end_offsets, lag, read_topic
from streaming.exit_codes import EXIT_WOULD_LOSE
from streaming.kafka.connection import KAFKA_CONSUMER_CONFIG
from streaming.producer import open_producer
from streaming.quix.changelog import CHANGELOG_PREFIX
from streaming.service.runner import run_service
from streaming.settings import ServiceSettings
from streaming.testing import run_topology
from streaming.topics import Topics, publish

#: Most of a combination is waiting: parts of them may run side by side (`pytest -n 6 --dist load`).
PARTS = 6
#: Worth a look in the short suite: what is Kafka's own.
SHORT = [Damage("then", "gone", input="begins-late")]


class KafkaBench(Bench):
    """Topics of its own; what a part was then is kept aside."""

    def __init__(self, broker: Broker, folder: Path, environment: str) -> None:
        self.folder = folder
        self.settings = settings_for(broker.address, folder / "now", environment)
        self.group = self.settings.group_for("tally")
        self.trades = TRADES.full_name(environment)
        self._admin = AdminClient({"bootstrap.servers": broker.address})
        self._address = broker.address
        self._offsets_then: dict[int, int] = {}
        self._entries_then: dict[str, list[Message]] = {}

    def prepare(self, damage: Damage) -> None:
        """Come to rest then, and now."""
        create_topics(self.settings, [TRADES, TALLIES])
        parts = [part(0, THEN), part(THEN, NOW)] if "then" in damage else [part(0, NOW)]
        for number, messages in enumerate(parts):
            self.write(messages)
            code, said = self.run()
            assert code == 0, said
            if number + 1 < len(parts):
                shutil.copytree(self.settings.data_dir, self.folder / "then")
                self._offsets_then = committed_offsets(self.settings, self.group, TRADES)
                self._entries_then = {name: self._read(name) for name in self._changelogs()}

    def damage(self, what: Damage) -> None:
        self._damage_state(what.state)
        if what.changelogs != "fine":
            for name in self._changelogs():
                self._delete(name)
            if what.changelogs == "then":
                self.run(consumer_group=self.group, go_on_at=())  # makes them anew, and refuses to go on with them
                self._write_again()
        offsets_now = committed_offsets(self.settings, self.group, TRADES)
        self._damage_input(what.input)
        self._damage_offsets(what.offsets, offsets_now)

    def _damage_offsets(self, how: str, now: dict[int, int]) -> None:
        """A topic takes its offsets with it when it is deleted: what should be there is committed again."""
        if how == "gone":
            for future in self._admin.delete_consumer_groups([self.group]).values():
                future.result()
            return
        inside = {partition: offset - 2 for partition, offset in now.items()}
        offsets = {"fine": now, "then": self._offsets_then, "inside": inside}[how]
        commit_offsets(self.settings, self.group, TRADES, offsets)

    def _damage_state(self, how: str) -> None:
        if how != "fine":
            shutil.rmtree(self.settings.data_dir)
        if how == "then":
            shutil.copytree(self.folder / "then", self.settings.data_dir)

    def _damage_input(self, how: str) -> None:
        if how in ("begins-late", "trimmed"):
            ends = end_offsets(self.settings, TRADES)
            lows = ends if how == "trimmed" else {partition: 2 * end // 3 for partition, end in ends.items()}
            wanted = [TopicPartition(self.trades, partition, low) for partition, low in lows.items() if low]
            for future in self._admin.delete_records(wanted).values():
                future.result()
        elif how != "fine":
            self._delete(self.trades)
            create_topics(self.settings, [TRADES])
            self.write(part(0, THEN if how == "then" else NOW))

    def _changelogs(self) -> list[str]:
        begin = f"{CHANGELOG_PREFIX}{self.group}--"
        return sorted(name for name in self._admin.list_topics(timeout=10).topics if name.startswith(begin))

    def _delete(self, topic: str) -> None:
        for future in self._admin.delete_topics([topic]).values():
            future.result()
        wait_for(lambda: topic not in self._admin.list_topics(timeout=10).topics, f"{topic} to be gone")

    def _read(self, topic: str) -> list[Message]:
        consumer = Consumer({"bootstrap.servers": self._address, "group.id": "aside", "enable.partition.eof": True})
        partitions = self._admin.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        found, ended = [], 0
        while ended < len(partitions):
            message = consumer.poll(10)
            if message is not None and message.error() is None:
                found.append(message)
            elif message is not None:
                ended += 1
        consumer.close()
        return found

    def _write_again(self) -> None:
        producer = Producer({"bootstrap.servers": self._address, "linger.ms": 0})
        for topic, messages in self._entries_then.items():
            for each in messages:
                producer.produce(topic, each.value(), each.key(), each.partition(), headers=each.headers())
        producer.flush()


def outcomes_of(broker: Broker, folder: Path, name: str, damages: list[Damage]) -> list[Outcome]:
    run = run_topology(topology, TallySettings(), "tally", {TRADES: beats(WHOLE)}, [TALLIES])
    undisturbed = {(each.key, each.event_time_ms): {each.to_json()} for each in run["tallies"]}
    outcomes = []
    for number, damage in enumerate(damages):
        bench = KafkaBench(broker, folder / str(number), f"{name}{number}")
        bench.prepare(damage)
        outcomes.append(bench.outcome(damage, undisturbed))
        print(outcomes[-1].damage, outcomes[-1].word, outcomes[-1].told, flush=True)
    print(f"\nApache Kafka\n{table(outcomes)}")
    assert wrong(outcomes) == []
    return outcomes


def test_it_goes_on_exactly_or_refuses(broker: Broker, tmp_path: Path) -> None:
    assert {each.word for each in outcomes_of(broker, tmp_path, "recover", SHORT)} == {"refused"}


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("share", range(PARTS))
def test_every_combination(broker: Broker, tmp_path: Path, share: int) -> None:
    outcomes_of(broker, tmp_path, f"recover{share}x", EVERY[share::PARTS])


MORE_BEATS = TopicSpec("more-beats", (Heartbeat,), key="pair", written_by="test")
ALIGNED = TopicSpec("aligned", (Heartbeat,), key="pair", written_by="echo")


def aligned(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
    """Two topics as one, by time."""
    both = inputs[TRADES.name].concat(inputs[MORE_BEATS.name])
    publish(both.apply(lambda value, state: value, stateful=True), topics[ALIGNED.name])


def run_aligned(settings: ServiceSettings, **changes: object) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = run_service(
            settings.model_copy(update=changes),
            service="echo",
            inputs=[TRADES, MORE_BEATS],
            outputs=[ALIGNED],
            topology=aligned,
            stop_at_end=True,
        )
    return code, said.getvalue()


def trim_to_its_end(settings: ServiceSettings, spec: TopicSpec) -> None:
    admin, topic = AdminClient({"bootstrap.servers": settings.broker_address}), spec.full_name(settings.environment)
    ends = [TopicPartition(topic, partition, end) for partition, end in end_offsets(settings, spec).items() if end]
    for future in admin.delete_records(ends).values():
        future.result()


def test_topics_read_by_time_do_not_wait_for_one_that_was_trimmed(on_kafka: ServiceSettings) -> None:
    """Its committed offset is one that the log no longer has, and nothing comes that would say so."""
    settings = on_kafka.model_copy(update={"static_membership": False, "report_seconds": 0.0})

    def write(spec: TopicSpec, start: int, end: int) -> None:
        with open_producer(settings, "test") as producer:
            for message in part(start, end):
                producer.produce(spec, message)

    create_topics(settings, [TRADES, MORE_BEATS, ALIGNED])
    write(TRADES, 0, 10)
    write(MORE_BEATS, 0, 10)
    assert run_aligned(settings)[0] == 0
    write(MORE_BEATS, 10, 15)
    trim_to_its_end(settings, MORE_BEATS)
    write(TRADES, 10, 20)
    code, said = run_aligned(settings)
    assert (code, said.count("were never read and are gone")) == (EXIT_WOULD_LOSE, 3), "that is another matter"
    answers = said.partition("TRADESTREAM_GO_ON_AT=")[2].partition(")")[0].split(",")
    code, said = run_aligned(settings, go_on_at=tuple(answers))
    assert code == 0, said
    assert lag(settings, settings.group_for("echo"), TRADES) == 0
    assert len({record.value for record in read_topic(settings, ALIGNED)}) == 20 * 3


def test_messages_that_vanish_under_a_running_service_end_it(
    on_kafka: ServiceSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer fetches ahead; what is behind that is deleted when it processes its first message."""
    monkeypatch.setitem(KAFKA_CONSUMER_CONFIG, "queued.min.messages", 10)
    monkeypatch.setitem(KAFKA_CONSUMER_CONFIG, "max.partition.fetch.bytes", 1_000)
    settings = on_kafka.model_copy(update={"static_membership": False, "report_seconds": 0.0})
    create_topics(settings, [TRADES, ALIGNED])
    with open_producer(settings, "test") as producer:
        for number in range(0, 3_000, 50):
            for message in beats(number + 50)[3 * number :: 3]:
                producer.produce(TRADES, message)
            producer.flush()

    def trimming(inputs: dict[str, Any], topics: Topics, given: ServiceSettings) -> None:
        vanish = iter([lambda: trim_to_its_end(settings, TRADES)])
        inputs[TRADES.name].update(lambda _: next(vanish, lambda: None)())
        publish(inputs[TRADES.name], topics[ALIGNED.name])

    code = run_service(
        settings, service="echo", inputs=[TRADES], outputs=[ALIGNED], topology=trimming, stop_at_end=True
    )
    (line,) = [line for line in capsys.readouterr().err.splitlines() if " ERROR " in line]
    assert code == EXIT_WOULD_LOSE
    assert "the log begins at 3000" in line
