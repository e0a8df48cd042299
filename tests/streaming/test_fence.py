"""A loop that stood still asks whether its partitions are still its own, and writes nothing more if they are not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from quixstreams.exceptions import PartitionAssignmentError
from tests.streaming.recovery_matrix import settings_for
from tests.streaming.tally import TALLIES, TallySettings, beats, topology

from contracts.topics import TRADES
from streaming.clients import create_topics, end_offsets
from streaming.errors import PutOutError
from streaming.kafka.errors import came_of_brokers
from streaming.kafka.fence import Fence
from streaming.producer import open_producer
from streaming.recovery.start import Recovery
from streaming.service.application import ServiceApplication
from streaming.service.assembly import assemble

PLACE = ("trades-dev", 3)


class Group:
    """A coordinator's side: what it has committed, and whether it knows us."""

    def __init__(self) -> None:
        self.now, self.has_committed = 0.0, 40
        self.refusal: int | None = None
        self.asked: list[str] = []
        self.fence = Fence(self, 5.0, lambda: self.now)

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*PLACE)]

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        self.asked.append("committed")
        return [TopicPartition(each.topic, each.partition, self.has_committed) for each in places]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[Any]:
        self.asked.append(f"commit {offsets[0].offset}")
        if self.refusal is not None:
            raise KafkaException(KafkaError(self.refusal))
        return [SimpleNamespace(error=None)]

    def look(self, after_seconds: float) -> None:
        self.now += after_seconds
        self.fence.look({PLACE: 40, ("trades-dev", 5): 7})


def test_who_turns_is_not_asked() -> None:
    group = Group()
    for _ in range(10):
        group.look(4.9)
    assert not group.asked


def test_who_stood_still_and_is_still_a_member_goes_on() -> None:
    group = Group()
    group.look(60.0)
    assert group.asked == ["committed", "commit 40"]
    group.look(1.0)
    assert len(group.asked) == 2


def test_who_stood_still_while_somebody_read_on_writes_nothing() -> None:
    group = Group()
    group.has_committed = 55
    with pytest.raises(PutOutError, match=r"stood still for 60.0 s .*trades-dev\[3\] was read up to 55 meanwhile"):
        group.look(60.0)
    assert group.asked == ["committed"], "it must not commit over what others have"


@pytest.mark.parametrize("refusal", [KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION])
def test_who_was_put_out_before_anybody_read_on_writes_nothing(refusal: int) -> None:
    group = Group()
    group.refusal = refusal
    with pytest.raises(PutOutError):
        group.look(6.0)


def test_what_takes_long_and_ends_well_is_no_standstill() -> None:
    group = Group()
    group.now += 60.0
    group.fence.passed()
    group.look(1.0)
    assert not group.asked


def test_a_first_offset_is_not_committed_by_asking() -> None:
    """Of a topic whose beginning has expired it would say that something was read."""

    class Expired(Group):
        def assignment(self) -> list[TopicPartition]:
            return [TopicPartition(*PLACE), TopicPartition("trades-dev", 5)]

        def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
            return [TopicPartition(*PLACE, 40), TopicPartition("trades-dev", 5, -1_001)]

        def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[Any]:
            self.asked += [f"commit {each.partition} at {each.offset}" for each in offsets]
            return []

    group = Expired()
    group.look(60.0)
    assert group.asked == ["commit 3 at 40"]


@pytest.fixture
def served(tmp_path: Path) -> TallySettings:
    """A service that has taken in some of its input, and has the rest before it."""
    settings = settings_for(f"embedded://{tmp_path}/log", tmp_path)
    create_topics(settings, [TRADES, TALLIES])
    for start, end in ((0, 40), (40, 80)):
        with open_producer(settings, "test") as producer:
            for message in beats(end)[start * 3 :]:
                producer.produce(TRADES, message)
        if start == 0:
            application(settings).run()
    return settings


def application(settings: TallySettings) -> ServiceApplication:
    app = assemble(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology, stop_at_end=True)
    app.leave_signals_alone()
    return app


def outputs(settings: TallySettings) -> int:
    return sum(end_offsets(settings, TALLIES).values())


def test_who_was_frozen_between_looking_at_offsets_and_at_changelogs_is_put_out(
    served: TallySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees a changelog ahead of what it took for committed: somebody has read on, and no state is at fault."""
    truth = Recovery._committed_now
    looks: list[int] = []

    def before_the_freeze(app: ServiceApplication, places: Any) -> Mapping[Any, int | None]:
        looks.append(len(places))
        found = truth(app, places)
        return found if len(looks) > 1 else {place: offset and offset - 7 for place, offset in found.items()}

    monkeypatch.setattr(Recovery, "_committed_now", staticmethod(before_the_freeze))
    before = outputs(served)
    with pytest.raises(PartitionAssignmentError) as caught:
        application(served).run()
    assert came_of_brokers(caught.value), "its process begins again"
    assert re.search(r"was read from \d+ up to \d+ while it was taken over", str(caught.value.__cause__))
    assert len(looks) == 2 and outputs(served) == before
    application(served).run()
    assert outputs(served) > before, "beginning again is all it takes"


@pytest.mark.parametrize("asked", [1, 2], ids=["taking partitions over", "rebuilding its state"])
def test_who_was_frozen_before_its_first_message_processes_none(served: TallySettings, asked: int) -> None:
    """Its state and where it reads on may be of two times by then."""
    if asked == 2:
        shutil.rmtree(served.state_dir_for("tally"))
    app = application(served)
    looked: list[bool] = []

    class Frozen(Fence):
        def look(self, began: Mapping[Any, int], *, at_work: bool = False) -> None:
            looked.append(at_work)
            if sum(looked) == asked:
                raise PutOutError("others have its partitions")

    app.context.fence = Frozen(None, 5.0)
    before = outputs(served)
    with pytest.raises((PutOutError, PartitionAssignmentError)) as caught:
        app.run()
    assert came_of_brokers(caught.value)
    assert sum(looked) == asked and outputs(served) == before
