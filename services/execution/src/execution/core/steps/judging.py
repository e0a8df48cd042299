"""What loss limits make of a health: of an account, or of all accounts of an owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from contracts.account import Account
from contracts.owner import Owner
from contracts.values import dataclass
from execution.core.account.operator_state import ACTIVE
from execution.core.rules import LOSS_RULES
from execution.core.rules.rule import SEVERITIES, AccountHealth, LossRule, RiskViolation, Severity


@dataclass(frozen=True, slots=True)
class Judged:
    """What limits have found so far.

    Attributes
    ----------
    trading_state
        ACTIVE, or which limit has stopped it.
    alerted
        The trading day on which each thing was last said.
    day
        The trading day that it is.
    """

    trading_state: str = ACTIVE
    alerted: Mapping[str, str] = field(default_factory=dict)
    day: str | None = None

    def told_today(self, rule: LossRule) -> Severity | None:
        """Return the worst that was said of a limit this day: nothing less is said after it."""
        if not self.alerted:
            return None
        told = [each for each in SEVERITIES if self.alerted.get(f"{rule.state}:{each}") == (self.day or "")]
        return told[-1] if told else None

    def has_ended(self, of: Account | Owner) -> bool:
        """Return whether nothing is checked any more: no limit can stop what has been stopped for good."""
        if self.trading_state == ACTIVE:
            return False
        return any(self.trading_state == rule.state and rule.ends(of) for rule in LOSS_RULES)

    def lifted(self, of: Account | Owner) -> str:
        """Return the trading state that another day begins with."""
        ended = {rule.state for rule in LOSS_RULES if not rule.ends(of)} | {rule.near_state for rule in LOSS_RULES}
        return ACTIVE if self.trading_state in ended else self.trading_state

    def pardoned(self) -> Judged:
        """Return it without what limits have stopped: the next minute judges, and speaks, anew."""
        states = tuple(f"{rule.state}:" for rule in LOSS_RULES)
        alerted = {name: day for name, day in self.alerted.items() if not name.startswith(states)}
        return Judged(ACTIVE, alerted, self.day)


def judge(before: Judged, health: AccountHealth) -> tuple[Judged, list[tuple[LossRule, RiskViolation]]]:
    """Check every loss limit; say once a day how near each is, break off, stop for good where a rule is final."""
    state, alerted, told = before.trading_state, before.alerted, []
    for rule in LOSS_RULES:
        violation = rule.check(health)
        if violation is None:
            continue
        worst = before.told_today(rule)
        if worst is None or SEVERITIES.index(worst) < SEVERITIES.index(violation.severity):
            alerted = {**alerted, f"{rule.state}:{violation.severity}": before.day or ""}
            told.append((rule, violation))
        if violation.severity == "CRITICAL":
            state = rule.state
        elif rule.is_near(health) and state == ACTIVE:
            state = rule.near_state
    return Judged(state, alerted, before.day), told
