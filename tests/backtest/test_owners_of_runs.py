"""A run of an owner's accounts comes out again, all together, and under other limits as the live fold has it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.backtest import ugly_markets as ugly
from tests.backtest.test_parity import ACCOUNT, PAIRS, TERMS, write_messages
from tests.backtest.test_stretches import booked, told
from tests.execution.operator_words import command
from typer.testing import CliRunner

from backtest.again import RunTerms
from backtest.engine import Outcome
from backtest.history import History
from backtest.market import market_of
from backtest.parity import parity
from backtest.plan import Terms, outcomes_of
from backtest.said import said_to
from backtest.strategies_of import chosen
from backtest.stretches import stretches_of
from backtest.tables import write_tables
from backtest.what_if import ALL, AS_IT_RAN, what_if
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.message import Message
from contracts.owner import Owner, OwnerSettings, owners_of
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from embedded.cli import app
from embedded.limits_file import read_limits
from exchanges.paper import PaperBroker
from execution.core.account.portfolio import Portfolio
from execution.core.execute import run as live
from execution.core.owners.fold import run_owner

SETTINGS = OwnerSettings(name="anna", max_daily_loss_pct=Decimal(2), max_total_loss_pct=Decimal(30))
#: Two of an owner, of which one trades what the other does too; and one of nobody.
FAST = ACCOUNT.model_copy(update={"name": "fast", "owner": "anna"})
SLOW = Account.model_validate(
    FAST.model_dump()
    | {"name": "slow", "pairs": PAIRS[1:], "parameters": {"fast": 9, "slow": 60}, "position_pct": 45}
)
ACCOUNTS = (FAST, SLOW, ACCOUNT)
WORDS: dict[int, Any] = {
    41: ("halt", "fast"),
    90: ("resume", "fast"),
    700: ("resume", "slow"),
    910: ("flatten", "slow"),
}


def anna(*changed: Account, **limits: Any) -> Owner:
    others = {each.name: each for each in changed}
    accounts = [others.get(each.name, each) for each in (FAST, SLOW)]
    return owners_of(accounts, [SETTINGS.model_copy(update=limits)])["anna"]


def history() -> History:
    rng = np.random.default_rng(5)
    bars = {p: ugly.bars(rng, p, 500, ugly.BEGINNINGS_MS[0], jumps=0.01, holes=0.02) for p in PAIRS}
    return History(bars)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """The tables of a run as the live folds make them, and what was on its topic of signals."""
    folder = tmp_path_factory.mktemp("run")
    every = {each.name: {p: chosen(each).decided(history().pairs[p], 300) for p in each.pairs} for each in ACCOUNTS}
    # Signals and candles: nothing has been traded in them.
    write_tables(
        [Outcome(market_of(of, every[of.name], TERMS.policy), Portfolio.opened(of)) for of in ACCOUNTS], folder
    )
    signals = [d.signal(name, at) for name, of in every.items() for d in of.values() for at in range(len(d.bars))]
    signals.sort(key=lambda signal: signal.window_start_ms)
    events: list[Any] = []
    for number, each in enumerate(signals):
        if (word := WORDS.get(number)) is not None:
            events.append(command(word[0], number, word[1], lifts_limits=number == 700))
        events.append(each)
    write_messages(folder, lived(events, anna()))
    return folder, events


def lived(events: Iterable[Any], owner: Owner) -> list[Message]:
    of_nobody = [each for each in events if each.account == ACCOUNT.name]
    of_owner = [each for each in events if each.account != ACCOUNT.name]
    brokers = {each.name: PaperBroker() for each in owner.accounts}
    return [
        *run_owner(of_owner, owner, brokers, TERMS.policy),
        *live(of_nobody, ACCOUNT, PaperBroker(), TERMS.policy),
    ]


def terms_of(events: list[Any]) -> RunTerms:
    said = {"anna": list(said_to(anna(), events, TERMS.policy))}
    return replace(TERMS, accounts=ACCOUNTS, owners={"anna": anna()}, said=said)


def test_the_same_comes_out_again_and_the_owner_s_limits_with_it(run: tuple[Path, list[Any]]) -> None:
    found = {each.table: each for each in parity(run[0], terms_of(run[1]))}
    assert [each.differences[:3] for each in found.values()] == [()] * len(found)
    alerts = pl.read_parquet(run[0] / "risk_alerts.parquet")
    assert "OWNER_DAILY_LOSS" in alerts["rule"].to_list()
    assert found["risk_alerts"].equal == alerts.height and found["fills"].equal >= 20


def test_another_limit_and_a_word_that_is_left_out_are_found(run: tuple[Path, list[Any]]) -> None:
    terms = terms_of(run[1])
    for other in (
        replace(terms, owners={"anna": anna(max_daily_loss_pct=Decimal(40))}),
        replace(terms, said={"anna": [each for each in terms.said["anna"] if each[1].action != "halt"]}),
    ):
        assert any(each.differences for each in parity(run[0], other))


def test_what_if_of_an_owner_is_what_the_live_fold_had_made_of_it(run: tuple[Path, list[Any]]) -> None:
    """Of one account the others go on as they were; of the owner all that is new holds at once."""
    folder, events = run
    changed: dict[str, dict[str, Any]] = {"fast": {"cooldown_bars": 40}, "anna": {"max_daily_loss_pct": Decimal(40)}}
    fast, owner = what_if(folder, terms_of(events), changed)
    other = FAST.model_copy(update={"cooldown_bars": 40})
    cases = [
        (fast.as_it_ran, anna(), ("fast",)),
        (fast.all, anna(other), ("fast",)),
        (owner.as_it_ran, anna(), ("fast", "slow")),
        (owner.each[0], anna(max_daily_loss_pct=Decimal(40)), ("fast", "slow")),
        (owner.all, anna(other, max_daily_loss_pct=Decimal(40)), ("fast", "slow")),
    ]
    for under, limits, names in cases:
        messages = [m for m in lived(events, limits) if m.key in names]
        last = {m.account: m for m in messages if isinstance(m, Pnl)}
        assert under.equity_quote == sum((Decimal(m.equity) for m in last.values()), Decimal(0))
        assert under.fees_quote == sum((Decimal(m.fees_quote) for m in last.values()), Decimal(0))
        assert under.fills == sum(isinstance(m, Fill) for m in messages)
        alerts = [s for s in under.spoke if s.severity != "DENIED"]
        assert sum(s.times for s in alerts) == sum(isinstance(m, RiskAlert) for m in messages)
    assert [each.limits for each in (owner.as_it_ran, owner.each[0], owner.all)] == [
        AS_IT_RAN,
        "max_daily_loss_pct 40 (was 2)",
        ALL,
    ]
    assert owner.of_owner and owner.all.saved_quote == owner.all.equity_quote - owner.as_it_ran.equity_quote != 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[owners.bob]\nmax_gross_pct = 5", r"owners: expected owners of the run: anna, was 'bob'"),
        ("[owners.anna]\ncooldown_bars = 5", r"owners.anna.cooldown_bars: expected one of .*max_gross_pct"),
        ("owners = 3", r"owners: expected tables \[owners.NAME\], one for each owner"),
        ("[owners.anna]\nmax_daily_loss_pct = 0", r"owners.anna.max_daily_loss_pct: expected .*greater than 0"),
    ],
)
def test_what_is_no_limit_of_an_owner_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_limits(path, [FAST], [anna()])


def test_an_owner_s_limits_are_read_beside_those_of_accounts(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("[owners.anna]\nmax_gross_pct = 5\nmax_daily_loss_pct = 2\n[accounts.fast]\ncooldown_bars = 7\n")
    found = read_limits(path, [FAST, SLOW], [anna()])
    assert found == {"fast": {"cooldown_bars": 7}, "slow": {}, "anna": {"max_gross_pct": Decimal(5)}}


def test_a_backtest_of_an_owner_s_accounts_is_that_of_the_live_fold_wherever_it_is_cut() -> None:
    accounts = [chosen(each) for each in ACCOUNTS]
    terms = Terms(PaperBroker(), TERMS.policy, owners=(SETTINGS,))
    whole = outcomes_of(history(), accounts, terms)
    assert [each.market.account.name for each in whole] == ["fast", "slow", "paper"]
    assert any(isinstance(m, RiskAlert) and m.rule == "OWNER_DAILY_LOSS" for m in whole[0].messages)
    of = {outcome.market.account.name: outcome for outcome in whole}
    signals = [s for each in of.values() for d in each.market.pairs for s in _signals(each, d)]
    messages = lived(sorted(signals, key=lambda signal: signal.window_start_ms), anna())
    for bars in (500, 61):
        parts = [each for stretch in stretches_of(history(), accounts, terms, bars) for each in stretch]
        for name in of:
            own = [each for each in parts if each.market.account.name == name]
            expected = [m.to_json() for m in messages if m.key == name and not isinstance(m, Pnl)]
            assert told(own) == told([of[name]]) == expected
            assert booked(own) == booked([of[name]])


def _signals(outcome: Outcome, decided: Any) -> list[Any]:
    return [decided.signal(outcome.market.account.name, at) for at in range(len(decided.bars))]


def test_the_commands_take_accounts_with_an_owner(run: tuple[Path, list[Any]], tmp_path: Path) -> None:
    folder, _ = run
    (folder / "work").mkdir()
    settings = {
        "TRADESTREAM_ACCOUNTS": json.dumps([each.model_dump(mode="json") for each in ACCOUNTS]),
        "TRADESTREAM_OWNERS": json.dumps([SETTINGS.model_dump(mode="json")]),
        "SIGNALS_INTERVAL_SECONDS": "60",
    }
    record = {"runs": [{"from": "2026-01-01T00:00:00Z", "settings": settings}]}
    (folder / "work" / "settings.json").write_text(json.dumps(record))
    # Without its log nobody knows what operators said, so something is other; what is not refused is the owner.
    found = CliRunner().invoke(app, ["backtest", "--of", str(folder)])
    assert found.exit_code == 1 and "risk_alerts" in found.output and "Traceback" not in found.output
    file = tmp_path / "accounts.toml"
    file.write_text(
        '[[owners]]\nname = "anna"\nmax_daily_loss_pct = 1\n'
        '[[accounts]]\nname = "fast"\nowner = "anna"\nstrategy = "sma_cross"\npairs = ["BTC/USD"]\n'
        '[[accounts]]\nname = "slow"\nowner = "anna"\nstrategy = "macd"\npairs = ["ETH/USD"]\n'
    )
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["backtest", "--run", str(folder), "--accounts", str(file), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert set(pl.read_parquet(out / "pnl.parquet")["account"].unique()) == {"fast", "slow"}
    assert "OWNER_DAILY_LOSS" in pl.read_parquet(out / "risk_alerts.parquet")["rule"].to_list()
    summary = json.loads((out / "summary.json").read_text())
    (anna_,) = summary["owners"]
    final = [own["final_equity_quote"] for own in summary["pnl"]["accounts"].values()]
    assert Decimal(anna_["equity_quote"]) == sum(map(Decimal, final))
    assert sum(Decimal(day["pnl_quote"]) for day in anna_["days"]) == Decimal(anna_["pnl_quote"])
    limits = {each["rule"]: each for each in anna_["limits"]}
    assert set(limits) == {"OWNER_DAILY_LOSS", "OWNER_DRAWDOWN"} and limits["OWNER_DRAWDOWN"]["limit_quote"] == "2000"
    page = (out / "report.html").read_text()
    assert "Most below highest" in page and "OWNER_DRAWDOWN" in page
