"""Frames and pages: exact, the same trade from both sides, and nothing malformed slips through."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import BadInputError
from exchanges import exact_json, fields, frames
from exchanges.kraken import rest_messages
from exchanges.kraken import websocket_messages as ws
from exchanges.kraken.pairs import other_names
from exchanges.pairs import find_pairs
from exchanges.venue import PermanentVenueError, Trade, TransientVenueError, UnknownPairError, trade_frame

DATA = Path(__file__).parents[3] / "shared" / "data" / "kraken_wire"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no protocol data at {DATA}")
repeatable = settings(derandomize=True, deadline=None, max_examples=300)

WS_ROW = {
    "symbol": "BTC/USD",
    "side": "sell",
    "price": 97412.3,
    "qty": 0.0125,
    "ord_type": "market",
    "trade_id": 81236501,
    "timestamp": "2026-03-02T10:00:01.448120Z",
}
REST_ROW = '["97412.30000","0.01250000",1772445601.4481201,"s","m","",81236501]'


def frame_text(*rows: Any, kind: str = "update") -> str:
    return json.dumps({"channel": "trade", "type": kind, "data": list(rows)})


def page_text(*rows: str, last: str = "1772445601448120089") -> str:
    return f'{{"error":[],"result":{{"XXBTZUSD":[{",".join(rows)}],"last":"{last}"}}}}'


def test_one_trade_is_equal_from_websocket_and_rest() -> None:
    frame = ws.parse(frame_text(WS_ROW))
    page = rest_messages.parse_trades(page_text(REST_ROW), "BTC/USD")
    assert isinstance(frame, frames.TradesFrame)
    both = [trade_frame("kraken", "BTC/USD", t, consecutive_ids=True) for t in (frame.trades["BTC/USD"], page.trades)]
    assert both[0].to_json() == both[1].to_json()
    assert page.trades == [Trade(81236501, 1_772_445_601_448_120, "97412.3", "0.0125", "sell")]


@repeatable
@given(st.integers(1_300_000_000_000_000, 2_100_000_000_000_000))
def test_a_microsecond_survives_the_float_of_rest(time_us: int) -> None:
    """The shortest spelling of the double that is nearest to a microsecond is that microsecond."""
    text = repr(time_us / 1_000_000)
    assert fields.seconds_us(exact_json.loads(text), "time") == time_us


@repeatable
@given(st.integers(1_500_000_000 * 10**9, 2_000_000_000 * 10**9))
def test_nanoseconds_are_cut_on_both_sides(time_ns: int) -> None:
    """REST's shortest spelling is at most a spacing of the double, 0.24 us, from the truth."""
    rest_us = fields.seconds_us(exact_json.loads(repr(float(Decimal(time_ns).scaleb(-9)))), "time")
    assert rest_us - time_ns // 1_000 in ((0,) if time_ns % 1_000 < 760 else (0, 1))


@pytest.mark.parametrize(
    ("text", "value"),
    [("5.1e-05", "0.000051"), ("1E+3", "1000"), ("97412.30000", "97412.3"), ("12", "12"), ("0.10", "0.1")],
)
def test_numbers_are_exact_in_every_spelling(text: str, value: str) -> None:
    assert fields.positive_number(exact_json.loads(text), "price") == value
    assert fields.positive_number(text, "price") == value


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": -1.5}, "price"),
        ({"price": 0}, "price"),
        ({"price": float("nan")}, "price"),
        ({"price": float("inf")}, "price"),
        ({"price": "1_000"}, "price"),
        ({"price": " 1"}, "price"),
        ({"price": "1e999999999"}, "price"),
        ({"price": True}, "price"),
        ({"price": None}, "price"),
        ({"qty": "x"}, "qty"),
        ({"qty": [1]}, "qty"),
        ({"trade_id": None}, "trade_id"),
        ({"trade_id": "7"}, "trade_id"),
        ({"trade_id": 7.5}, "trade_id"),
        ({"trade_id": True}, "trade_id"),
        ({"trade_id": 2**63}, "trade_id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-02-30T10:00:00Z"}, "timestamp"),
        ({"timestamp": "2026-03-02T10:00:00"}, "timestamp"),
        ({"timestamp": 1772445601}, "timestamp"),
        ({"side": None}, "side"),
        ({"side": 1}, "side"),
        ({"symbol": None}, "symbol"),
    ],
)
def test_a_bad_trade_is_named_and_the_others_go_on(change: dict[str, Any], field: str) -> None:
    good = {**WS_ROW, "trade_id": 81236502}
    frame = ws.parse(frame_text({**WS_ROW, **change}, good))
    assert isinstance(frame, frames.TradesFrame)
    assert [t.trade_id for t in frame.trades["BTC/USD"]] == [81236502]
    assert len(frame.bad_rows) == 1
    assert f"data[0].{field}: expected " in frame.bad_rows[0].reason


def test_a_bad_row_keeps_its_own_text() -> None:
    row = '["-97412.30000","0.01250000",1772445601.4481201,"s","m","",81236501]'
    page = rest_messages.parse_trades(page_text(row, REST_ROW), "BTC/USD")
    assert [bad.text for bad in page.bad_rows] == [row]
    assert page.bad_rows[0].reason == "XXBTZUSD[0].price: expected a positive decimal, was '-97412.30000'"
    assert len(page.trades) == 1


def test_contradicting_trades_of_one_id_are_bad_rows() -> None:
    frame = ws.parse(frame_text(WS_ROW, {**WS_ROW, "price": 1}, WS_ROW))
    assert isinstance(frame, frames.TradesFrame)
    assert len(frame.trades["BTC/USD"]) == 1 and len(frame.bad_rows) == 1


def test_an_unknown_word_for_the_side_is_unknown() -> None:
    frame = ws.parse(frame_text({**WS_ROW, "side": "auction", "new_field": {"a": 1}}))
    assert isinstance(frame, frames.TradesFrame)
    assert frame.trades["BTC/USD"][0].side == "unknown"


ACK_TIME = '"time_in":"2026-03-02T10:00:00.120331Z","time_out":"2026-03-02T10:00:00.120388Z"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"method":"subscribe","req_id":7,"result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},'
            f'"success":true,{ACK_TIME}}}',
            frames.Subscribed("BTC/USD", 1_772_445_600_120_388),
        ),
        (
            '{"error":"Currency pair not supported FOO/BAR","method":"subscribe","success":false,"symbol":"FOO/BAR",'
            f"{ACK_TIME}}}",
            frames.Rejected("FOO/BAR", "Currency pair not supported FOO/BAR"),
        ),
        (f'{{"method":"pong","req_id":9,{ACK_TIME}}}', frames.Pong(1_772_445_600_120_388)),
        ('{"channel":"heartbeat"}', frames.Ignored("channel 'heartbeat'")),
        ('{"channel":"ohlc","type":"update","data":[{}]}', frames.Ignored("channel 'ohlc'")),
        (
            '{"channel":"status","type":"update","data":[{"system":"maintenance","connection_id":12803947712098437120}]}',
            frames.Status("maintenance"),
        ),
        ('{"Error":"Exceeded msg rate"}', frames.RateLimited("Exceeded msg rate")),
    ],
)
def test_frames_beside_trades(text: str, expected: frames.Frame) -> None:
    assert ws.parse(text) == expected
    assert ws.parse(text.encode()) == expected


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"a":1}', '{"channel":"trade"}', b"\xff\xfe"])
def test_what_is_no_frame_is_an_error(text: str | bytes) -> None:
    with pytest.raises(BadInputError):
        ws.parse(text)


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        (["EQuery:Unknown asset pair"], UnknownPairError),
        (["EGeneral:Invalid arguments"], PermanentVenueError),
        (["EGeneral:Too many requests"], TransientVenueError),
        (["EAPI:Rate limit exceeded"], TransientVenueError),
        (["EService:Throttled: 1772445600"], TransientVenueError),
        (["EService:Unavailable"], TransientVenueError),
        (["EGeneral:Temporary lockout"], TransientVenueError),
    ],
)
def test_errors_in_a_successful_answer(errors: list[str], kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        rest_messages.parse_trades(json.dumps({"error": errors}), "BTC/USD")
    assert type(caught.value) is kind


def test_a_warning_is_no_error() -> None:
    assert (
        rest_messages.parse_time_us('{"error":["WGeneral:soon"],"result":{"unixtime":1772445600}}')
        == 1772445600 * 10**6
    )


def test_the_next_page_asks_for_the_last_nanosecond_again() -> None:
    rows = [REST_ROW.replace("81236501", str(n)) for n in range(1, 1_001)]
    last = 1772445601448120089

    def next_of(since: int, count: int = 1_000) -> str | None:
        return rest_messages.parse_trades(page_text(*rows[:count]), "BTC/USD", since).next

    assert next_of(5) == str(last - 1)
    assert next_of(last - 1) == str(last), "more than a page in one nanosecond"
    assert next_of(last) is None and next_of(5, count=999) is None


@needs_data
def test_recorded_rest_answers() -> None:
    text = (DATA / "kraken_net/rest/ExchangeData_GetTradeHistory.txt").read_text().split("false", 1)[1]
    page = rest_messages.parse_trades(text, "BTC/USD")
    assert [t.trade_id for t in page.trades] == [61044952, 61044953, 61044956]
    assert page.trades[0] == Trade(61044952, 1_688_669_597_827_736, "30243.4", "0.34507674", "buy")
    assert page.resume == "1688671969993150841" and not page.more
    old = rest_messages.parse_trades((DATA / "xchange/example-trades-data.json").read_text(), "BTC/USD")
    assert not old.trades and old.bad_rows, "pages from before trade ids"


@needs_data
def test_pair_names_from_a_real_list() -> None:
    import gzip

    text = gzip.decompress((DATA / "xchange/example-assetpairs-data.json.gz").read_bytes())
    listed = rest_messages.parse_asset_pairs(text)
    found = find_pairs(
        ["BTC/USD", "ETH/BTC", "DOGE/BTC" if "DOGE/BTC" in listed else "XTZ/BTC"], listed, {}, "Kraken"
    )
    assert (found["BTC/USD"].altname, found["BTC/USD"].rest_key) == ("XBTUSD", "XXBTZUSD")
    assert found["ETH/BTC"].altname == "ETHXBT"
    for wrong in ("XBTUSD", "XXBTZUSD", "XBT/USD"):
        with pytest.raises(UnknownPairError, match=r"written BASE/QUOTE, such as BTC/USD; did you mean BTC/USD\?"):
            find_pairs([wrong], listed, other_names(listed), "Kraken")


@needs_data
def test_recorded_websocket_frames() -> None:
    text = (DATA / "kraken_net/ws_v2/Trades.txt").read_text()
    ack = re.search(r"< (.*)", text)
    assert ack is not None
    assert ws.parse(ack[1].replace("|1|", "1")) == frames.Subscribed("ETH/USDT", 1_695_632_671_742_648)
    frame = ws.parse(text.split("= ", 1)[1])
    assert isinstance(frame, frames.TradesFrame)
    assert frame.trades["ETH/USDT"] == [Trade(4665906, 1_695_628_177_708_706, "0.5117", "40", "sell")]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["trade", "snapshot", "update", "BTC/USD", "subscribe", "pong", "1e99"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "channel",
                    "type",
                    "data",
                    "method",
                    "result",
                    "success",
                    "error",
                    "Error",
                    "symbol",
                    "price",
                    "qty",
                    "trade_id",
                    "timestamp",
                    "side",
                    "last",
                    "XXBTZUSD",
                    "unixtime",
                    "time_out",
                    "wsname",
                    "altname",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)
EXPECTED = (BadInputError, PermanentVenueError, TransientVenueError)


def attempt(parse: Any, text: str | bytes) -> Any:
    """Parse; any other error than the expected ones escapes."""
    try:
        return parse(text)
    except EXPECTED:
        return None


def check(text: str | bytes) -> None:
    frame = attempt(ws.parse, text)
    trades = [t for ts in frame.trades.values() for t in ts] if isinstance(frame, frames.TradesFrame) else []
    page = attempt(lambda t: rest_messages.parse_trades(t, "BTC/USD"), text)
    trades += page.trades if page is not None else []
    attempt(rest_messages.parse_time_us, text)
    attempt(rest_messages.parse_asset_pairs, text)
    for trade in trades:  # whatever is accepted is a row that the message accepts
        trade_frame("kraken", "BTC/USD", [trade], consecutive_ids=True)


@repeatable
@given(json_values)
def test_no_json_crashes_a_parser(value: Any) -> None:
    check(json.dumps(value))


@repeatable
@given(st.binary(max_size=80) | st.text(max_size=80))
def test_no_text_crashes_a_parser(text: str | bytes) -> None:
    check(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000, '{"channel":' + "9" * 5_000 + "}"])
def test_hostile_json_is_refused(text: str) -> None:
    check(text)


@repeatable
@given(st.dictionaries(st.sampled_from(sorted(WS_ROW)), json_values, min_size=1, max_size=3))
def test_a_mutated_trade_is_good_or_reported(change: dict[str, Any]) -> None:
    frame = ws.parse(frame_text({**WS_ROW, **change}))
    assert isinstance(frame, frames.TradesFrame)
    good = [t for ts in frame.trades.values() for t in ts]
    assert len(good) + len(frame.bad_rows) == 1
    for trade in good:
        trade_frame("kraken", "BTC/USD", [trade], consecutive_ids=True)


@repeatable
@given(json_values)
def test_text_of_a_row_is_the_json_it_was(value: Any) -> None:
    text = json.dumps(value)
    assert json.dumps(json.loads(exact_json.dumps(exact_json.loads(text)))) == json.dumps(json.loads(text))
