"""An archive in memory, as backtests have it, is one over a state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from contracts.state import MemoryState
from execution.core.orders.archive import KEPT, Archive, ArchiveInMemory
from execution.core.orders.open_order import OpenOrder

#: More than are kept, so that places are taken and ids come again after they were forgotten.
_IDS = KEPT + 9


def _opened(number: int) -> OpenOrder:
    return OpenOrder(cast(Any, None), Decimal(number), None, None)


@given(st.lists(st.lists(st.integers(0, _IDS), max_size=3), max_size=60), st.integers(0, _IDS))
def test_what_it_knows_is_what_an_archive_over_a_state_knows(told: list[list[int]], first: int) -> None:
    over_state, in_memory = Archive(MemoryState()), ArchiveInMemory()
    rounds = [*([each] for each in range(first)), *told]
    for number, ids in enumerate(rounds):
        ended = {str(each): _opened(number) for each in ids}
        over_state.keep(ended)
        in_memory.keep(ended)
    for each in range(_IDS + 1):
        assert in_memory.find(str(each)) == over_state.find(str(each))


def test_it_forgets() -> None:
    kept = ArchiveInMemory()
    for number in range(KEPT + 1):
        kept.keep({str(number): _opened(number)})
    assert kept.find("0") is None and kept.find("1") is not None
