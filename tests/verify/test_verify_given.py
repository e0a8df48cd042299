"""Commands and reports in a replay: put where they were recorded, between messages that came in another order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.execution.operator_words import command
from tests.execution.signal_stream import account, mark, minute_ms, signal, told

from contracts.candle_mark import CandleMark
from contracts.message import Message
from contracts.order import Order
from contracts.order_report import Execution, OrderReport
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.topics import FILLS, SIGNALS
from execution.core.execute import step
from execution.core.policy import Policy
from execution.settings import ExecutionSettings
from streaming.record import Record
from verify.given import follows, interleaved, is_given

LAWS = settings(derandomize=True, max_examples=60, deadline=None)
PAIRS = ("BTC/USD", "ETH/USD")
DECISIONS = ("buy", "none", "sell", "none", "none")


def record(message: Message, offset: int = 0) -> Record:
    headers: dict[str, bytes | None] = {"schema": message.schema_name.encode()}
    return Record("signals-dev", 0, offset, message.key.encode(), message.to_json(), headers, 0, SIGNALS)


def sources(minutes: int) -> list[list[Message]]:
    """Return what each source of an account brings, in its order."""
    said = {
        pair: [
            signal(n, DECISIONS[(n + shift) % 5], close=100 + n % 7, pair=pair, stop_pct=5.0) for n in range(minutes)
        ]
        for shift, pair in enumerate(PAIRS)
    }
    marks: list[list[Message]] = [[mark(each) for each in of_pair] for of_pair in said.values()]
    return [*marks, *(list[Message](each) for each in said.values())]


def shuffled(draw: Any, queues: Sequence[Sequence[Message]]) -> list[Message]:
    """Return the messages in an order in which each source keeps its own."""
    turns = draw(st.permutations([number for number, queue in enumerate(queues) for _ in queue]))
    rest = [iter(queue) for queue in queues]
    return [next(rest[number]) for number in turns]


class Live:
    """An account as it ran: what came, in its order, and what followed."""

    def __init__(self, broker: Any) -> None:
        self.account = account(*PAIRS, broker=broker, cooldown_bars=0)
        self.state, self.came, self.followed = MemoryState(), list[Message](), list[Message]()

    def take(self, events: Iterable[Any]) -> None:
        broker = ExecutionSettings(accounts=(self.account,)).broker_of(self.account)
        for event in events:
            self.came.append(event)
            self.followed += step(self.state, event, self.account, broker, Policy())

    def report(self, draw: Any) -> None:
        """Let the venue say something of an order that it was sent: its end, or that it is filled."""
        orders = [order for order in self.followed if isinstance(order, Order) and order.status == "PLACED"]
        if not orders:
            return
        order = draw(st.sampled_from(orders))
        kind = draw(st.sampled_from(["FILL", "FILL", "CANCELLED", "ACCEPTED"]))
        filled = Execution(execution_id="T1", quantity=order.quantity, price="101", fee="0.1")
        where = {"account": order.account, "exchange": order.exchange, "pair": order.pair}
        at = {"order_id": order.order_id, "reported_at_ms": minute_ms(1)}
        self.take([OrderReport(**where, **at, kind=kind, execution=filled if kind == "FILL" else None)])


def lived(draw: Any, broker: str) -> Live:
    live = Live(broker)
    for number, event in enumerate(shuffled(draw, sources(6))):
        if draw(st.integers(0, 5)) == 0:
            live.take([command(draw(st.sampled_from(["halt", "reduce_only", "flatten", "resume"])), number)])
        if broker == "venue" and draw(st.booleans()):
            live.report(draw)
        live.take([event])
        if draw(st.integers(0, 9)) == 0:
            live.take([event])  # what at-least-once costs
    return live


def again(live: Live, replayed: Iterable[Message]) -> list[Message]:
    came = [record(message, offset) for offset, message in enumerate(live.came)]
    laid_out = interleaved(SIGNALS, came, map(record, replayed))
    second = Live(live.account.broker)
    second.take(each.message() for each in laid_out)
    return second.followed


@LAWS
@given(st.data())
def test_whatever_order_the_replay_wrote_an_account_lives_the_same_life(data: st.DataObject) -> None:
    """With commands and, at a venue, with reports: all that follows is the same to the byte."""
    live = lived(data.draw, data.draw(st.sampled_from(["paper", "venue"])))
    replayed = shuffled(data.draw, sources(6))
    assert told(again(live, replayed)) == told(live.followed)


def test_what_the_log_has_lost_is_at_its_place_in_the_replay_and_what_it_made_up_is_not() -> None:
    live = Live("paper")
    marks, _, signals, _ = sources(4)
    live.take([marks[0], signals[0], marks[1], command("halt"), signals[1], marks[2]])
    kept = [record(message) for message in live.came if message is not marks[1]]
    made_up = record(marks[0].model_copy(update={"window_start_ms": minute_ms(99)}))
    found = interleaved(SIGNALS, [made_up, *kept], map(record, [*marks, *signals]))
    ids = [each.message().message_id for each in found]
    assert ids[:6] == [m.message_id for m in (marks[0], signals[0], command("halt"), signals[1], marks[1], marks[2])]
    assert sorted(ids[6:]) == sorted(m.message_id for m in (marks[3], signals[2], signals[3]))


def test_what_is_given_is_told_by_its_header_and_without_one_by_itself() -> None:
    bare = Record("signals-dev", 0, 0, b"paper", command("halt").to_json(), {}, 0, SIGNALS)
    ours = record(signal(0))
    assert [is_given(SIGNALS, each) for each in (bare, record(command("halt")), ours)] == [True, True, False]
    assert list(follows(SIGNALS, [bare, ours])) == [ours]
    assert list(follows(FILLS, [bare])) == [bare], "nothing is given there"
    assert {*SIGNALS.given} == {*SIGNALS.messages} - {Signal, CandleMark}
