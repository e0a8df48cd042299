"""Who is put out of a group right after brokers were away joins anew, once; else another process has the place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from contracts.topics import CONTROL
from streaming.errors import PutOutError
from streaming.kafka import lease as lease_module
from streaming.kafka.lease import KafkaLease
from streaming.settings import ServiceSettings

FENCED = KafkaError(KafkaError.FENCED_INSTANCE_ID)
AWAY = KafkaError(KafkaError._ALL_BROKERS_DOWN)


class Said:
    """A message that is an error."""

    def __init__(self, error: KafkaError) -> None:
        self._error = error

    def error(self) -> KafkaError:
        return self._error


class Group:
    """A consumer of a group with one member, which is assigned when it is first polled."""

    made: list[Group]

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.says: list[KafkaError] = []
        self.refuses: KafkaError | None = None
        self.closed = False
        self.calls: list[Callable[[], None]] = []
        Group.made.append(self)

    def subscribe(
        self, topics: list[str], on_assign: Callable[..., None], on_revoke: Callable[..., None], **_: Any
    ) -> None:
        places = [TopicPartition(topics[0], 0)]
        self.assigns, self.revokes = partial(on_assign, self, places), partial(on_revoke, self, places)
        self.calls = [self.assigns]

    def poll(self, _seconds: float) -> Said | None:
        while self.calls:
            self.calls.pop(0)()
        return Said(self.says.pop(0)) if self.says else None

    def assign(self, _partitions: Any) -> None: ...

    def pause(self, _partitions: Any) -> None: ...

    def get_watermark_offsets(self, _place: Any, timeout: float) -> tuple[int, int]:
        return 0, 7

    def commit(self, **_: Any) -> None:
        if self.refuses is not None:
            raise KafkaException(self.refuses)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KafkaLease:
    Group.made = []
    monkeypatch.setattr(lease_module, "Consumer", Group)
    settings = ServiceSettings(broker_address="127.0.0.1:1", data_dir=tmp_path)
    made = KafkaLease(settings, "gateway", CONTROL)
    assert made.look()
    made.require()
    return made


def test_without_an_outage_another_process_has_the_place(lease: KafkaLease) -> None:
    Group.made[0].says = [FENCED]
    with pytest.raises(KafkaException, match="FENCED_INSTANCE_ID"):
        lease.look()
    assert len(Group.made) == 1


def test_after_an_outage_it_joins_anew_and_holds_nothing_until_it_is_told(lease: KafkaLease) -> None:
    first = Group.made[0]
    first.config["error_cb"](AWAY)
    first.says = [FENCED]
    assert not lease.look() and first.closed
    assert lease.look()
    lease.require()
    Group.made[1].says = [FENCED]  # no broker was away since
    with pytest.raises(KafkaException, match="FENCED_INSTANCE_ID"):
        lease.look()


def test_a_place_that_is_lost_and_given_back_within_one_look_is_begun_anew(lease: KafkaLease) -> None:
    group = Group.made[0]
    group.calls = [group.revokes, group.assigns]
    assert not lease.look()
    assert lease.look()
    lease.require()
    group.calls = [group.revokes, group.assigns]
    with pytest.raises(PutOutError):
        lease.require()
    assert lease.look()
    group.calls = [group.revokes]
    assert not lease.look() and not lease.look()
    group.calls = [group.assigns]
    assert lease.look()


def test_a_place_that_was_lost_in_an_outage_is_not_acted_on(lease: KafkaLease) -> None:
    first = Group.made[0]
    first.says, first.refuses = [AWAY], FENCED
    with pytest.raises(PutOutError):
        lease.require()
    assert first.closed and lease.look()
    lease.require()


def test_an_outage_that_is_over_is_no_excuse(lease: KafkaLease) -> None:
    first = Group.made[0]
    first.says = [AWAY]
    lease.require()
    first.refuses = FENCED
    with pytest.raises(KafkaException, match="FENCED_INSTANCE_ID"):
        lease.require()
