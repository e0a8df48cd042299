"""`tradestream forward-test`, as an operator types it: what is on the log afterwards, told of it, and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.audit_event import AuditEvent
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.forward_test_event import ForwardTestEvent
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.pnl import Pnl
from contracts.topics import (
    AUDIT_LOG,
    CONTROL,
    FILLS,
    FORWARD_TEST_EVENTS,
    PNL,
    SIGNALS,
    STRATEGY_SETTINGS,
    TRADES_CHECKPOINTS,
    TopicSpec,
)
from contracts.trades_checkpoint import TradesCheckpoint
from embedded.cli import app
from embedded.forward_books import books_of, compare
from embedded.preflight import require_same_run
from embedded.subscriptions import settings_of
from results.run_folder import RunFolder
from results.run_settings import record_settings
from strategies.of_account import file_of_account
from streaming.clients import read_topic
from streaming.control import accounts_of
from streaming.producer import open_producer
from streaming.settings import environment_of

MINUTE_MS = 60_000
BEGIN_MS = 1_772_582_400_000
OWN = """from strategies import Strategy, above, between, close, mean

class Own(Strategy):
    bars: int = between(2, 30, default=3)

    def target(self):
        return above(close, mean(close, self.bars))
"""
#: The state grows with every bar, and what it says with it: it depends on where history begins.
BAD = """from strategies import Strategy, close

class Bad(Strategy):
    memory_bars = 1

    def inputs(self):
        return {"close": close}

    def initial(self):
        return 0

    def step(self, state, row):
        return state + 1, 1 if state % 7 else 0
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run's folder, in which pairs of two currencies stream and one account is configured."""
    place = RunFolder(tmp_path)
    place.log.mkdir(parents=True)
    record_settings(place, environment_of(AccountsSettings, accounts=(Account(name="mine", pairs=("BTC/USD",)),)))
    with open_producer(settings_of(tmp_path), "trades") as producer:
        for pair in ("BTC/USD", "ETH/USD", "BTC/EUR"):
            checkpoint = TradesCheckpoint(
                exchange="simulated",
                pair=pair,
                last_trade_id=1,
                last_timestamp_us=1,
                cursor="1",
                covered_to_us=BEGIN_MS * 1_000,
                history_complete=True,
            )
            producer.produce(TRADES_CHECKPOINTS, checkpoint)
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "bad.py").write_text(BAD, encoding="utf-8")
    return tmp_path


def typed(run: Path, *arguments: str, group: str = "forward-test") -> Result:
    action, *options = arguments
    return CliRunner().invoke(app, [group, action, "--run", str(run), *options], env={"COLUMNS": "200"})


def on(run: Path, spec: TopicSpec, kind: type[Message] = ForwardTestEvent) -> list[Any]:
    return [each for record in read_topic(settings_of(run), spec) if isinstance(each := record.message(), kind)]


def test_a_start_is_on_both_topics_with_the_text_of_its_file(run: Path) -> None:
    own = run / "own.py"
    done = typed(run, "start", str(own), "--pairs", "BTC/USD, ETH/USD", "--balance", "500", "--by", "alice")
    assert done.exit_code == 0, done.output
    assert "forward-own: own on BTC/USD, ETH/USD with 500.00 USD, from the next candle on" in done.output
    (told,), (event,) = on(run, SIGNALS), on(run, FORWARD_TEST_EVENTS)
    assert told == event and (event.account, event.action, event.issued_by) == ("forward-own", "start", "alice")
    own.write_text("nothing of it is left", encoding="utf-8")
    (table,) = event.opened.deciding
    assert file_of_account("forward-own", table).source == OWN
    (audited,) = on(run, AUDIT_LOG, AuditEvent)
    assert (audited.action, audited.subject, audited.actor) == ("forward_test_started", "forward-own", "alice")
    assert accounts_of(settings_of(run)) == ("forward-own", "mine"), "operators' words reach it"
    again = typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--from", "2026-03-05T00:00:00Z")
    other = typed(run, "start", "sma_cross", "--pairs", "BTC/EUR", "--parameters", '{"fast": 7}')
    assert "forward-sma_cross: " in again.output and "forward-sma_cross-2: " in other.output
    assert on(run, FORWARD_TEST_EVENTS)[1].from_ms == 1_772_668_800_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sma_crss", "--pairs", "BTC/USD"), "STRATEGY: expected one of ensemble"),
        (("nowhere.py", "--pairs", "BTC/USD"), "the path of a Python file that is there, was 'nowhere.py'"),
        (
            ("{}/bad.py", "--pairs", "BTC/USD"),
            "STRATEGY: expected a file that passes tradestream strategy check, was",
        ),
        (("sma_cross", "--pairs", "DOGE/USD"), "--pairs: expected pairs that stream: BTC/EUR, BTC/USD, ETH/USD"),
        (("sma_cross", "--pairs", "BTC/USD,BTC/EUR"), "--pairs: expected pairs quoted in one currency"),
        (("sma_cross", "--pairs", "BTC/USD,BTC/USD"), "--pairs: expected each pair once"),
        (("sma_cross", "--pairs", "BTC/USD", "--name", "mine"), "--name: expected a name that none of mine has"),
        (("sma_cross", "--pairs", "BTC/USD", "--name", "a b"), "--name: expected text that matches"),
        (("sma_cross", "--pairs", "BTC/USD", "--balance", "0"), "--balance: expected a number above 0, was '0'"),
        (("sma_cross", "--pairs", "BTC/USD", "--parameters", '{"fsat": 3}'), "SmaCross.fsat: expected one of fast"),
        (
            ("sma_cross", "--pairs", "BTC/USD", "--parameters", '{"fast": "x"}'),
            "--parameters.fast: expected a whole number",
        ),
    ],
)
def test_what_cannot_be_tested_is_refused_by_name_and_nothing_is_written(
    run: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = typed(run, "start", *(each.format(run) if each.startswith("{}") else each for each in arguments))
    assert done.exit_code == 2 and words in done.output, done.output
    assert not on(run, SIGNALS) and not on(run, FORWARD_TEST_EVENTS) and not on(run, AUDIT_LOG, AuditEvent)


def test_a_stop_flattens_the_account_and_is_said_once(run: Path) -> None:
    assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", "it").exit_code == 0
    assert typed(run, "set", *SET, group="strategy").exit_code == 0, "it is an account like others"
    assert "is stopped: what it holds is sold" in typed(run, "stop", "it", "--by", "alice").output
    for spec in (CONTROL, SIGNALS):
        (word,) = on(run, spec, OperatorCommand)
        assert (word.account, word.action, word.issued_by) == ("it", "flatten", "alice")
    event = on(run, FORWARD_TEST_EVENTS)[-1]
    assert (event.action, event.opened.pairs) == ("stop", ("BTC/USD",)), "the newest says all of it"
    for name in ("it", "ti"):
        again = typed(run, "stop", name)
        assert again.exit_code == 2
        assert "NAME: expected a forward test that goes on: there is none" in again.output
    assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", "it").exit_code == 2, "books stay"
    assert typed(run, "set", *SET, group="strategy").exit_code == 2
    assert len(on(run, STRATEGY_SETTINGS, Message)) == 1


def test_beside_a_test_the_default_account_still_hears_a_word_to_all(run: Path) -> None:
    (RunFolder(run).work / "settings.json").unlink()
    assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", "it").exit_code == 0
    assert accounts_of(settings_of(run)) == ("it", "paper")
    assert typed(run, "stop", "it").exit_code == 0
    assert accounts_of(settings_of(run)) == ("it", "paper"), "also where a word was said to the test alone"


SET = ("--account", "it", "--pair", "BTC/USD", "--parameters", '{"fast": 7}')


def test_a_run_does_not_go_on_with_an_account_that_has_the_name_of_a_test(run: Path) -> None:
    assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", "it").exit_code == 0

    class Chosen:
        accounts = (Account(name="it", pairs=("BTC/USD",)),)

    with pytest.raises(
        BadInputError, match=r"accounts\.name: expected a name that no forward test of this folder has"
    ):
        require_same_run(RunFolder(run), Chosen())  # type: ignore[arg-type]


def pnl(account: str, bar: int, equity: str, fees: str = "0", exposure: str = "0", state: str = "ACTIVE") -> Pnl:
    return Pnl(
        account=account,
        time_ms=BEGIN_MS + bar * MINUTE_MS,
        balance=equity,
        equity=equity,
        realised_quote=f"{float(equity) - 100 + float(fees):g}",
        unrealised_quote="0",
        fees_quote=fees,
        exposure_quote=exposure,
        drawdown_quote="0",
        daily_loss_quote="0",
        trading_state=state,
    )


def fill(account: str, bar: int) -> Fill:
    numbers = {"quantity": "1", "reference_price": "10", "price": "10.1", "fee_quote": "1", "realised_pnl_quote": "0"}
    name = f"{account}-{bar}"
    return Fill(
        account=account,
        fill_id=name,
        execution_id=name,
        order_id=name,
        signal_id=name,
        exchange="simulated",
        pair="BTC/USD",
        side="buy",
        candle_window_start_ms=BEGIN_MS + bar * MINUTE_MS,
        filled_at_ms=BEGIN_MS + bar * MINUTE_MS,
        model_name=None,
        model_version=None,
        **numbers,
    )


def published(run: Path, *messages: Message) -> None:
    with open_producer(settings_of(run), "execution") as producer:
        for message in messages:
            producer.produce(PNL if isinstance(message, Pnl) else FILLS, message)


def test_what_they_came_to_is_listed_and_compared_over_one_stretch(run: Path) -> None:
    """By hand: over bars 11 to 13 `a` goes from 100 to 110, 99 and 99; `mine` from its 200 of bar 10 to 190."""
    for name in ("a", "b", "c"):
        assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", name).exit_code == 0
    mine = [pnl("mine", n, "200" if n < 12 else "190", fees="3" if n < 12 else "5") for n in range(5, 20)]
    own = [pnl("a", 11, "110", fees="2"), pnl("a", 12, "99", "2", exposure="50"), pnl("a", 13, "99", fees="2")]
    published(run, *mine, *own, own[1], fill("a", 11), fill("a", 11), fill("mine", 5), fill("mine", 12))
    listed = json.loads(typed(run, "list", "--json").output)
    assert [(each["name"], each["state"], each["bars"], each["trades"]) for each in listed] == [
        ("a", "running", 3, 1),
        ("b", "waiting", 0, 0),
        ("c", "waiting", 0, 0),
    ]
    assert (listed[0]["pnl_quote"], listed[0]["since_ms"]) == ("-1", BEGIN_MS + 10 * MINUTE_MS)
    assert listed[0]["max_drawdown_pct"] == pytest.approx(10)
    first_ms, last_ms, (a, other) = compare(settings_of(run), ["a"], None)
    assert (first_ms, last_ms) == (BEGIN_MS + 11 * MINUTE_MS, BEGIN_MS + 13 * MINUTE_MS)
    assert (a.account, a.bars, a.trades, a.fees_quote, a.slippage_quote) == ("a", 3, 1, "2", "0.1")
    assert [a.return_pct, a.max_drawdown_pct] == pytest.approx([-1, 10])
    assert (other.account, other.bars, other.trades, other.fees_quote) == ("mine", 3, 1, "2")
    assert [other.return_pct, other.max_drawdown_pct] == pytest.approx([-5, 5])
    # Returns 0.1, -0.1 and 0: nothing on average.
    assert (a.sharpe_a_year, a.sharpe_error) == (None, None) or a.sharpe_a_year == pytest.approx(0, abs=1e-9)
    # Returns 0, -0.05, 0: mean -1/60, deviation 0.05 / sqrt(3), so -1 / sqrt(3); skewness -1 / sqrt(2), kurtosis 1.5.
    a_year = (365 * 1_440) ** 0.5
    ratio = -1 / 3**0.5
    variance = 1 - -(0.5**0.5) * ratio + 0.5 / 4 * ratio**2
    assert other.sharpe_a_year == pytest.approx(ratio * a_year)
    assert other.sharpe_error == pytest.approx((variance / 2) ** 0.5 * a_year)
    table = typed(run, "compare", "a").output
    assert "+" not in table and "\u22121.00 %" in table and "\u22125.00 %" in table, (
        "of no candles there is no backtest"
    )


def test_a_stopped_test_ends_where_all_is_sold(run: Path) -> None:
    assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", "it").exit_code == 0
    assert typed(run, "stop", "it").exit_code == 0
    held = [pnl("it", 1, "100", exposure="50"), pnl("it", 2, "100", exposure="50", state="OPERATOR_FLATTEN")]
    published(run, *held)
    assert json.loads(typed(run, "list", "--json").output)[0]["state"] == "stopping"
    published(run, *(pnl("it", n, "101", state="OPERATOR_FLATTEN") for n in range(3, 9)))
    assert json.loads(typed(run, "list", "--json").output)[0]["state"] == "stopped"
    assert [each.time_ms for each in books_of(settings_of(run), "it").worked] == [
        BEGIN_MS + n * MINUTE_MS for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("x",), "NAME: expected one of early, late, still, was 'x'"),
        (("still",), "NAME: expected tests that have traded a candle, was 'still'"),
        (("early", "late"), "NAME: expected tests that traded at one time, was 'early, late'"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(run: Path, names: tuple[str, ...], words: str) -> None:
    for name in ("early", "late", "still"):
        assert typed(run, "start", "sma_cross", "--pairs", "BTC/USD", "--name", name).exit_code == 0
    published(run, pnl("early", 1, "100"), pnl("early", 2, "100"), pnl("late", 3, "100"))
    done = typed(run, "compare", *names)
    assert done.exit_code == 2 and words in done.output, done.output
