"""`tradestream backtest --of RUN` of an account at a venue: with its reports the same comes out again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.backtest.scripted_venue import Planted
from tests.backtest.venue_runs import AT_VENUE, VenueRun, venue_run

from backtest.again import again
from backtest.parity import parity
from backtest.what_if import what_if
from contracts.errors import BadInputError
from contracts.order_report import OrderReport

#: Everything at once: worse prices, orders that are missed, late and cut short.
UNKIND = Planted(Decimal(7), Decimal(2), frozenset({3, 9}), {5: 2}, {7: Decimal("0.5")})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> VenueRun:
    return venue_run(tmp_path_factory.mktemp("venue"), UNKIND)


def test_with_the_venues_reports_at_their_place_the_same_comes_out_again(run: VenueRun) -> None:
    found = {each.table: each for each in parity(run.folder, run.terms)}
    assert all(each.differences == () for each in found.values()), [each.differences[:3] for each in found.values()]
    assert found["fills"].equal >= 10 and found["orders"].equal > 20


def test_without_them_or_a_minute_later_it_is_another_run(run: VenueRun) -> None:
    name = AT_VENUE.name
    late = [(None if at_ms is None else at_ms + 60_000, word) for at_ms, word in run.terms.said[name]]
    for said in ({}, {name: late}):
        assert any(each.differences for each in parity(run.folder, replace(run.terms, said=said)))


def test_a_report_of_an_order_that_nobody_knows_is_set_aside_and_one_that_comes_again_is_nothing(
    run: VenueRun,
) -> None:
    name = AT_VENUE.name
    said = list(run.terms.said[name])
    at_ms, report = next((at_ms, word) for at_ms, word in said if isinstance(word, OrderReport))
    stranger = report.model_copy(update={"order_id": "o-unknown"})
    more = [*said, (said[-1][0], report), (at_ms, stranger)]
    more.sort(key=lambda each: each[0] or 0)
    terms = replace(run.terms, said={name: more})
    assert not any(each.differences for each in parity(run.folder, terms))
    [one] = again(run.folder, terms)
    assert one.outcome().unheard == [stranger]


def test_other_limits_are_not_tried_on_a_venues_fills(run: VenueRun) -> None:
    with pytest.raises(BadInputError, match=r"expected a run on paper.*an account at a venue"):
        what_if(run.folder, run.terms, {})
