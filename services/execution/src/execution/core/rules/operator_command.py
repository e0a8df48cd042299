"""An operator has spoken: whoever watches the account should know, and of the end of it as well."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from contracts.operator_command import OperatorAction, OperatorCommand
from execution.core.account.operator_state import STATE_AFTER
from execution.core.rules.rule import CommandRule, RiskViolation, Severity

_SEVERITIES: Mapping[OperatorAction, Severity] = {
    "halt": "CRITICAL",
    "flatten": "CRITICAL",
    "reduce_only": "WARNING",
    "resume": "INFO",
}


def check(command: OperatorCommand) -> RiskViolation:
    """Report each command: `value` and `limit` say nothing of it."""
    words = f"{command.action} by {command.issued_by}: {command.reason}"
    nothing = Decimal(0)
    return RiskViolation(STATE_AFTER[command.action], _SEVERITIES[command.action], nothing, nothing, words)


RULE = CommandRule(code="OPERATOR", check=check)
