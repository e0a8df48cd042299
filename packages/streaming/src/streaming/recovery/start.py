"""Taking partitions over: everything is held together first, and nothing is gone on with that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from confluent_kafka import TopicPartition
from loguru import logger

from contracts.topics import FOREVER, TopicSpec
from streaming.errors import PutOutError, RecoveryError
from streaming.quix.application import HookedApplication, consumer_of
from streaming.quix.stores import StoreOfPartition, stores_of
from streaming.recovery.judgement import Fault, InputFacts, StoreFacts, fault_of, is_marked
from streaming.recovery.marks import newest_mark

if TYPE_CHECKING:
    from streaming.log_client import LogClient
    from streaming.settings import ServiceSettings

Place = tuple[str, int]

_TIMEOUT_SECONDS = 30.0


class Recovery:
    """What an application asks before it reads a partition, and again before it processes its first message.

    Parameters
    ----------
    inputs
        What the service reads.
    open_client
        Opens a client of the log.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        inputs: Iterable[TopicSpec],
        open_client: Callable[[ServiceSettings], LogClient],
    ) -> None:
        self._settings = settings
        self._open_client = open_client
        self._group = settings.group_for(service)
        self._expiring = {s.full_name(settings.environment) for s in inputs if s.retention_ms != FOREVER}
        self._expected: dict[Place, int] = {}
        self._committed: dict[Place, int | None] = {}

    def starts(self, app: HookedApplication, places: Collection[Place]) -> dict[Place, int]:
        """Return where each partition is read first.

        Raises
        ------
        RecoveryError
            If state or input would be lost, and nobody has said where to go on nevertheless.
        PutOutError
            If others have the partitions, and have read on.
        """
        facts = self._facts(app, places)
        faults = [fault for each in facts if (fault := fault_of(each)) is not None]
        committed = {(each.topic, each.partition): each.committed for each in facts}
        self._committed |= committed
        self._require_of_one_time(app, faults)
        self._require(faults)
        accepted = {(each.topic, each.partition): each.go_on_at or 0 for each in faults}
        moved = [TopicPartition(*place, at) for place, at in accepted.items() if at != committed[place]]
        if moved:
            consumer_of(app).commit(offsets=moved, asynchronous=False)
        starts = {(each.topic, each.partition): each.start for each in facts} | accepted
        marked = {(each.topic, each.partition) for each in facts if any(is_marked(each, s) for s in each.stores)}
        self._expected |= {place: starts[place] for place in marked - accepted.keys()}
        return starts

    def verify(self, app: HookedApplication) -> None:
        """Look whether the rebuilt stores stand where they must.

        Raises
        ------
        RecoveryError
            If one does not: what it needs was compacted away.
        PutOutError
            If others have the partitions, and have read on.
        """
        expected, self._expected = self._expected, {}
        faults = []
        for (topic, partition), offset in expected.items():
            stores = list(stores_of(app, topic, partition))
            if words := list(_mismatches(stores, topic, offset)):
                faults.append(Fault(topic, partition, f"{offset} is committed, and {'; '.join(words)}", offset))
        self._require_of_one_time(app, faults)
        self._require(faults)

    def vanished(self, app: HookedApplication, places: Collection[Place]) -> dict[Place, int]:
        """Return where to go on, after the log did not have an offset that was to be read: its messages may expire.

        Raises
        ------
        RecoveryError
            If messages went that nobody has read.
        """
        consumer, faults, starts = consumer_of(app), [], {}
        for tp in consumer.position([TopicPartition(*place) for place in places]):
            place = tp.topic, tp.partition
            low, high = consumer.get_watermark_offsets(TopicPartition(*place), timeout=_TIMEOUT_SECONDS)
            position = tp.offset if tp.offset >= 0 else app.context.positions.get(place, low)
            facts = InputFacts(*place, position, low, high, expires=tp.topic in self._expiring)
            if (fault := fault_of(facts)) is not None:
                faults.append(fault)
            starts[place] = facts.start
        self._require(faults, running=True)
        return starts

    def _require_of_one_time(self, app: HookedApplication, faults: Sequence[Fault]) -> None:
        """Return unless somebody has read a faulty partition on since it was looked at: then no state is at fault.

        Offset and changelog are asked for one after the other. Whoever is frozen in between sees a changelog that has
        run ahead of the offset.
        """
        for place, now in self._committed_now(app, [(each.topic, each.partition) for each in faults]).items():
            if now != (before := self._committed.get(place)):
                topic, partition = place
                raise PutOutError(
                    f"others have this process's partitions (TRADESTREAM_SESSION_TIMEOUT_SECONDS): "
                    f"{topic}[{partition}] was read from {before} up to {now} while it was taken over"
                )

    def _require(self, faults: Sequence[Fault], *, running: bool = False) -> None:
        """Return if there are no faults, or an operator has accepted all of them."""
        answers = [f"{self._group}/{each.place}@{each.go_on_at}" for each in faults if each.go_on_at is not None]
        accepted = len(answers) == len(faults) and set(answers) <= set(self._settings.go_on_at)
        if faults and (running or not accepted):
            said = "; ".join(f"{each.place}: {each.words}" for each in faults)
            how = f" (to go on nevertheless: TRADESTREAM_GO_ON_AT={','.join(answers)})" if answers else ""
            raise RecoveryError(f"state or input would be lost: {said}{how}")
        for each in faults:
            logger.warning("{}: {}; going on at {}, as told", each.place, each.words, each.go_on_at)

    def _facts(self, app: HookedApplication, places: Collection[Place]) -> list[InputFacts]:
        committed = self._committed_now(app, places)
        with self._open_client(self._settings) as client:
            for topic in {topic for topic, _ in places}:
                if (told := client.topic_id(topic)) is not None:
                    app.context.topic_ids[topic] = told
            return [self._facts_of(app, client, place, committed) for place in places]

    @staticmethod
    def _committed_now(app: HookedApplication, places: Collection[Place]) -> dict[Place, int | None]:
        if not places:
            return {}
        found = consumer_of(app).committed([TopicPartition(*place) for place in places], timeout=_TIMEOUT_SECONDS)
        for tp in found:
            if tp.error is not None:
                raise RecoveryError(f"{tp.topic}[{tp.partition}]: its committed offset is not known: {tp.error}")
        return {(tp.topic, tp.partition): tp.offset if tp.offset >= 0 else None for tp in found}

    def _facts_of(
        self, app: HookedApplication, client: LogClient, place: Place, committed: Mapping[Place, int | None]
    ) -> InputFacts:
        topic, partition = place
        low, high = consumer_of(app).get_watermark_offsets(TopicPartition(*place), timeout=_TIMEOUT_SECONDS)
        stores = list(stores_of(app, topic, partition))
        beside = {other for store in stores for other in store.topics} - {topic}
        return InputFacts(
            topic,
            partition,
            committed[place],
            low,
            high,
            topic_id=app.context.topic_ids.get(topic),
            expires=topic in self._expiring,
            others_committed=any(committed.get((other, partition)) is not None for other in beside),
            stores=tuple(_store_facts(app, client, store, partition) for store in stores),
        )


def _mismatches(stores: Sequence[StoreOfPartition], topic: str, offset: int) -> Iterator[str]:
    """Say of each rebuilt store in use where it stands if that is not at `offset`."""
    marks = {store.name: store.mark() for store in stores}
    right = [mark for mark in marks.values() if mark is not None and mark.reached.get(topic) == offset]
    in_use = {name for mark in right for name in mark.stores} or marks.keys()
    for store in stores:
        mark = marks[store.name]
        if store.name in in_use and mark not in right:
            stands = "no known offset" if mark is None else str(mark.reached.get(topic))
            yield f"{store.changelog} rebuilds the state after {stands}"


def _store_facts(app: HookedApplication, client: LogClient, store: StoreOfPartition, partition: int) -> StoreFacts:
    tp = TopicPartition(store.changelog, partition)
    low, high = consumer_of(app).get_watermark_offsets(tp, timeout=_TIMEOUT_SECONDS)
    local_offset, local = store.changelog_offset(), store.mark()
    caught_up = local_offset is not None and local_offset == high - 1
    newest = local if caught_up else newest_mark(client, store.changelog, partition, low, high)
    return StoreFacts(store.name, store.changelog, local_offset, local, low, high, newest)
