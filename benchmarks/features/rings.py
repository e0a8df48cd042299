"""Rings of bars in the store that the service keeps them in: what a process finds when it starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quixstreams.state.rocksdb import RocksDBStorePartition
from rocksdict import Options, Rdict, WriteBatch

from contracts.candle import Candle
from contracts.state import State
from features.bars import bar_of
from indicators.core.ring import Ring
from streaming.service.assembly import STATE_OPTIONS


@contextmanager
def opened(folder: Path) -> Iterator[Any]:
    """Yield a transaction on the store in `folder`; nothing of it is kept unless it is flushed."""
    partition = RocksDBStorePartition(str(folder), options=STATE_OPTIONS)
    try:
        yield partition.begin()
    finally:
        partition.close()  # type: ignore[no-untyped-call]


def state_of(transaction: Any, pair: str) -> State:
    """Return the state that a message of `pair` is given."""
    state: State = transaction.as_state(prefix=pair.encode())
    return state


def write(folder: Path, candles: Sequence[Candle], pairs: Sequence[str]) -> None:
    """Keep `candles` as the ring of each pair, in a new store."""
    first, *others = pairs
    with opened(folder) as transaction:
        ring = Ring(state_of(transaction, first), candles[0])
        for candle in candles:
            ring.append(candle.window_start_ms, candle.revision, bar_of(candle))
        transaction.prepare()
        transaction.flush()
    _copy(folder, first.encode(), [pair.encode() for pair in others])


def _copy(folder: Path, of: bytes, to: Sequence[bytes]) -> None:
    """Write the entries of one pair for others as well: a thousand rings entry by entry would take minutes."""
    families = {name: Options(raw_mode=True) for name in Rdict.list_cf(str(folder))}
    store: Any = Rdict(str(folder), Options(raw_mode=True), families)
    entries = [(key.removeprefix(of), value) for key, value in store.items()]
    for pair in to:
        batch = WriteBatch(raw_mode=True)
        for key, value in entries:
            batch.put(pair + key, value)
        store.write(batch)
    store.close()
