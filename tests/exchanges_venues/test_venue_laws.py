"""One law for every venue: the same market, whatever the network does, is handed on once, in order, without holes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.venue_keys import SECRETS
from tests.support.waiting import let_pass_async
from tests.support.workspace import ROOT

from contracts.clock import FixedClock
from contracts.errors import BadInputError
from exchanges.continuity import PairState
from exchanges.private.venues import PRIVATE_VENUES
from exchanges.recorded.recording import CONSECUTIVE_VENUES
from exchanges.simulator.accounts.names import LASTING_NAMES, NAMINGS
from exchanges.simulator.dialects import PRIVATE_SOCKETS, SOCKETS
from exchanges.venue import Trade, UnknownPairError
from exchanges.venues import VENUES, venue

START_MS = 1_772_445_600_000
MINUTE_MS = 60_000
Opener = Callable[..., Any]


def check_complete(bench: Any, pair: str, truth: list[Trade], *, in_order: bool = True) -> None:
    """Everything from the first heartbeat on came exactly once."""
    start_us = bench.sink.heartbeats[pair][0][0]
    expected = [trade for trade in truth if trade.timestamp_us >= start_us]
    came = bench.sink.handed_on[pair]
    assert (came if in_order else sorted(came, key=lambda t: t.trade_id)) == expected


def check_heartbeats(bench: Any, pair: str, truth: list[Trade]) -> None:
    """No heartbeat spoke for a trade that had not been handed on, and time only advanced."""
    came, times = bench.sink.ids(pair), [time_us for time_us, _ in bench.sink.heartbeats[pair]]
    assert times == sorted(set(times))
    for time_us, count in bench.sink.heartbeats[pair][1:]:
        spoken_for = {t.trade_id for t in truth if times[0] <= t.timestamp_us < time_us}
        assert spoken_for <= set(came[:count]), f"heartbeat {time_us} is ahead"


def test_every_venue_has_a_dialect_and_an_adapter() -> None:
    assert set(SOCKETS) == set(VENUES) == {"kraken", "coinbase", "binance"}
    assert {name for name, one in VENUES.items() if one.consecutive_ids} == CONSECUTIVE_VENUES - {"simulator"}
    for name, one in VENUES.items():
        assert one.name == name and venue(name) is one
    with pytest.raises(BadInputError, match="expected one of binance, coinbase, kraken, was 'mtgox'"):
        venue("mtgox")


def test_every_venue_that_takes_orders_is_one_of_them_and_its_private_calls_are_simulated() -> None:
    """So that whatever is asked of all of `PRIVATE_VENUES` is asked of each; and `make chaos venue=` knows them."""
    assert PRIVATE_VENUES.keys() <= VENUES.keys()
    assert PRIVATE_VENUES.keys() == PRIVATE_SOCKETS.keys() == NAMINGS.keys() == SECRETS.keys()
    assert {name for name, each in PRIVATE_VENUES.items() if each.lasting_names} == LASTING_NAMES
    (choices,) = re.findall(r"^choices_venue +:= (.+)$", (ROOT / "make/arguments.mk").read_text(), re.MULTILINE)
    assert set(choices.split()) == PRIVATE_VENUES.keys()


def test_a_bad_network_changes_nothing(open_bench: Opener) -> None:
    faults = [
        {"kind": kind, "at_ms": START_MS + int(minute * MINUTE_MS), **more}
        for kind, minute, more in (
            ("duplicate", 1, {"count": 30}),
            ("rate_limit", 4.9, {"count": 2}),
            ("disconnect", 5, {}),
            ("negative_price", 7, {"count": 5}),
            ("refuse_connections", 7.9, {"count": 2}),
            ("disconnect", 8, {"close_code": 1001}),
        )
    ]

    async def run() -> None:
        async with open_bench(minutes=12, faults=faults) as bench:
            feed = bench.feed({"BTC/USD": PairState(), "ETH/USD": PairState()})
            running = asyncio.create_task(feed.run())
            await bench.until(lambda: len(bench.sink.heartbeats) == 2, "the first heartbeats")
            await bench.start()
            await bench.until(lambda: bench.sink.ids("BTC/USD"), "the first trade")
            await bench.control("faults", [{"kind": "garbage"}, {"kind": "half_open"}])
            await bench.until(lambda: "lost" in bench.sink.kinds(), "the loss of a silent socket")
            assert any("no message" in report.text for report in bench.sink.reports)
            async with asyncio.timeout(60):
                await running
            for pair in ("BTC/USD", "ETH/USD"):
                truth = await bench.truth(pair)
                check_complete(bench, pair, truth)
                check_heartbeats(bench, pair, truth)
                assert bench.sink.heartbeats[pair][-1][0] == bench.until_ms * 1_000
            assert bench.sink.kinds().count("lost") >= 3
            assert bench.sink.bad_rows, "garbage, and what is left of the negative prices"
            assert (await bench.control("status"))["faults_pending"] == 0

    asyncio.run(run())


def test_what_comes_late_in_disorder_or_never_is_repaired(open_bench: Opener) -> None:
    faults = [
        {"kind": kind, "at_ms": START_MS + minute * MINUTE_MS, "count": count}
        for kind, minute, count in (("late", 1, 10), ("gap", 2, 7), ("reorder", 3, 12), ("gap", 4, 15))
    ]

    async def run() -> None:
        async with open_bench(minutes=8, faults=faults) as bench:
            running = asyncio.create_task(bench.feed({"BTC/USD": PairState()}).run())
            await bench.until(lambda: bench.sink.heartbeats, "the first heartbeat")
            await bench.start()
            async with asyncio.timeout(60):
                await running
            check_complete(bench, "BTC/USD", await bench.truth("BTC/USD"), in_order=False)
            assert "gap" in bench.sink.kinds() and "unrepaired" not in bench.sink.kinds()

    asyncio.run(run())


def test_ids_that_start_again_are_set_aside_and_not_promised(open_bench: Opener) -> None:
    """On REST and WebSocket ids begin at 1 anew: what came before stands, nothing after it is called complete."""
    at_ms = START_MS + 3 * MINUTE_MS
    faults = [
        {"kind": "restart_ids", "at_ms": at_ms, "pair": "BTC/USD"},
        {"kind": "disconnect", "at_ms": at_ms + 120_000},
    ]

    async def run() -> None:
        async with open_bench(minutes=8, faults=faults) as bench:
            running = asyncio.create_task(bench.feed({"BTC/USD": PairState(), "ETH/USD": PairState()}).run())
            await bench.until(lambda: len(bench.sink.heartbeats) == 2, "the first heartbeats")
            await bench.start()
            async with asyncio.timeout(60):
                await running
            truth = [
                t for t in await bench.truth("BTC/USD") if t.timestamp_us >= bench.sink.heartbeats["BTC/USD"][0][0]
            ]
            again = next(index for index, trade in enumerate(truth) if trade.trade_id == 1)
            assert bench.sink.handed_on["BTC/USD"] == truth[:again]
            lost = bench.sink.lost_trades["BTC/USD"]
            assert sorted(lost, key=lambda t: t.trade_id)[: len(lost)] == truth[again : again + len(lost)]
            assert len({t.trade_id for t in lost}) == len(lost) > 20, "each set aside once"
            assert max(us for us, _ in bench.sink.heartbeats["BTC/USD"]) <= truth[again].timestamp_us
            errors = [report for report in bench.sink.reports if report.kind == "restarted"]
            assert [(report.level, report.pair) for report in errors] == [("ERROR", "BTC/USD")]
            check_complete(bench, "ETH/USD", await bench.truth("ETH/USD"))

    asyncio.run(run())


def test_pairs_come_and_go_while_it_runs(open_bench: Opener) -> None:
    async def run() -> None:
        async with open_bench(faults=[{"kind": "disconnect", "at_ms": START_MS + 6 * MINUTE_MS}]) as bench:
            sink = bench.sink
            feed = bench.feed({"BTC/USD": PairState()})
            running = asyncio.create_task(feed.run())
            await bench.until(lambda: "BTC/USD" in sink.heartbeats, "the first heartbeat")
            await bench.start()
            feed.add("ETH/USD", PairState())
            feed.add("FOO/BAR", PairState())
            feed.add("BTCUSD", PairState())
            await bench.until(lambda: len(sink.ids("ETH/USD")) > 5 and len(sink.refusals) == 2, "trades of ETH/USD")
            feed.remove("ETH/USD")
            feed.remove("ETH/USD")
            last, count = sink.handed_on["ETH/USD"][-1], len(sink.ids("ETH/USD"))
            feed.add("SOL/USD", PairState())
            await bench.until(lambda: len(sink.ids("SOL/USD")) > 5, "trades of SOL/USD")
            assert len(sink.ids("ETH/USD")) == count, "nothing comes of a pair that was removed"
            feed.add("ETH/USD", PairState.resume(last.trade_id, last.timestamp_us))
            async with asyncio.timeout(60):
                await running
            for pair in ("BTC/USD", "ETH/USD", "SOL/USD"):
                truth = await bench.truth(pair)
                check_complete(bench, pair, truth)
                check_heartbeats(bench, pair, truth)
            assert "does not list 'FOO/BAR'" in sink.refusals["FOO/BAR"]
            assert "did you mean BTC/USD" in sink.refusals["BTCUSD"]
            errors = [report.pair for report in sink.reports if (report.kind, report.level) == ("rejected", "ERROR")]
            assert sorted(errors, key=str) == ["BTCUSD", "FOO/BAR"], "told once; what is asked for anew is no error"

    asyncio.run(run())


def test_a_long_absence_is_paged_over_rest(open_bench: Opener) -> None:
    async def run() -> None:
        async with open_bench(minutes=1) as bench:
            truth = await bench.truth("BTC/USD")
            known = [t for t in truth if t.timestamp_us < (START_MS - 180 * MINUTE_MS) * 1_000][-1]
            resumed = PairState.resume(known.trade_id, known.timestamp_us)
            running = asyncio.create_task(bench.feed({"BTC/USD": resumed}).run())
            await bench.start()
            async with asyncio.timeout(60):
                await running
            assert bench.sink.handed_on["BTC/USD"] == [t for t in truth if t.trade_id > known.trade_id]
            assert len(bench.sink.ids("BTC/USD")) > 1_000, "more than a page"

    asyncio.run(run())


def test_history_is_paged_to_the_present(open_bench: Opener) -> None:
    async def run() -> None:
        async with open_bench() as bench:
            await bench.rest.find_pairs(["BTC/USD", "ETH/USD"])
            with pytest.raises(UnknownPairError, match="did you mean BTC/USD"):
                await bench.rest.find_pairs(["BTC/USX"])
            start_us = (START_MS - 200 * MINUTE_MS) * 1_000
            cursor, found, pages = bench.venue.cursor_at(start_us), {}, 0
            while True:
                page = await bench.rest.trades("BTC/USD", cursor)
                pages += 1
                found |= {trade.trade_id: trade for trade in page.trades}
                cursor = page.resume
                if not page.more:
                    break
            now_us = await bench.rest.venue_time_us()
            assert START_MS * 1_000 - 1_000_000 < now_us <= START_MS * 1_000
            truth = [t for t in await bench.truth("BTC/USD") if start_us <= t.timestamp_us <= START_MS * 1_000]
            assert [t for t in found.values() if t.timestamp_us >= start_us] == truth
            again = await bench.rest.trades("BTC/USD", cursor)
            assert not again.more and all(t.trade_id in found for t in again.trades), "the cursor of the present"
            assert pages > 2

    asyncio.run(run())


def test_a_dead_feed_says_its_outage_until_it_is_back(open_bench: Opener) -> None:
    async def run() -> None:
        async with open_bench() as bench:
            sink, clock = bench.sink, FixedClock(START_MS * 1_000)
            feed = bench.feed({"BTC/USD": PairState()}, outage_seconds=0.2, clock=clock)
            running = asyncio.create_task(feed.run())
            await bench.until(lambda: "BTC/USD" in sink.heartbeats, "the first heartbeat")
            await bench.control("faults", [{"kind": "refuse_connections", "count": 30}, {"kind": "disconnect"}])
            await bench.until(lambda: "lost" in sink.kinds(), "the loss")
            complete_us = sink.heartbeats["BTC/USD"][-1][0]
            assert not sink.outages
            for _ in range(2):
                said = len(sink.outages)
                await let_pass_async(0.2)  # the watch has looked, and the clock stood still
                assert len(sink.outages) == said
                clock.set_us(clock.now_us() + 11_000_000)
                await bench.until(lambda said=said: len(sink.outages) > said, "an outage")
            assert sink.outages == [
                ("BTC/USD", complete_us, START_MS * 1_000 + 11_000_000),
                ("BTC/USD", complete_us, START_MS * 1_000 + 22_000_000),
            ]
            await bench.start()
            async with asyncio.timeout(60):
                await running
            check_complete(bench, "BTC/USD", await bench.truth("BTC/USD"))
            assert len(sink.outages) == 2

    asyncio.run(run())
