"""Which text of a file decides: the one that was read to be followed and passed, whoever else has checked others."""

from __future__ import annotations

from contracts.account_strategy import AccountStrategy
from contracts.strategy_check import CheckResult, StrategyCheck
from strategies.checks.verdict import message_of
from strategies.of_account import REFUSED
from strategies.versions import in_force, versions_of

FILE = "/strategies/mine.py"
TOLD = AccountStrategy(strategy=FILE, pairs=("BTC/USD",))


def ruling(source: str, at_ms: int, *, loads: bool, passed: bool = True) -> StrategyCheck:
    verdict = CheckResult(check="imports", problem=None if passed else "expected none, was os")
    return message_of(FILE, source, [verdict], "alice", at_ms, loads=loads)


def test_what_was_only_checked_decides_nothing() -> None:
    """`tradestream strategy check` publishes a ruling too: on a text that nobody follows."""
    checked = [ruling("a = 2", 2, loads=False), ruling("a = 3", 3, loads=False, passed=False)]
    assert versions_of(TOLD, checked) == []
    known = [ruling("a = 1", 1, loads=True), *checked]
    assert [each.told.source for each in versions_of(TOLD, known)] == ["a = 1"]
    assert in_force(TOLD, known).source == "a = 1"
    # Read by `signals`, the same texts count: what passed decides, and what failed leaves it.
    loaded = [each.model_copy(update={"loads": True}) for each in known]
    assert [each.told.source for each in versions_of(TOLD, loaded)] == ["a = 1", "a = 2"]
    assert versions_of(TOLD, loaded[2:])[0].told.source == REFUSED
