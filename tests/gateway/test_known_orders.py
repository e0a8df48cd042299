"""A start reads what came since the last one, and knows all the same what there ever was."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.market import LIVE, FakeVenue, settings_for, turns, write
from tests.gateway.test_gateway_topology import position
from tests.gateway.world import START_MS, STOP, order

from contracts.message import Message
from contracts.order import Order
from contracts.topics import ORDERS, POSITIONS
from contracts.units import MS_PER_DAY
from gateway.gateway import Gateway
from gateway.settings import GatewaySettings
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.producer import open_producer
from streaming.tail import TopicTail

LONG_AFTER = START_MS + MS_PER_DAY
FILE = "orders.sqlite"


def life(number: int, *statuses: str, **fields: Any) -> list[Order]:
    """Return the steps of an order."""
    placed = order(number, **fields)
    steps = [placed.model_copy(update={"status": status, "step": step}) for step, status in enumerate(statuses, 1)]
    return [each.model_copy(update={"venue_order_id": "V1"}) if each.step > 1 else each for each in steps]


def started(of: GatewaySettings, now_ms: int = LONG_AFTER) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Start a gateway; return the orders that it looks after, what is held, and what it sent."""
    venue, clock = FakeVenue(now_ms=now_ms), VenueClock()
    clock.heard(now_ms)
    with open_producer(of, "gateway") as producer:
        gateway = Gateway(of, VenueCalls(venue, clock, of.label), clock, producer)
        gateway.turn()
        found = {name: (each.order, each.phase) for name, each in gateway._state.orders.items()}
        held = gateway._held_by_pair()
        gateway.close()
    return found, held, venue.orders


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each look has found."""
    counts: list[int] = []
    look = TopicTail.read_new

    def counting(self: TopicTail) -> Any:
        found = look(self)
        counts.append(len(found))
        return found

    monkeypatch.setattr(TopicTail, "read_new", counting)
    return counts


def test_a_start_reads_what_is_new_and_asks_for_what_is_open(tmp_path: Path, reads: list[int]) -> None:
    of = settings_for(tmp_path)
    over = [step for number in range(40) for step in life(number, "PLACED", "ACCEPTED", "FILLED")]
    resting = life(50, "PLACED", "ACCEPTED", **STOP)
    write(of, ORDERS, *over, *resting)
    write(of, POSITIONS, position("3"))
    first = started(of)
    assert sum(reads) == len(over) + len(resting) + 1
    reads.clear()
    again = started(of)
    assert sum(reads) == 0
    assert again == first == ({resting[-1].order_id: (resting[-1], "UNKNOWN")}, {"BTC/USD": 3}, [])
    write(of, ORDERS, *life(51, "PLACED"))
    found, _, sent = started(of)
    assert sum(reads) == 1 and len(found) == 2 and sent == []


def test_a_step_that_is_written_again_after_a_restart_is_not_news(tmp_path: Path) -> None:
    of = settings_for(tmp_path)
    steps = life(1, "PLACED", "ACCEPTED", "CANCELLED", **STOP)
    write(of, ORDERS, *steps)
    started(of)
    venue = FakeVenue(now_ms=LONG_AFTER)
    turns(of, venue, lambda: write(of, ORDERS, *steps), lambda: None)
    assert venue.orders == []


def replaced_log(of: GatewaySettings, folder: Path) -> None:
    shutil.rmtree(folder / "log")
    write(of, ORDERS, *life(7, "PLACED", "ACCEPTED", **STOP), *life(8, "PLACED", "FILLED"))


def damaged_file(of: GatewaySettings, folder: Path) -> None:
    (of.state_dir_for("gateway") / FILE).write_bytes(b"not a database" * 1_000)


def lost_file(of: GatewaySettings, folder: Path) -> None:
    shutil.rmtree(of.state_dir_for("gateway"))


@pytest.mark.parametrize("happens", [replaced_log, damaged_file, lost_file])
def test_what_is_no_use_is_thrown_away(tmp_path: Path, happens: Any) -> None:
    of = settings_for(tmp_path)
    write(of, ORDERS, *life(1, "PLACED", "ACCEPTED", **STOP), *life(2, "PLACED", "FILLED"))
    started(of)
    happens(of, tmp_path)
    fresh = settings_for(tmp_path, state_dir=tmp_path / "fresh")
    assert started(of) == started(fresh) != ({}, {}, [])


def test_an_account_that_comes_to_the_venue_is_read_from_its_beginning(tmp_path: Path) -> None:
    other = LIVE.model_copy(update={"name": "other"})
    write(settings_for(tmp_path), ORDERS, *life(1, "PLACED", account="other"), *life(2, "PLACED"))
    assert len(started(settings_for(tmp_path, accounts=(LIVE,)))[0]) == 1
    assert len(started(settings_for(tmp_path, accounts=(LIVE, other)))[0]) == 2


def test_a_disk_that_is_full_costs_the_next_start_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = settings_for(tmp_path)
    write(of, ORDERS, *life(1, "PLACED", "ACCEPTED", **STOP))

    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.known_orders.KnownOrders._write", full)
        first = started(of)
    assert started(of) == first != ({}, {}, [])


KINDS = (("PLACED",), ("PLACED", "ACCEPTED"), ("PLACED", "FILLED"), ("PLACED", "ACCEPTED", "CANCELLED"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_with_the_file_all_is_known_that_is_known_without(tmp_path_factory: Any, seed: int) -> None:
    """Orders, repeats and positions, and starts between them, with a file that may be an older one."""
    random, folder = Random(seed), tmp_path_factory.mktemp("known")
    of = settings_for(folder)
    kept, older = of.state_dir_for("gateway"), folder / "older"
    written, soon = list[Message](), random.randrange(5)
    for turn in range(5):
        new: list[Order] = []
        for number in range(random.randrange(6)):
            new += life(10 * turn + number, *random.choice(KINDS), decided_at_ms=START_MS + turn)
        again = random.sample(written, min(len(written), random.randrange(3)))
        write(of, ORDERS, *new, *again)
        written += new
        if random.random() < 0.4:
            write(of, POSITIONS, position(str(random.randrange(1, 9))))
        fresh = settings_for(folder, state_dir=folder / f"fresh-{turn}")
        now_ms = START_MS + 1_000 if turn < soon else LONG_AFTER
        assert started(of, now_ms) == started(fresh, now_ms)
        if random.random() < 0.3:
            shutil.copytree(kept, older, dirs_exist_ok=True)
        elif older.exists() and random.random() < 0.5:
            shutil.rmtree(kept)
            shutil.copytree(older, kept)
