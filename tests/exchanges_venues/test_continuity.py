"""What the repair of a gap asks REST for, step by step."""

from __future__ import annotations

from exchanges.continuity import Emit, Fetch, Notice, PairState, arrived, page, subscribed
from exchanges.venue import Trade


def trades(first: int, last: int) -> list[Trade]:
    return [Trade(number, 1_000 + number, "1.5", "2", "buy") for number in range(first, last + 1)]


def test_a_page_of_known_trades_is_followed_by_the_next_page() -> None:
    """A page that brings none of the missing trades, with another after it, says nothing of them."""
    state = PairState.resume(10, 1_010)
    subscribed(state, 1_015)
    arrived(state, trades(15, 15), snapshot=False)
    asked = page(state, state.token, trades(1, 10), "page 2")
    assert [(each.cursor, each.delay_seconds) for each in asked if isinstance(each, Fetch)] == [("page 2", 0.0)]
    assert not [each for each in asked if isinstance(each, Notice) and each.kind == "unrepaired"]
    repaired = page(state, state.token, trades(11, 15), None)
    emitted = [trade for each in repaired if isinstance(each, Emit) for trade in each.trades]
    assert [trade.trade_id for trade in emitted] == [*range(11, 16)]
    assert state.live
