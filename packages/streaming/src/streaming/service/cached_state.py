"""State of a key that stays decoded in memory, and goes into QuixStreams' state once per checkpoint.

Reading and writing a small state entry for every message costs more than most steps do with it: two transactions'
worth of checks, a key and a value encoded and decoded. Here a value is read once and written when the checkpoint
commits, in the same transaction, changelog and commit as everything else. So kills, rebalances and exactly-once mean
for it what they mean for QuixStreams' own state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from quixstreams.context import message_context

from streaming.quix.processing import ServiceContext

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame

V = TypeVar("V")


class CachedState(Generic[V]):
    """One entry of each key's state: ``name`` in the default store of `sdf`.

    A value belongs to the cache once it has been set: replace it by another, never change it in place. What a step
    sets before it raises stays set, as with QuixStreams' state.

    Parameters
    ----------
    sdf
        A dataframe of a `ServiceApplication`.
    name
        Of the entry; steps with a `State` of the same key must not touch it.

    Raises
    ------
    TypeError
        If the application is another one, whose checkpoints would not write the values.

    Examples
    --------
    ::

        counts: CachedState[int] = CachedState(sdf, "count")

        def count(_value, key, _timestamp, _headers) -> int:
            counted = (counts.get(key) or 0) + 1
            counts.set(key, counted)
            return counted

        sdf.apply(count, metadata=True)
    """

    def __init__(self, sdf: StreamingDataFrame, name: str) -> None:
        context = sdf.processing_context
        if not isinstance(context, ServiceContext):
            raise TypeError(f"CachedState: expected a dataframe of a ServiceApplication, was one over {context!r}")
        sdf.register_store()
        context.caches.append(self)
        self._context = context
        self._stream_id = sdf.stream_id
        self._name = name
        self._values: dict[tuple[int, Any], V | None] = {}
        self._changed: set[tuple[int, Any]] = set()

    def get(self, key: Any) -> V | None:
        """Return the value of the key of the message in hand, None before the first.

        Returns
        -------
        V | None
            As it was set last.
        """
        place = message_context().partition, key
        try:
            return self._values[place]
        except KeyError:
            value: V | None = self._state(place).get(self._name)
            self._values[place] = value
            return value

    def set(self, key: Any, value: V) -> None:
        """Keep `value`, JSON-able, for the key of the message in hand."""
        place = message_context().partition, key
        self._values[place] = value
        self._changed.add(place)

    def write_back(self) -> None:
        """Write what has changed into the open checkpoint."""
        for place in self._changed:
            self._state(place).set(self._name, self._values[place])
        self._changed.clear()

    def forget(self) -> None:
        """Drop everything: what the store holds is what counts."""
        self._values.clear()
        self._changed.clear()

    def _state(self, place: tuple[int, Any]) -> Any:
        partition, key = place
        return self._context.state_of(self._stream_id, partition, key)
