"""How long it takes from an operator's word to the last order that it gives up: 100 accounts, 10 pairs each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.execution.signal_stream import signal
from tests.support.processes import start_service
from tests.support.waiting import wait_for

from contracts.account import Account
from contracts.order import Order, OrderStatus
from contracts.topics import ORDERS, SIGNALS
from contracts.units import MS_PER_SECOND, US_PER_MS
from execution.app import OUTPUTS
from streaming.clients import create_topics, read_topic
from streaming.control import ControlSettings, Words, say
from streaming.producer import open_producer

ACCOUNTS, PAIRS = 100, tuple(f"C{number}/USD" for number in range(10))
#: What is wanted is a second, on a machine that does nothing else; this says that it is no minute.
AT_MOST_SECONDS = 20.0


def steps(settings: ControlSettings, status: OrderStatus) -> Iterator[int]:
    """Yield when each step of this status was written, microseconds."""
    for record in read_topic(settings, ORDERS):
        order = record.message()
        if isinstance(order, Order) and order.status == status:
            yield int(record.headers["produced_at_us"] or b"0")


@pytest.mark.long
def test_a_halt_reaches_a_thousand_orders_of_a_hundred_accounts(tmp_path: Path) -> None:
    accounts = tuple(Account(name=f"a{n}", pairs=PAIRS, position_pct=5) for n in range(ACCOUNTS))
    settings = ControlSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path, accounts=accounts)
    create_topics(settings, [SIGNALS, *OUTPUTS])
    with open_producer(settings, "test") as producer:
        for account in accounts:
            for pair in PAIRS:
                producer.produce(SIGNALS, signal(0, "buy", pair=pair, account=account.name))
    told = json.dumps([account.model_dump(mode="json") for account in accounts])
    execution = start_service("execution", settings, TRADESTREAM_ACCOUNTS=told, TRADESTREAM_STORE_URL="off")
    orders = ACCOUNTS * len(PAIRS)
    try:
        wait_for(lambda: len(list(steps(settings, "PLACED"))) == orders, f"{orders} orders", of=execution)
        commands = say(settings, Words("halt", "measured", "test"))
        wait_for(lambda: len(list(steps(settings, "CANCELLED"))) == orders, f"{orders} ends", of=execution)
    finally:
        execution.kill()
        execution.wait()
    ended = sorted(steps(settings, "CANCELLED"))
    first_s, last_s = (
        (when_us / US_PER_MS - commands[0].issued_at_ms) / MS_PER_SECOND for when_us in (ended[0], ended[-1])
    )
    print(
        f"halt: {len(commands)} accounts, {orders} orders, first given up after {first_s:.3f} s, last {last_s:.3f} s"
    )
    assert 0 <= last_s < AT_MOST_SECONDS
