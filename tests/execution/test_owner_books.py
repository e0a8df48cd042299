"""The books of an owner add up, exactly, and are those by which execution itself judges."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from tests.execution.signal_stream import of
from tests.execution.test_owners import (
    COSTLY,
    FALLING,
    LAWS,
    NAMES,
    in_order,
    owner,
    pair_of_accounts,
    service,
    streams,
)

from contracts.errors import BadInputError
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.state import MemoryState
from contracts.units import EXACT, MS_PER_DAY
from execution.core.edge import Remembered
from execution.core.owners.book import OwnersBook
from execution.core.owners.books import BooksOfOwner, LimitUsed, books_of
from execution.core.owners.fold import OWNER, step_owner
from execution.core.policy import Policy

_ZERO = Decimal(0)


@LAWS
@given(
    streams(jumps=True),
    st.sampled_from(["balance", "equity", "higher"]),
    st.sampled_from(["static", "intraday", "end_of_day"]),
    st.sampled_from([None, 40]),
)
def test_they_add_up_to_the_last_digit_and_are_those_that_execution_judges_by(
    parts: Any, basis: Any, mode: Any, gross: Any
) -> None:
    anna = owner(max_daily_loss_pct=3, daily_loss_basis=basis, max_total_loss_pct=6, total_loss_mode=mode)
    anna = anna.model_copy(update={"max_gross_pct": None if gross is None else Decimal(gross)})
    state, remembered = MemoryState(), {name: Remembered() for name in NAMES}
    brokers, policy = dict.fromkeys(NAMES, COSTLY), Policy(risk_mark="close")
    messages: list[Any] = []
    for event in in_order(parts):
        messages += step_owner(state, event, anna, brokers, policy, remembered)
    told = list(books_of(anna, of(Pnl, messages)))
    if not told:
        return
    last: dict[str, Pnl] = {}
    rows = iter(of(Pnl, messages))
    row = next(rows, None)
    highest = Decimal(3_000)
    for books in told:
        while row is not None and row.time_ms <= books.time_ms:
            last[row.account] = row
            row = next(rows, None)
        with localcontext(EXACT):
            begun = sum((Decimal(1_000) for name in NAMES if name not in last), _ZERO)
            equity = begun + sum((Decimal(each.equity) for each in last.values()), _ZERO)
            assert books.equity == equity
            assert books.balance == begun + sum((Decimal(each.balance) for each in last.values()), _ZERO)
            assert books.exposure == sum((Decimal(each.exposure_quote) for each in last.values()), _ZERO)
            # What there is, is what there was, what was earned and what was paid.
            assert books.initial + books.realised + books.unrealised - books.fees == books.equity
            assert books.profit == books.equity - 3_000
            highest = max(highest, equity)
            assert books.drawdown == highest - equity
            for each in books.limits:
                assert each.used_quote + each.room_quote == each.limit_quote
    # Of an account that is stopped on its own nothing is checked less: the owner's book is what execution has kept.
    kept, mine = OwnersBook.from_json(state.get(OWNER)), _after(anna, messages)
    for name in ("highest_equity", "highest_day_start", "day_start_balance", "initial_balance"):
        assert getattr(mine, name) == getattr(kept, name), name
    assert [each.rule for each in told[-1].limits] == [
        "OWNER_DAILY_LOSS",
        "OWNER_DRAWDOWN",
        *(["OWNER_GROSS_EXPOSURE"] if gross else []),
    ]
    critical = [m for m in of(RiskAlert, messages) if m.rule.startswith("OWNER") and m.severity == "CRITICAL"]
    for alert in critical:
        (books,) = (each for each in told if each.time_ms == alert.time_ms)
        (limit,) = (each for each in books.limits if each.rule == alert.rule)
        assert (str(limit.used_quote), str(limit.limit_quote)) == (alert.value, alert.limit) or (
            limit.used_quote == Decimal(alert.value) and limit.limit_quote == Decimal(alert.limit)
        )
        assert limit.room_quote < 0


def _after(anna: Any, messages: list[Any]) -> OwnersBook:
    fold = BooksOfOwner(anna)
    for each in of(Pnl, messages):
        fold.hear(each)
    fold.end()
    return fold.book


def pnl(name: str, time_ms: int, equity: str, exposure: str = "0") -> Pnl:
    zeros = dict.fromkeys(("realised_quote", "fees_quote", "drawdown_quote", "daily_loss_quote"), "0")
    return Pnl(
        account=name,
        time_ms=time_ms,
        balance="1000",
        equity=equity,
        unrealised_quote=str(Decimal(equity) - 1_000),
        exposure_quote=exposure,
        trading_state="ACTIVE",
        **zeros,
    )


def test_an_account_without_a_candle_is_worth_what_it_was_and_a_day_begins_with_all() -> None:
    anna = pair_of_accounts(max_daily_loss_pct=5, max_total_loss_pct=10, daily_loss_basis="equity", max_gross_pct=50)
    rows = [pnl("one", 60_000, "1010.5"), pnl("one", 120_000, "1000", "300"), pnl("two", 120_000, "900", "100")]
    rows += [pnl("stranger", 120_000, "5"), pnl("two", MS_PER_DAY, "880"), pnl("two", MS_PER_DAY + 60_000, "870.25")]
    first, second, midnight, next_day = books_of(anna, rows)
    assert (first.equity, first.drawdown) == (Decimal("2010.5"), Decimal(0))
    assert (second.equity, second.drawdown, second.exposure) == tuple(map(Decimal, ("1900", "110.5", "400")))
    assert second.limits == (
        LimitUsed("OWNER_DAILY_LOSS", Decimal(100), Decimal(100)),
        LimitUsed("OWNER_DRAWDOWN", Decimal(100), Decimal(200)),
        LimitUsed("OWNER_GROSS_EXPOSURE", Decimal(400), Decimal(950)),
    )
    assert [each.share for each in second.limits] == [1.0, 0.5, 400 / 950]
    assert midnight.daily_loss == 120  # the minute that ends at midnight is the old day's last
    assert (next_day.equity, next_day.daily_loss) == (Decimal("1870.25"), Decimal("9.75"))


def test_books_of_a_stranger_are_refused_where_nobody_sorts_them_out() -> None:
    with pytest.raises(BadInputError, match=r"one of one, two \(accounts of anna\)"):
        BooksOfOwner(pair_of_accounts()).hear(pnl("stranger", 60_000, "1"))


def test_the_service_tells_what_all_are_worth_and_how_much_of_each_limit_is_used() -> None:
    service(FALLING[:12], None)

    def value(name: str, **labels: str) -> float:
        found = REGISTRY.get_sample_value(f"tradestream_owner_{name}", {"owner": "anna", **labels})
        assert found is not None, name
        return found

    accounts = [REGISTRY.get_sample_value("tradestream_account_equity_quote", {"account": n}) for n in ("one", "two")]
    assert value("equity_quote") == sum(each or 0.0 for each in accounts)
    assert 0 < value("drawdown_ratio") < 1
    assert value("limit_used_ratio", rule="OWNER_DAILY_LOSS") > 1  # 2 % of 2,000, and more was lost
    assert 0 < value("limit_used_ratio", rule="OWNER_DRAWDOWN") < 1
    assert value("exposure_quote") >= 0
