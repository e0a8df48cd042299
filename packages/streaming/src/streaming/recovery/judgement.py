"""The rules: which offsets, state, changelog and input belong together, and where a service can go on if not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streaming.recovery.marks import Mark


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """One store of a partition.

    Attributes
    ----------
    name, changelog
        Of the store and of its changelog.
    local_offset
        The newest entry of the changelog that the folder holds; None if the folder holds nothing.
    local
        The folder's mark.
    low, high
        The changelog's first and next offset.
    newest
        The changelog's newest mark.
    """

    name: str
    changelog: str
    local_offset: int | None
    local: Mark | None
    low: int
    high: int
    newest: Mark | None

    @property
    def empty(self) -> bool:
        """Whether neither folder nor changelog holds anything."""
        return self.local_offset is None and self.low == self.high

    @property
    def mark(self) -> Mark | None:
        """Where it stands, as far as anybody knows."""
        return self.newest or self.local


@dataclass(frozen=True, slots=True)
class InputFacts:
    """A partition of an input, with the stores of what is made of it.

    Attributes
    ----------
    topic, partition
        Which.
    committed
        The offset that the group reads next; None if it never committed one, or the broker forgot it.
    low, high
        The log's first and next offset.
    topic_id
        What tells the topic from another one of its name; None if that is not known.
    expires
        Old messages of the topic go by themselves, and nobody misses them.
    others_committed
        Another input of the same state has a committed offset.
    stores
        None for a service without state.
    """

    topic: str
    partition: int
    committed: int | None
    low: int
    high: int
    topic_id: str | None = None
    expires: bool = False
    others_committed: bool = False
    stores: tuple[StoreFacts, ...] = ()

    @property
    def start(self) -> int:
        """Where it is read first if nothing is wrong."""
        return self.low if self.committed is None else max(self.committed, self.low)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a partition cannot be gone on with as it is.

    Attributes
    ----------
    topic, partition
        Which.
    words
        What does not belong together.
    go_on_at
        The offset at which state and input fit best; None where no offset helps.
    """

    topic: str
    partition: int
    words: str
    go_on_at: int | None

    @property
    def place(self) -> str:
        """Such as ``signals-dev[0]``."""
        return f"{self.topic}[{self.partition}]"


def fault_of(facts: InputFacts) -> Fault | None:
    """Return what is wrong with a partition; None if it goes on exactly where it was."""
    foreign = [words for store in facts.stores for words in _foreign(store)]
    if foreign:
        return Fault(facts.topic, facts.partition, "; ".join(foreign), None)
    words = [*_about_input(facts), *(each for store in facts.stores for each in _about_store(facts, store))]
    if not words:
        return None
    return Fault(facts.topic, facts.partition, "; ".join(dict.fromkeys(words)), _best_offset(facts))


def is_marked(facts: InputFacts, store: StoreFacts) -> bool:
    """Whether `store` must say, once it is rebuilt, that it stands exactly where the group has committed."""
    known = store.mark is not None and facts.topic in store.mark.reached
    return facts.committed is not None and known and not _is_not_in_use(facts, store)


def _foreign(store: StoreFacts) -> Iterator[str]:
    """A folder that knows entries which the changelog does not have: the two are of different times."""
    if store.local_offset is not None and store.local_offset >= store.high:
        yield (
            f"the state folder holds entry {store.local_offset} of {store.changelog}, which has {store.high}: "
            "restore the changelog, or delete the folder to rebuild it from what there is"
        )


def _about_input(facts: InputFacts) -> Iterator[str]:
    committed = facts.committed
    if committed is not None and committed > facts.high:
        yield f"{committed} is committed and the log ends at {facts.high}: it is not the log that was read"
    elif facts.expires:
        return
    elif committed is None and facts.low > 0:
        yield f"no offset is committed and the log begins at {facts.low}: what was before is gone"
    elif committed is not None and committed < facts.low:
        gone = f"{facts.low - committed} offsets were never read and are gone"
        yield f"{committed} is committed and the log begins at {facts.low}: {gone}"


def _about_store(facts: InputFacts, store: StoreFacts) -> Iterator[str]:
    if _is_not_in_use(facts, store):
        return
    if store.low > 0 and (store.local_offset is None or store.local_offset < store.low - 1):
        yield f"{store.changelog} begins at {store.low}: state cannot be rebuilt from it"
    if store.empty:
        if facts.committed:
            yield f"{facts.committed} is committed, and state folder and {store.changelog} are empty"
    elif store.mark is None:
        if facts.committed is None and not facts.others_committed:
            yield f"{store.changelog} has entries and no offset is committed"
    elif _is_of_another(facts, store.mark):
        yield f"{store.changelog} is of another {facts.topic}, which was deleted and made anew"
    elif facts.topic in store.mark.reached:
        yield from _about_mark(facts, store, store.mark)


def _about_mark(facts: InputFacts, store: StoreFacts, mark: Mark) -> Iterator[str]:
    """A kill between a changelog and its commit leaves a checkpoint that began exactly where the group stands."""
    began, reached = mark.began.get(facts.topic), mark.reached[facts.topic]
    committed = facts.start if facts.committed is None else facts.committed
    held = store.local.reached.get(facts.topic, 0) if store.local is not None else 0
    if held <= committed and (reached == committed or (reached > committed == began)):
        return
    known = "no offset is committed" if facts.committed is None else f"only {facts.committed} is committed"
    if held > committed:
        yield f"the state folder has taken in what is before {held}, and {known}"
    elif reached > committed:
        yield f"{store.changelog} has taken in what is before {reached}, and {known}"
    else:
        yield f"{store.changelog} ends with what is before {reached}, and {facts.committed} is committed"


def _is_of_another(facts: InputFacts, mark: Mark) -> bool:
    return facts.topic_id is not None and mark.topic_ids.get(facts.topic, facts.topic_id) != facts.topic_id


def _is_not_in_use(facts: InputFacts, store: StoreFacts) -> bool:
    """Whether the other stores have come further without this one: it is new, or was left out for a while.

    A service that is given another window begins it in the middle, and says so of what comes of it.
    """
    reached = -1 if store.mark is None else store.mark.reached.get(facts.topic, -1)
    marks = [other.mark for other in facts.stores if other is not store and other.mark is not None]
    further = [mark for mark in marks if mark.reached.get(facts.topic, -1) > reached]
    return bool(further) and all(store.name not in mark.stores for mark in further)


def _best_offset(facts: InputFacts) -> int:
    """Return where the state stands, or the input's beginning if there is no state, within what the log has."""
    reached = [
        store.mark.reached[facts.topic]
        for store in facts.stores
        if store.mark is not None and facts.topic in store.mark.reached
    ]
    if any(store.mark is not None and _is_of_another(facts, store.mark) for store in facts.stores):
        wanted = facts.low
    elif reached:
        wanted = max(reached)
    elif facts.stores and all(store.empty for store in facts.stores):
        wanted = 0 if facts.low == 0 else facts.start
    else:
        wanted = facts.start
    return min(max(wanted, facts.low), facts.high)
