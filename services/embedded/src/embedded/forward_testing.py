"""Forward tests: checked, then written for execution and `signals`; begun and ended while everything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.account import Account
from contracts.audit_event import AuditEvent
from contracts.clock import Clock, SystemClock
from contracts.errors import BadInputError
from contracts.forward_test_event import ForwardTestEvent
from contracts.nearest import did_you_mean
from contracts.topics import AUDIT_LOG, FORWARD_TEST_EVENTS, SIGNALS
from contracts.units import US_PER_MS, US_PER_SECOND
from contracts.validation_errors import expectation
from embedded.subscriptions import SubscriptionSettings, pairs_on_log
from signals.deciders import deciders_of
from strategies.checks.run import check
from strategies.of_account import file_of
from streaming.clients import create_topics
from streaming.control import Words, accounts_of, say
from streaming.forward_tests import forward_tests
from streaming.producer import open_producer

_SERVICE = "control"
_STRATEGY = "STRATEGY"
#: By the account's field, what a person wrote.
_OPTIONS = {"name": "--name", "pairs": "--pairs", "initial_balance_quote": "--balance"}
#: A pair whose checkpoints are so much older than those of others does not stream any more.
_SILENT_US = 30 * US_PER_SECOND


@dataclass(frozen=True)
class Wished:
    """What is to be tested.

    Parameters
    ----------
    strategy
        A name of one that comes along, or the path of a file.
    pairs
        Which it is to trade.
    issued_by
        Who says so.
    parameters
        Of the strategy.
    balance
        What its account begins with; None: as usual in its currency.
    name
        Its own; None: made of the strategy's.
    from_ms
        Start of the first window that it may trade; None: the next one.
    """

    strategy: str
    pairs: Sequence[str]
    issued_by: str
    parameters: Mapping[str, Any]
    balance: str | None = None
    name: str | None = None
    from_ms: int | None = None


def start(settings: SubscriptionSettings, wish: Wished, clock: Clock | None = None) -> ForwardTestEvent:
    """Begin a forward test: execution is told of its account, and then `signals` of the test.

    Parameters
    ----------
    settings
        Of the log, and whose accounts.
    wish
        What is to be tested.
    clock
        When.

    Returns
    -------
    ForwardTestEvent
        What was written.

    Raises
    ------
    BadInputError
        If there is no such strategy, its file fails a check or it may not have such parameters; if the name is in
        use, a pair does not stream, or the pairs have several currencies. Then nothing is written.
    """
    name = _free_name(settings, wish)
    _require_streaming(settings, wish.pairs)
    account = _account(name, wish)
    deciders_of(account)  # its parameters are those it declares
    _require_checked(wish)
    event = ForwardTestEvent(
        account=name,
        action="start",
        opened=account,
        from_ms=wish.from_ms,
        issued_by=wish.issued_by,
        issued_at_ms=(clock or SystemClock()).now_us() // US_PER_MS,
    )
    _write(settings, event, clock)
    return event


def stop(settings: SubscriptionSettings, name: str, issued_by: str, clock: Clock | None = None) -> ForwardTestEvent:
    """End a forward test: what it holds is sold, nothing is entered any more, and its books stay.

    Parameters
    ----------
    settings
        Of the log, and whose accounts.
    name
        Of a test that was started and not stopped.
    issued_by
        Who says so.
    clock
        When.

    Returns
    -------
    ForwardTestEvent
        What was written.

    Raises
    ------
    BadInputError
        If no test of this name is going on.
    """
    known = forward_tests(settings)
    going_on = [each for each, event in known.items() if event.action == "start"]
    if name not in going_on:
        expected = f"a forward test that goes on: {', '.join(going_on) or 'there is none'}"
        raise BadInputError("NAME", f"{expected}{did_you_mean(name, going_on)}", name)
    now_ms = (clock or SystemClock()).now_us() // US_PER_MS
    # The account first: whatever becomes of this process, it buys nothing more, and the test can be stopped again.
    say(settings, Words("flatten", "the forward test was stopped", issued_by, (name,)), clock)
    changes = {"action": "stop", "issued_by": issued_by, "issued_at_ms": now_ms}
    event = known[name].model_copy(update=changes)
    _write(settings, event, clock)
    return event


def _free_name(settings: SubscriptionSettings, wish: Wished) -> str:
    taken = {*accounts_of(settings), *(each.name for each in settings.configured_accounts)}
    if wish.name is None:
        usual = f"forward-{Path(wish.strategy).stem}"
        return next(each for n in count(1) if (each := usual if n == 1 else f"{usual}-{n}") not in taken)
    if wish.name in taken:
        raise BadInputError("--name", f"a name that none of {', '.join(sorted(taken))} has", wish.name)
    return wish.name


def _require_streaming(settings: SubscriptionSettings, pairs: Sequence[str]) -> None:
    known = pairs_on_log(settings)
    newest_us = max((each.checkpointed_at_us for each in known.values()), default=0)
    streams = sorted(
        pair
        for (_, pair), entry in known.items()
        if entry.checkpoint is not None and newest_us - entry.checkpointed_at_us <= _SILENT_US
    )
    if strangers := [pair for pair in pairs if pair not in streams]:
        expected = f"pairs that stream: {', '.join(streams) or 'there are none'}"
        raise BadInputError("--pairs", f"{expected}{did_you_mean(strangers[0], streams)}", strangers[0])


def _account(name: str, wish: Wished) -> Account:
    file = file_of(wish.strategy, _STRATEGY)
    is_own = wish.strategy.endswith(".py")
    table = {
        "strategy": str(file.path.absolute()) if is_own else wish.strategy,
        "pairs": tuple(wish.pairs),
        "parameters": dict(wish.parameters),
        # What is tested is what the file says now, wherever it is read and whatever becomes of it.
        "source": file.source if is_own else None,
    }
    given: dict[str, Any] = {"name": name, "pairs": tuple(wish.pairs), "strategies": (table,)}
    if wish.balance is not None:
        given["initial_balance_quote"] = _number(wish.balance)
    try:
        return Account.model_validate(given)
    except ValidationError as error:
        errors: list[Any] = error.errors(include_url=False)
        first = next((each for each in errors if each["loc"][:1] and each["loc"][0] in _OPTIONS), errors[0])
        field = str(first["loc"][0]) if first["loc"] else "strategies"
        inside = [str(each) for each in first["loc"]]
        option = _OPTIONS.get(field, "--pairs")
        if "parameters" in inside:
            option = ".".join(("--parameters", *inside[inside.index("parameters") + 1 :][:1]))
        came = first["input"]
        raise BadInputError(
            option, expectation(first), ", ".join(came) if isinstance(came, tuple) else came
        ) from error


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or found <= 0:
        raise BadInputError("--balance", "a number above 0", text)
    return found


def _require_checked(wish: Wished) -> None:
    """Refuse a file that fails a check; those that come along are checked where they are made."""
    if not wish.strategy.endswith(".py"):
        return
    path = Path(wish.strategy)
    report = check(path, {name: str(value) for name, value in wish.parameters.items()})
    wrong = [f"{each.check}: {each.problem}" for each in report.verdicts if each.problem is not None]
    if wrong:
        raise BadInputError(_STRATEGY, "a file that passes tradestream strategy check", f"{path.name}, {wrong[0]}")


def _write(settings: SubscriptionSettings, event: ForwardTestEvent, clock: Clock | None) -> None:
    create_topics(settings, [SIGNALS, FORWARD_TEST_EVENTS])
    with open_producer(settings, _SERVICE, clock) as producer:
        if event.action == "start":
            # Before anything makes signals for it: execution knows the account when the first one comes.
            producer.produce(SIGNALS, event)
            producer.flush()
        producer.produce(FORWARD_TEST_EVENTS, event)
        producer.flush()
        producer.produce(AUDIT_LOG, _audited(event))


def _audited(event: ForwardTestEvent) -> AuditEvent:
    return AuditEvent(
        service=_SERVICE,
        actor=event.issued_by,
        action="forward_test_started" if event.action == "start" else "forward_test_stopped",
        subject=event.account,
        details={"message_id": event.message_id, "pairs": ", ".join(event.opened.pairs)},
        occurred_at_us=event.issued_at_ms * US_PER_MS,
    )
