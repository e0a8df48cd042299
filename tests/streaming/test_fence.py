"""A loop that stood still asks whether its partitions are still its own, and writes nothing more if they are not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streaming.errors import PutOutError
from streaming.kafka.fence import Fence

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
