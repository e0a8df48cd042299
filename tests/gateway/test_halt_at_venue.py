"""How long after an operator's halt the venue still takes entries: 100 accounts of 10 strategies, each for a pair."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.chaos.order_storm import PRELOADED, Storm
from tests.support.fork_server import prepare_server
from tests.support.waiting import wait_for

from contracts.clock import SystemClock
from contracts.order import Order
from contracts.order_report import OrderReport
from contracts.topics import ORDERS, SIGNALS
from contracts.units import US_PER_MS, US_PER_SECOND
from exchanges.private.venues import PRIVATE_VENUES
from gateway.core.client_ids import client_id
from streaming.clients import read_topic
from streaming.producer import open_producer

PAIRS = tuple(f"{base}/USD" for base in ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LTC", "LINK", "DOT", "AVAX"))
ACCOUNTS = 100
ENTRIES = ACCOUNTS * len(PAIRS)
#: So many are taken before the halt: by then all orders have been read, and one after another is sent.
TAKEN = 250
AT_MOST_SECONDS = 1.0
PATIENCE_SECONDS = 120.0


def entries_at_venue(url: str) -> list[dict[str, Any]]:
    """Return what the venue took and is no stop: those of what is held may come after a halt, too."""
    orders = httpx.get(f"{url}/sim/orders", timeout=60).json()["accounts"]["main"]["orders"]
    return [each for each in orders if each["order_type"] != "stop-loss"]


def is_sending(url: str) -> bool:
    """Return whether enough were taken, one just now: beside other work a gateway may stand still."""
    taken = [each["opened_us"] for each in entries_at_venue(url)]
    return len(taken) >= TAKEN and now_us(url) - max(taken) < US_PER_SECOND // 10


def now_us(url: str) -> int:
    """Return what time it is at the venue."""
    return int(httpx.get(f"{url}/sim/status", timeout=60).json()["now_us"])


def placed(storm: Storm) -> set[str]:
    """Return the ids of all entries."""
    orders = (record.message() for record in read_topic(storm.settings, ORDERS))
    return {each.order_id for each in orders if isinstance(each, Order) and each.purpose == "decision"}


def turned_away(storm: Storm) -> set[str]:
    """Return the ids of orders that the gateway says are over: the halt ends them, or what execution makes of it."""
    reports = (record.message() for record in read_topic(storm.settings, SIGNALS))
    over = ("REJECTED", "CANCELLED")
    return {each.order_id for each in reports if isinstance(each, OrderReport) and each.kind in over}


def settled(storm: Storm, url: str) -> int:
    """Return of how many entries it is certain whether the venue has taken them."""
    taken, over = {each["client_order_id"] for each in entries_at_venue(url)}, turned_away(storm)
    return sum(client_id(order_id) in taken or order_id in over for order_id in placed(storm))


def say_halt(storm: Storm, url: str) -> int:
    """Halt all accounts as an operator does; return when that was said by the venue's clock, microseconds."""
    venue_us = now_us(url)
    behind_us = SystemClock().now_us() - venue_us  # rather too much: then the halt counts as said earlier
    commands = storm.halt()
    assert len(commands) == ACCOUNTS
    return commands[0].issued_at_ms * US_PER_MS - behind_us


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
@pytest.mark.parametrize("execution_runs", [True, False], ids=["execution running", "execution stopped"])
def test_no_entry_is_taken_a_second_after_a_halt(tmp_path: Path, execution_runs: bool, venue: str) -> None:
    prepare_server(PRELOADED)
    storm = Storm(tmp_path, signals=ENTRIES, kills=0, accounts=ACCOUNTS, pairs=PAIRS, share=0, venue=venue)
    with storm.begun() as url:
        with open_producer(storm.settings, "signals") as producer:
            storm.pulse(producer, url, 0)
        if not execution_runs:
            wait_for(lambda: len(placed(storm)) == ENTRIES, f"{ENTRIES} orders", PATIENCE_SECONDS, poll_seconds=0.5)
            os.kill(storm.processes["execution"].pid or 0, signal.SIGSTOP)
        wait_for(lambda: len(entries_at_venue(url)) >= TAKEN, f"{TAKEN} taken", PATIENCE_SECONDS, poll_seconds=0.05)
        halted_us = say_halt(storm, url)
        wait_for(
            lambda: settled(storm, url) == ENTRIES,
            lambda: f"{ENTRIES} entries to be settled, not {settled(storm, url)}",
            PATIENCE_SECONDS,
            poll_seconds=0.5,
        )
        taken = entries_at_venue(url)
    after_s = sorted((each["opened_us"] - halted_us) / US_PER_SECOND for each in taken)
    late = sum(each > 0 for each in after_s)
    print(
        f"halt of {ACCOUNTS} accounts with {ENTRIES} orders on their way, {len(taken) - late} taken: {late} more, "
        f"the last {after_s[-1]:+.3f} s after it; {ENTRIES - len(taken)} were not sent"
    )
    assert ENTRIES - len(taken) > ENTRIES // 4, "most had been sent before the halt: it shows nothing"
    assert after_s[-1] > -0.5, "nothing was on its way when the halt came: it shows nothing"
    assert after_s[-1] <= AT_MOST_SECONDS
