"""A command of an operator: what it changes holds from now on, and what can be sent at once is."""

from __future__ import annotations

from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.replace import replace
from execution.core.account.operator_state import STATE_AFTER
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.alerts import alert
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.rules import COMMAND_RULES
from execution.core.steps.flatten import flatten
from execution.core.steps.limits import judged_of


def obey(portfolio: Portfolio, command: OperatorCommand, context: Context) -> Decided:
    """Obey a command, once however often it comes, between two minutes.

    What it sells is decided at the last closes: an order of paper fills at the next open.
    """
    if command.command_id in portfolio.commands:
        return portfolio, []
    # The account's own time, since a market that is played back is not at the operator's. Two commands are never at
    # the same, or what is told of them would have one id.
    at_ms = max(portfolio.time_ms or command.issued_at_ms, portfolio.commanded_ms + 1)
    portfolio = portfolio.with_command(command.command_id, STATE_AFTER[command.action], at_ms)
    if command.lifts_limits:
        portfolio = _lifted(portfolio)
    found = [(rule, rule.check(command)) for rule in COMMAND_RULES]
    alerts: list[Message] = [
        alert(context.account, rule.code, violation, at_ms) for rule, violation in found if violation is not None
    ]
    portfolio, told = flatten(portfolio, Minute(context.at_ms, context.at_ms, {}), context)
    return portfolio, [*alerts, *told]


def _lifted(portfolio: Portfolio) -> Portfolio:
    """Return the portfolio without what a loss limit has stopped."""
    pardoned = judged_of(portfolio).pardoned()
    return replace(portfolio, trading_state=pardoned.trading_state, alerted=dict(pardoned.alerted))
