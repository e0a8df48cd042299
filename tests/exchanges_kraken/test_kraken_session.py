"""The feed without sockets: each trade is handed on once, and heartbeats tell the truth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges import frames as ws
from exchanges import session
from exchanges.continuity import PairState
from exchanges.venue import BadRow, Trade

PAIR = "BTC/USD"
PAGE = 3
T0 = 1_772_445_600_000_000
FIRST_ID = 100


def trade(trade_id: int) -> Trade:
    return Trade(trade_id, T0 + trade_id * 1_000_000, "1", "1", "buy")


def frame(*ids: int, snapshot: bool = False) -> ws.TradesFrame:
    return ws.TradesFrame(snapshot, {PAIR: [trade(i) for i in ids]})


class Venue:
    """A venue, a network and a clerk who performs the session's actions."""

    def __init__(self, resume: bool = True, **changes: Any) -> None:
        self.newest = FIRST_ID
        pair = PairState.resume(FIRST_ID, trade(FIRST_ID).timestamp_us) if resume else PairState()
        self.state = session.SessionState({PAIR: pair}, margin_us=0, **changes)
        self.connected = False
        self.resume = resume
        self.withheld: set[int] = set()
        self.unread: set[int] = set()
        self.unknowable: set[int] = set()
        self.fetches: list[session.FetchPage] = []
        self.emitted: list[int] = []
        self.heartbeats: list[int] = []
        self.reports: list[str] = []
        self.finished: session.Finish | None = None

    @property
    def now_us(self) -> int:
        return trade(self.newest).timestamp_us + 1

    def feel(self, event: session.Event) -> None:
        for action in session.step(self.state, event):
            match action:
                case session.EmitTrades(_, trades):
                    self.emitted += [t.trade_id for t in trades]
                case session.EmitHeartbeat(_, time_us):
                    missing = [
                        i
                        for i in range(FIRST_ID + 1, self.newest + 1)
                        if trade(i).timestamp_us < time_us
                        and i not in {*self.emitted, *self.withheld, *self.unknowable}
                    ]
                    assert not missing or self.resume is False, missing
                    self.heartbeats.append(time_us)
                case session.FetchPage():
                    self.fetches.append(action)
                case session.Report(kind):
                    self.reports.append(kind)
                case session.Finish():
                    self.finished = action

    def connect(self) -> None:
        if not self.connected:
            self.connected = True
            self.feel(session.Connected())
            self.feel(ws.Subscribed(PAIR, self.now_us))
            self.feel(frame(*range(max(1, self.newest - 1), self.newest + 1), snapshot=True))

    def disconnect(self) -> None:
        if self.connected:
            self.connected = False
            self.feel(session.Lost("cut"))

    def happen(self, fate: str) -> None:
        """A trade happens; the socket delivers it as `fate` says."""
        self.newest += 1
        if not self.connected:
            return
        if fate == "withhold":
            self.withheld.add(self.newest)
        elif fate in ("garble", "bad"):
            self.unread.add(self.newest)
        if fate == "garble":
            self.feel(session.Garbled(BadRow("{", "x", None)))
        elif fate == "bad":
            self.feel(ws.TradesFrame(False, {}, [BadRow("{}", "x", PAIR)]))
        elif fate != "withhold":
            for _ in range(2 if fate == "twice" else 1):
                self.feel(frame(self.newest))

    def deliver_withheld(self) -> None:
        if self.connected and self.withheld:
            late = min(self.withheld)
            self.withheld.discard(late)
            self.feel(frame(late))

    def pong(self) -> None:
        if self.connected:
            self.feel(ws.Pong(self.now_us))

    def rest(self, works: bool = True, lag: int = 0) -> None:
        """REST answers the oldest question, with at most `PAGE` trades, and none of the newest `lag`.

        A trade that the WebSocket garbled and REST does not show yet is one that nobody can know of.
        """
        self.unknowable |= self.unread if lag else set()
        if not self.fetches:
            return
        asked = self.fetches.pop(0)
        if not works:
            self.feel(session.PageFailed(PAIR, asked.fetch.token))
            return
        since_us = asked.fetch.since_us if asked.fetch.cursor is None else int(asked.fetch.cursor)
        known = [i for i in range(1, self.newest - lag + 1) if trade(i).timestamp_us > since_us]
        part = known[:PAGE]
        more = str(trade(part[-1]).timestamp_us) if len(known) > PAGE else None
        self.feel(session.PageArrived(PAIR, asked.fetch.token, [trade(i) for i in part], more))

    def settle(self) -> None:
        """Let the network be good for a while."""
        self.connect()
        for _ in range(400):
            self.pong()
            self.rest()
            if self.state.pairs[PAIR].live and not self.fetches:
                break
        self.happen("deliver")
        for _ in range(400):
            self.rest()
        self.pong()


fates = st.sampled_from(["deliver", "deliver", "deliver", "twice", "withhold", "garble", "bad"])
EVENTS = ("connect", "disconnect", "pong", "rest", "rest_fails", "rest_lags", "late")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("happen"), fates),
        st.tuples(st.sampled_from(EVENTS), st.none()),
    ),
    max_size=60,
)


@settings(derandomize=True, deadline=None, max_examples=600)
@given(steps)
def test_every_trade_is_handed_on_once(schedule: list[tuple[str, str]]) -> None:
    venue = Venue()
    for step, fate in schedule:
        match step:
            case "happen":
                venue.happen(fate)
            case "rest_fails":
                venue.rest(works=False)
            case "rest_lags":
                venue.rest(lag=2)
            case "late":
                venue.deliver_withheld()
            case _:
                getattr(venue, step)()
    venue.settle()
    assert sorted(venue.emitted) == list(range(FIRST_ID + 1, venue.newest + 1))
    assert venue.state.pairs[PAIR].live
    assert venue.heartbeats[-1] == venue.now_us
    assert venue.heartbeats == sorted(set(venue.heartbeats))


def test_live_frames_are_held_until_rest_has_filled_the_gap() -> None:
    venue = Venue()
    venue.connect()
    venue.disconnect()
    for _ in range(10):
        venue.happen("deliver")
    venue.connect()
    venue.happen("deliver")
    assert venue.emitted == []
    venue.pong()
    assert venue.heartbeats == []
    while venue.fetches:
        venue.rest()
    assert venue.emitted == list(range(FIRST_ID + 1, FIRST_ID + 12)), "in id order, each once"
    venue.pong()
    assert venue.heartbeats == [venue.now_us]


def test_a_short_absence_is_repaired_by_the_snapshot_alone() -> None:
    venue = Venue()
    venue.connect()
    venue.disconnect()
    venue.happen("deliver")
    venue.connect()
    assert venue.emitted == [FIRST_ID + 1] and venue.fetches == []


def test_a_jump_inside_a_connection_asks_rest() -> None:
    venue = Venue()
    venue.connect()
    venue.happen("withhold")
    venue.happen("deliver")
    assert venue.emitted == [] and "gap" in venue.reports
    venue.pong()
    assert venue.heartbeats == []
    venue.rest()
    assert venue.emitted == [101, 102]


def test_what_rest_never_has_is_passed_over_and_still_taken_when_it_comes_late() -> None:
    venue = Venue()
    venue.connect()
    venue.happen("withhold")
    venue.happen("deliver")
    for _ in range(20):
        if venue.fetches:
            asked = venue.fetches.pop(0)
            venue.feel(session.PageArrived(PAIR, asked.fetch.token, [trade(102)], None))
    assert venue.emitted == [102] and "unrepaired" in venue.reports
    venue.feel(frame(101))
    venue.feel(frame(101))
    assert venue.emitted == [102, 101], "late, but not a duplicate; the second time it is one"
    assert venue.reports.count("late") == 1 and venue.reports.count("duplicate") == 1


def test_retries_reach_further_back_and_pause_longer() -> None:
    venue = Venue()
    venue.connect()
    venue.happen("withhold")
    venue.happen("deliver")
    asked = [venue.fetches[-1].fetch]
    for _ in range(4):
        venue.feel(session.PageArrived(PAIR, asked[-1].token, [trade(102)], None))
        asked.append(venue.fetches[-1].fetch)
    pauses = [fetch.delay_seconds for fetch in asked]
    assert pauses == sorted(pauses) and pauses[0] == 0 and pauses[-1] > 1
    assert [a.since_us - b.since_us for a, b in pairwise(asked)] == [1_000_000] * 4


def test_a_fresh_start_begins_with_a_heartbeat_and_leaves_out_what_was_before() -> None:
    venue = Venue(resume=False)
    venue.newest = 105
    venue.connected = True
    venue.feel(session.Connected())
    start_us = trade(105).timestamp_us + 1
    venue.feel(ws.Subscribed(PAIR, start_us))
    assert venue.heartbeats == [start_us]
    venue.feel(frame(*range(100, 106), snapshot=True))
    venue.happen("deliver")
    assert venue.emitted == [106]


def test_rejections() -> None:
    state = session.SessionState({PAIR: PairState(), "FOO/BAR": PairState()})
    text = "Currency pair not supported FOO/BAR"
    report, given_up = session.step(state, ws.Rejected("FOO/BAR", text))
    assert isinstance(report, session.Report) and report.level == "ERROR" and "going on without it" in report.text
    assert list(state.pairs) == [PAIR]
    assert given_up == session.GiveUp("FOO/BAR", text)


def test_a_pair_without_an_answer_is_asked_for_again() -> None:
    state = session.SessionState({PAIR: PairState()})
    sent = [a for _ in range(5) for a in session.step(state, ws.Pong(T0)) if isinstance(a, session.Subscribe)]
    assert sent == [session.Subscribe([PAIR])]


def test_the_end_waits_for_every_pair() -> None:
    venue = Venue(stop_at_us=T0 + 102 * 1_000_000)
    venue.connect()
    venue.happen("deliver")
    venue.pong()
    assert venue.finished is None
    venue.happen("withhold")
    venue.happen("deliver")
    venue.pong()
    assert venue.finished is None, "not while a gap is open"
    venue.rest()
    venue.pong()
    assert venue.finished == session.Finish() and venue.heartbeats[-1] == venue.now_us


def test_heartbeats_stay_a_margin_behind_the_clock() -> None:
    venue = Venue()
    venue.state.margin_us = 200_000
    venue.connect()
    venue.pong()
    assert venue.heartbeats == [venue.now_us - 200_000]
    venue.pong()
    assert len(venue.heartbeats) == 1, "time has not advanced"
