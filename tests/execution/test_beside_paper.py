"""What execution says of an account at a venue while it trades: prices and outcomes beside those of paper."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.backtest.scripted_venue import Planted, ScriptedVenue
from tests.backtest.test_parity import TERMS, staged
from tests.backtest.venue_runs import AT_VENUE, GUARDED

from contracts.fill import Fill
from contracts.order import Order
from contracts.signal import Signal
from contracts.topics import ORDERS, SIGNALS
from exchanges.paper import PaperBroker
from execution.app import OUTPUTS, topology
from execution.core.beside_paper import KEPT, PATIENCE_BARS, Beside, Ended, Slipped, listen
from execution.metrics import FEWEST, LAST, VenueFigures
from execution.settings import ExecutionSettings
from streaming.testing import run_topology


def played(folder: Path, planted: Planted | None = None, of: Any = AT_VENUE, length: int = 250) -> ScriptedVenue:
    venue = ScriptedVenue(of, PaperBroker(), TERMS.policy, planted or Planted())
    return venue.run(staged(folder, of, holes=0.0, length=length))


def heard(venue: ScriptedVenue, beside: Beside | None = None) -> tuple[list[float], Counter[bool]]:
    """Listen to all of it; return how much worse fills were, and how many orders ended the same and otherwise."""
    beside = beside or Beside()
    found = [each for event, told in venue.told for each in listen(beside, event, told, venue.paper)]
    same = Counter(each.same for each in found if isinstance(each, Ended))
    return [each.bps for each in found if isinstance(each, Slipped)], same


@pytest.mark.parametrize("of", [AT_VENUE, GUARDED], ids=["plain", "guarded"])
def test_a_venue_that_fills_as_paper_does_costs_nothing_and_ends_all_orders_the_same(tmp_path: Path, of: Any) -> None:
    venue = played(tmp_path, of=of)
    beside = Beside()
    slipped, same = heard(venue, beside)
    fills = [each for each in venue.messages if isinstance(each, Fill)]
    assert len(slipped) == len(fills) >= 10 and set(slipped) == {0.0}
    assert same[True] >= 10 and not same[False]
    assert len(beside.twins) <= 4 and not beside.fills, "what has ended is not kept"


def test_a_worse_price_is_found_as_large_as_it_is(tmp_path: Path) -> None:
    slipped, same = heard(played(tmp_path, Planted(price_bps=Decimal(7))))
    assert slipped == pytest.approx([7.0] * len(slipped), abs=1e-6) and not same[False]


@pytest.mark.parametrize("planted", [Planted(missed=frozenset({1})), Planted(part={1: Decimal("0.5")})])
def test_an_order_that_is_missed_or_cut_short_has_ended_otherwise(tmp_path: Path, planted: Planted) -> None:
    slipped, same = heard(played(tmp_path, planted))
    assert same[False] == 1 and set(slipped) == {0.0}


def test_a_late_fill_is_held_against_its_own_candle(tmp_path: Path) -> None:
    slipped, same = heard(played(tmp_path, Planted(late={1: 2})))
    assert set(slipped) == {0.0} and not same[False]


def test_an_order_of_before_this_process_is_not_judged_and_its_fill_is(tmp_path: Path) -> None:
    venue = played(tmp_path)
    sent = next(place for place, (_, told) in enumerate(venue.told) if any(isinstance(m, Order) for m in told))
    venue.told = venue.told[sent + 1 :]
    slipped, same = heard(venue)
    fills = [each for each in venue.messages if isinstance(each, Fill)]
    whole = heard(played(tmp_path))[1]
    assert len(slipped) == len(fills) and sum(same.values()) == sum(whole.values()) - 1


def test_a_fill_whose_candle_never_comes_is_held_against_no_other(tmp_path: Path) -> None:
    venue = played(tmp_path, Planted(price_bps=Decimal(7)))
    fill = next(each for each in venue.messages if isinstance(each, Fill))
    candle = fill.pair, fill.candle_window_start_ms
    venue.told = [(e, t) for e, t in venue.told if (e.pair, getattr(e, "window_start_ms", None)) != candle]
    beside = Beside()
    slipped, _ = heard(venue, beside)
    assert len(slipped) == sum(isinstance(each, Fill) for each in venue.messages) - 1 and not beside.fills
    assert slipped == pytest.approx([7.0] * len(slipped), abs=1e-6)


def test_an_order_that_paper_goes_on_waiting_with_is_judged_after_a_while(tmp_path: Path) -> None:
    """Of a limit that is nowhere near: the venue cancels it by itself, and on paper it stands for ever."""
    venue = played(tmp_path)
    order = next(each for each in venue.messages if isinstance(each, Order))
    far = {"order_type": "limit", "limit_price": "0.01", "collar_price": None, "expires_at_ms": None}
    sent = order.model_copy(update=far)
    gone = sent.model_copy(update={"step": 2, "status": "CANCELLED", "reason": "by the venue"})
    marks = [each for each, _ in venue.told if isinstance(each, Signal) and each.pair == order.pair]
    later = [each for each in marks if each.window_start_ms >= order.decided_at_ms]
    beside = Beside()
    assert listen(beside, marks[0], [sent, gone], venue.paper) == []
    found = [listen(beside, each, [], venue.paper) for each in later[:PATIENCE_BARS]]
    assert found == [*[[]] * (PATIENCE_BARS - 1), [Ended(same=True)]]


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """A venue that never answers: of each bar's order the oldest is forgotten."""
    venue = played(tmp_path, length=60)
    event, told = next((e, t) for e, t in venue.told if any(isinstance(m, Order) for m in t))
    order = next(m for m in told if isinstance(m, Order))
    beside = Beside()
    for number in range(KEPT + 50):
        listen(beside, event, [order.model_copy(update={"order_id": f"o-{number}"})], venue.paper)
    assert len(beside.twins) == KEPT and "o-49" not in beside.twins


def test_figures_are_of_the_last_ones_and_of_few_there_are_none() -> None:
    def value(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"account": "figures", **labels})

    figures = VenueFigures(AT_VENUE.model_copy(update={"name": "figures"}), PaperBroker())
    names = "tradestream_account_venue_slippage_bps", "tradestream_account_venue_other_ratio"
    figures.tell([Slipped(5.0), Ended(same=False)] * (FEWEST - 1))
    assert [value(name) for name in names] == [None, None]
    figures.tell([Slipped(25.0), Ended(same=True)])
    assert [value(name) for name in names] == [pytest.approx(6.0), pytest.approx(0.95)]
    figures.tell([Slipped(-1.0), Ended(same=True)] * LAST)
    assert [value(name) for name in names] == [pytest.approx(-1.0), 0]
    counted = [value("tradestream_account_venue_orders_total", outcome=each) for each in ("same", "other")]
    assert counted == [LAST + 1, FEWEST - 1]


def test_the_service_tells_it_and_publishes_what_it_did_without(tmp_path: Path) -> None:
    venue = played(tmp_path, of=AT_VENUE.model_copy(update={"name": "served"}))
    settings = ExecutionSettings(accounts=(venue.account,), store_url="off")
    told = run_topology(topology, settings, "execution", {SIGNALS: venue.events}, list(OUTPUTS))
    orders = [each.to_json() for each in venue.messages if isinstance(each, Order)]
    assert [each.to_json() for each in told[ORDERS.name]] == orders
    same = REGISTRY.get_sample_value(
        "tradestream_account_venue_orders_total", {"account": "served", "outcome": "same"}
    )
    assert same == heard(venue)[1][True] > 10


def test_what_goes_wrong_beside_is_of_no_consequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a candle like no other")

    venue = played(tmp_path, length=60)
    monkeypatch.setattr("execution.metrics.listen", broken)
    settings = ExecutionSettings(accounts=(venue.account,), store_url="off")
    told = run_topology(topology, settings, "execution", {SIGNALS: venue.events}, list(OUTPUTS))
    orders = [each.to_json() for each in venue.messages if isinstance(each, Order)]
    assert [each.to_json() for each in told[ORDERS.name]] == orders != []
