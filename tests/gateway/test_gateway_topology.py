"""The gateway over an embedded log: what it reads, sends and writes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from tests.gateway.market import LIVE, PAPER, FakeVenue, reports, settings_for, turns, write
from tests.gateway.world import START_MS, order

from contracts.errors import BadSettingError
from contracts.operator_command import OperatorAction, OperatorCommand
from contracts.order import Order
from contracts.order_report import OrderReport
from contracts.position import Position
from contracts.topics import CONTROL, ORDERS, POSITIONS
from contracts.units import MS_PER_DAY
from exchanges.kraken.private_rest import KrakenPrivate
from exchanges.private.execution import VenueExecution
from exchanges.private.order import VenueOrder
from exchanges.private.venues import PRIVATE_VENUES
from exchanges.venues import VENUES
from gateway.app import opened
from gateway.core.events import Event, OrderSeen, Surveyed, Told
from gateway.core.fold import step
from gateway.core.policy import Policy
from gateway.core.requests import Notice
from gateway.core.state import State
from gateway.settings import GatewaySettings
from streaming.clients import create_topics, read_dead_letters
from streaming.errors import SettingsError
from streaming.producer import open_producer
from streaming.settings import read_settings


def command(action: OperatorAction) -> OperatorCommand:
    return OperatorCommand(
        command_id="c1", account="main", action=action, reason="a test", issued_by="tests", issued_at_ms=START_MS
    )


def test_an_order_is_sent_and_its_fill_reported(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path, ask_seconds=0.001), FakeVenue()
    turns(settings, venue, lambda: write(settings, ORDERS, order(1)), lambda: None)
    assert [each.client_order_id for each in venue.orders] == [order(1).order_id]
    assert [(each.kind, each.venue_order_id) for each in reports(settings)] == [("ACCEPTED", "V0"), ("FILL", "V0")]
    assert all(each.key == "main" for each in reports(settings))


def test_what_was_there_before_is_asked_for_and_not_sent(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path), FakeVenue()
    write(settings, ORDERS, order(1), order(2))
    venue.add_order(order(2), order(2).order_id, 0)
    turns(settings, venue)
    assert len(venue.orders) == 1
    told = [(each.order_id, each.kind) for each in reports(settings)]
    one, two = order(1).order_id, order(2).order_id
    assert told == [(one, "UNRESOLVED"), (two, "UNRESOLVED"), (two, "ACCEPTED"), (two, "FILL")]


def test_orders_of_paper_accounts_and_of_other_venues_do_not_reach_it(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path), FakeVenue()
    paper, elsewhere = order(1, account=PAPER.name), order(2, exchange="binance")
    turns(settings, venue, lambda: write(settings, ORDERS, paper, elsewhere))
    assert venue.orders == []
    assert [(each.order_id, each.kind) for each in reports(settings)] == [(elsewhere.order_id, "REJECTED")]


def test_control_is_looked_at_before_each_order(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path), FakeVenue()

    def halt(_: Order) -> None:
        write(settings, CONTROL, command("halt"))

    venue.on_order = halt  # while the first is under way
    turns(settings, venue, lambda: write(settings, ORDERS, order(1), order(2)))
    assert [each.client_order_id for each in venue.orders] == [order(1).order_id]
    assert ("REJECTED", "halted") in [(each.kind, each.reason) for each in reports(settings)]


def test_a_halt_from_before_the_start_holds(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path), FakeVenue()
    write(settings, CONTROL, command("halt"))
    turns(settings, venue, lambda: write(settings, ORDERS, order(1)))
    assert venue.orders == []


def test_a_pair_of_which_the_venue_has_less_does_not_trade(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path), FakeVenue()
    write(settings, POSITIONS, position("11"))
    turns(settings, venue, lambda: write(settings, ORDERS, order(1), order(2, pair="ETH/USD")))
    assert [each.pair for each in venue.orders] == ["ETH/USD"]
    assert "the venue has 10" in str(reports(settings)[0].reason)


def test_an_order_that_is_written_again_long_after_its_end_is_not_sent_again(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path, ask_seconds=0.001, reconcile_seconds=0.001), FakeVenue()
    stop = order(1, side="sell", purpose="protect", order_type="stop", stop_price="90")

    def a_day_later() -> None:
        venue.now_ms += MS_PER_DAY

    again = (lambda: write(settings, ORDERS, stop), lambda: None)
    often = [lambda: None] * 20  # each may ask again once a millisecond has passed
    turns(settings, venue, *again, a_day_later, *often, *again)
    assert len(venue.orders) == 1


def position(quantity: str) -> Position:
    return Position(
        account=LIVE.name,
        exchange="kraken",
        pair="BTC/USD",
        fill_id="f",
        action="OPENED",
        quantity=quantity,
        average_price="100",
        cost_quote="1100",
        realised_pnl_quote="0",
        fees_quote="0",
        updated_at_ms=START_MS,
    )


def test_what_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    settings, venue = settings_for(tmp_path), FakeVenue()
    create_topics(settings, [ORDERS])

    def broken() -> None:
        with open_producer(settings, "test") as producer:
            topic = ORDERS.full_name(settings.environment)
            producer.send_bytes(topic, 0, b"main", b"{", timestamp_ms=START_MS, headers=[])
            producer.produce(ORDERS, order(1))

    turns(settings, venue, broken)
    assert len(venue.orders) == 1
    assert [record.value for record in read_dead_letters(settings, "gateway")] == [b"{"]


ACCOUNTS = '[{"name": "main", "broker": "venue", "pairs": ["BTC/USD"]}]'


@pytest.mark.parametrize("venue", ["bitstamp", "simulator", "Kraken", *sorted(VENUES.keys() - PRIVATE_VENUES.keys())])
def test_venues_that_take_no_orders_are_refused_by_name(venue: str) -> None:
    there = ", ".join(sorted(PRIVATE_VENUES))
    with pytest.raises(SettingsError, match=f"one of {there}: orders go to no other venue, was '{venue}'"):
        told(GATEWAY_EXCHANGE=venue)


@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
def test_where_the_stream_tells_no_fills_they_are_asked_for_at_once(venue: str) -> None:
    grace_ms = told(GATEWAY_EXCHANGE=venue).policy.grace_ms
    assert grace_ms == (1_000 if PRIVATE_VENUES[venue].tells_fills else 100)


@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
def test_a_dead_mans_switch_is_refused_where_there_is_none(venue: str) -> None:
    if PRIVATE_VENUES[venue].has_switch:
        assert told(GATEWAY_EXCHANGE=venue, GATEWAY_CANCEL_ALL_AFTER_SECONDS="60").cancel_all_after_seconds == 60
        return
    with pytest.raises(SettingsError, match=f"{venue} has no dead man's switch, was 60"):
        told(GATEWAY_EXCHANGE=venue, GATEWAY_CANCEL_ALL_AFTER_SECONDS="60")


@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
def test_the_stream_is_the_venues_own_unless_its_rest_is_another(venue: str) -> None:
    assert told(GATEWAY_EXCHANGE=venue).stream_url == PRIVATE_VENUES[venue].stream_url
    assert told(GATEWAY_EXCHANGE=venue, GATEWAY_REST_URL="http://127.0.0.1:1").stream_url is None


@pytest.mark.parametrize("told_by_itself", [True, False], ids=["told", "asked for"])
def test_a_fee_in_a_third_currency_is_said_once_and_the_fill_is_booked(told_by_itself: bool) -> None:
    placed = order(1)
    execution = VenueExecution(
        *("T1", "V1", None, placed.pair, "buy", Decimal(1), Decimal(100), Decimal(0), "quote", "taker", START_MS),
        fee_elsewhere="0.01 BNB",
    )
    there = VenueOrder(placed.order_id, "V1", placed.pair, "buy", "closed", Decimal(1), Decimal(1), None, START_MS)
    state, _ = step(State(), OrderSeen(placed, True, START_MS), Policy())
    asked = Surveyed(START_MS, (there,), (execution, execution), {}, START_MS)
    event: Event = Told((execution, execution), (), False, START_MS) if told_by_itself else asked
    if told_by_itself:
        state, _ = step(state, Surveyed(START_MS, (replace(there, status="open"),), (), {}, START_MS), Policy())
    _, outputs = step(state, event, Policy())
    said = [each.text for each in outputs if isinstance(each, Notice)]
    assert len(said) == 1 and "0.01 BNB" in said[0]
    fills = [each for each in outputs if isinstance(each, OrderReport) and each.execution is not None]
    assert [each.execution.fee for each in fills if each.execution is not None] == ["0"]


def test_a_key_is_needed_where_an_account_is_at_a_venue() -> None:
    with pytest.raises(SettingsError, match="GATEWAY_API_KEY and GATEWAY_API_SECRET"):
        told(TRADESTREAM_ACCOUNTS=ACCOUNTS)
    assert told().venue_accounts == ()


def test_a_wrong_secret_is_not_shown() -> None:
    wrong = "not base64 but secret"
    settings = told(TRADESTREAM_ACCOUNTS=ACCOUNTS, GATEWAY_API_KEY="key", GATEWAY_API_SECRET=wrong)
    with pytest.raises(BadSettingError, match="base64") as caught:
        KrakenPrivate(SecretStr("key"), settings.api_secret or SecretStr(""))
    assert wrong not in str(caught.value) and wrong not in repr(settings)
    with pytest.raises(ValidationError) as refused:
        GatewaySettings(api_secret=wrong, exchange="nowhere")
    assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("exchange", "wrong"),
    [("kraken", "not base64"), ("coinbase", "no key"), ("binance", "-----BEGIN PRIVATE KEY-----")],
)
def test_a_wrong_secret_is_named_by_its_setting(exchange: str, wrong: str) -> None:
    settings = told(
        TRADESTREAM_ACCOUNTS=ACCOUNTS, GATEWAY_EXCHANGE=exchange, GATEWAY_API_KEY="key", GATEWAY_API_SECRET=wrong,
        GATEWAY_CANCEL_ALL_AFTER_SECONDS="0",
    )  # fmt: skip
    with pytest.raises(BadSettingError, match="GATEWAY_API_SECRET: expected"):
        opened(settings)


def told(**variables: str) -> GatewaySettings:
    return read_settings(GatewaySettings, variables)
