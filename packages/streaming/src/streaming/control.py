"""What operators say to accounts: written for execution, and for what looks right before it sends something.

In a cluster, where there is no `tradestream`::

    python -m streaming.control halt --reason "the feed looks wrong"
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from getpass import getuser
from typing import get_args
from uuid import uuid4

from contracts.accounts_settings import AccountsSettings
from contracts.audit_event import AuditEvent
from contracts.clock import Clock, SystemClock
from contracts.counted import counted
from contracts.errors import BadInputError, TradestreamError
from contracts.nearest import did_you_mean
from contracts.operator_command import OperatorAction, OperatorCommand
from contracts.symbol_subscription import ACCOUNT_REQUESTER, SymbolSubscription
from contracts.topics import AUDIT_LOG, CONTROL, SIGNALS, SYMBOL_SUBSCRIPTIONS
from contracts.units import US_PER_MS
from streaming.clients import read_topic
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_FAILED
from streaming.forward_tests import forward_tests
from streaming.producer import open_producer
from streaming.settings import ServiceSettings, load_settings

ACTIONS: tuple[OperatorAction, ...] = get_args(OperatorAction)
_SERVICE = "control"


class ControlSettings(AccountsSettings, ServiceSettings):
    """Which log, and whose accounts."""


@dataclass(frozen=True)
class Words:
    """What an operator says.

    Parameters
    ----------
    action
        What accounts are to do.
    reason, issued_by
        Why, and who says so.
    accounts
        To whom; empty: to all.
    lifts_limits
        Of a resume: also what loss limits have stopped.
    """

    action: OperatorAction
    reason: str
    issued_by: str
    accounts: tuple[str, ...] = ()
    lifts_limits: bool = False


def say(settings: ControlSettings, words: Words, clock: Clock | None = None) -> list[OperatorCommand]:
    """Write a command to each account it is meant for, and to the audit log; return what was written.

    Parameters
    ----------
    settings
        Of the log, and the accounts that are known beside those on it.
    words
        What is said.
    clock
        When.

    Returns
    -------
    list[OperatorCommand]
        One for each account, all with one id.

    Raises
    ------
    BadInputError
        If there is no such account or no reason, or limits are to be lifted where nobody is named.
    """
    meant = _meant(settings, words)
    clock = clock or SystemClock()
    now_us, command_id = clock.now_us(), uuid4().hex[:16]
    commands = [
        OperatorCommand(
            command_id=command_id,
            account=account,
            action=words.action,
            lifts_limits=words.lifts_limits,
            reason=words.reason,
            issued_by=words.issued_by,
            issued_at_ms=now_us // US_PER_MS,
        )
        for account in meant
    ]
    with open_producer(settings, _SERVICE, clock) as producer:
        # The last door before a venue first: it closes however much execution still has to read.
        for spec in (CONTROL, SIGNALS):
            for command in commands:
                key = settings.key_on_signals(command.account) if spec is SIGNALS else None
                producer.produce(spec, command, key=key)
            producer.flush()
        for command in commands:
            producer.produce(AUDIT_LOG, _audited(command, now_us))
    return commands


def accounts_of(settings: ControlSettings) -> tuple[str, ...]:
    """Return all accounts: those of the settings, and those that the log knows of.

    Returns
    -------
    tuple[str, ...]
        Names, sorted. The default account is one where nothing names another.
    """
    tests = set(forward_tests(settings))
    found = ({account.name for account in settings.accounts} | set(said(settings))) - tests
    for record in read_topic(settings, SYMBOL_SUBSCRIPTIONS):
        request = record.readable_message()
        if isinstance(request, SymbolSubscription) and request.requester.startswith(ACCOUNT_REQUESTER):
            found.add(request.requester.removeprefix(ACCOUNT_REQUESTER))
    return tuple(sorted(tests | (found or {account.name for account in settings.configured_accounts})))


def said(settings: ServiceSettings) -> dict[str, OperatorCommand]:
    """Return the last word on each account that there is one on.

    Returns
    -------
    dict[str, OperatorCommand]
        By account, in sorted order.
    """
    found: dict[str, OperatorCommand] = {}
    for record in read_topic(settings, CONTROL):
        command = record.readable_message()
        if isinstance(command, OperatorCommand):
            found[command.account] = command
    return dict(sorted(found.items()))


def operator() -> str:
    """Return who sits here: the user of this machine, where it has a name for that.

    Returns
    -------
    str
        Else ``operator``.
    """
    try:
        return getuser()
    except (KeyError, OSError):  # a container's user has none
        return "operator"


def _meant(settings: ControlSettings, words: Words) -> tuple[str, ...]:
    if not words.reason.strip():
        raise BadInputError("--reason", "why, in words: it is on the alert and in the audit log", words.reason)
    if words.lifts_limits and not (words.accounts and words.action == "resume"):
        given = words.action if words.accounts else "no --account"
        raise BadInputError("--limits", "a resume of accounts that are named", given)
    known = accounts_of(settings)
    for name in words.accounts:
        if name not in known:
            raise BadInputError("--account", f"one of {', '.join(known)}{did_you_mean(name, known)}", name)
    return tuple(dict.fromkeys(words.accounts)) or known


def _audited(command: OperatorCommand, now_us: int) -> AuditEvent:
    details = {
        "command": command.action,
        "reason": command.reason,
        "lifts_limits": str(command.lifts_limits).lower(),
        "message_id": command.message_id,
    }
    return AuditEvent(
        service=_SERVICE,
        actor=command.issued_by,
        action="operator_command",
        subject=command.account,
        details=details,
        occurred_at_us=now_us,
    )


def in_words(commands: Sequence[OperatorCommand], settings: ServiceSettings) -> str:
    """Return what was said to whom, and where.

    Returns
    -------
    str
        A line.
    """
    names = ", ".join(command.account for command in commands)
    told = f"{counted(len(commands), 'account')} ({names})"
    return f"{commands[0].action} said to {told} on {settings.broker_address}, command {commands[0].command_id}"


def main(arguments: Sequence[str]) -> int:
    """Say what was typed; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m streaming.control", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=[action.replace("_", "-") for action in ACTIONS])
    parser.add_argument("--account", action="append", default=[], help="repeatable; all without it")
    parser.add_argument("--reason", required=True)
    parser.add_argument("--by", default=operator())
    parser.add_argument("--limits", action="store_true", help="of resume: also what loss limits have stopped")
    given = parser.parse_args(arguments)
    words = Words(given.action.replace("-", "_"), given.reason, given.by, tuple(given.account), given.limits)
    try:
        settings = load_settings(ControlSettings)
        sys.stdout.write(f"{in_words(say(settings, words), settings)}\n")
    except TradestreamError as error:
        sys.stderr.write(f"control: {error}\n")
        return EXIT_BAD_SETTINGS if isinstance(error, BadInputError) else EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
