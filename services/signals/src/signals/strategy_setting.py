"""What an operator sets of a strategy: checked against what the strategy declares, then written for `signals`.

In a cluster, where there is no `tradestream`, in a pod of `signals`, which has the accounts and their files::

    python -m signals.strategy_setting set --account mine --pair BTC/EUR --parameters '{"fast": 10}'
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.audit_event import AuditEvent
from contracts.clock import Clock, SystemClock
from contracts.errors import BadInputError, TradestreamError
from contracts.nearest import did_you_mean
from contracts.strategy_setting import StrategySetting, Switch
from contracts.timestamps import iso_utc_ms, parse_time
from contracts.topics import AUDIT_LOG, STRATEGY_SETTINGS
from contracts.units import US_PER_MS
from signals.core.followed import Followed
from signals.deciders import followed_of
from strategies.of_account import with_parameters
from strategies.versions import in_force
from streaming.clients import create_topics, read_topic
from streaming.control import ControlSettings, operator
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_FAILED
from streaming.forward_tests import forward_tests
from streaming.producer import open_producer
from streaming.settings import ServiceSettings, load_settings
from streaming.strategy_checks import strategy_checks

_SERVICE = "control"


@dataclass(frozen=True)
class Wish:
    """What is to be set.

    Parameters
    ----------
    account, pair
        Whose.
    parameters
        Of the strategy: those that are to be other than the account's own; None: they stay.
    from_ms
        Start of the first window that it may hold for; None: the next one.
    issued_by
        Who says so.
    switch
        Whether it is to decide; None: as before.
    """

    account: str
    pair: str
    parameters: Mapping[str, Any] | None
    from_ms: int | None
    issued_by: str
    switch: Switch | None = None


def parameters_in(text: str) -> dict[str, Any]:
    """Return the parameters that a text of JSON names.

    Returns
    -------
    dict[str, Any]
        Values by name, unchecked.

    Raises
    ------
    BadInputError
        If it is no JSON object.
    """
    expected = 'a JSON object of names and numbers, such as {"fast": 10}'
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInputError("--parameters", expected, f"{text} ({error})") from error
    if not isinstance(found, dict):
        raise BadInputError("--parameters", expected, text)
    return found


def write_setting(settings: ControlSettings, wish: Wish, clock: Clock | None = None) -> tuple[StrategySetting, str]:
    """Write a setting to its topic, and to the audit log.

    Parameters
    ----------
    settings
        Of the log, and whose accounts.
    wish
        What is to be set.
    clock
        When.

    Returns
    -------
    tuple[StrategySetting, str]
        What was written, and the hash that signals carry with these parameters.

    Raises
    ------
    BadInputError
        If there is no such account or pair, or the strategy may not have such a parameter.
    """
    told = _told(settings, wish)
    before = followed_of(wish.account, told)
    now_us = (clock or SystemClock()).now_us()
    given = None if wish.parameters is None else dict(wish.parameters)
    after = before if given is None else followed_of(wish.account, with_parameters(told, given))
    if after.waits != before.waits:
        expected = "parameters with which the strategy asks for predictions as before"
        raise BadInputError("--parameters", expected, json.dumps(given))
    setting = StrategySetting(
        setting_id=uuid4().hex[:16],
        account=wish.account,
        pair=wish.pair,
        strategy=after.name,
        parameters=given,
        switch=wish.switch,
        from_ms=wish.from_ms,
        issued_by=wish.issued_by,
        issued_at_ms=now_us // US_PER_MS,
    )
    create_topics(settings, [STRATEGY_SETTINGS])
    with open_producer(settings, _SERVICE, clock) as producer:
        producer.produce(STRATEGY_SETTINGS, setting)
        producer.flush()
        producer.produce(AUDIT_LOG, _audited(setting, after, now_us))
    return setting, after.hash


def settings_written(settings: ServiceSettings) -> list[StrategySetting]:
    """Return all settings of a log, in the order in which they were written.

    Returns
    -------
    list[StrategySetting]
        Those that can be read.
    """
    found = (record.readable_message() for record in read_topic(settings, STRATEGY_SETTINGS))
    return [each for each in found if isinstance(each, StrategySetting)]


def hash_of(account: Account | None, setting: StrategySetting) -> str | None:
    """Return the hash that signals carry where a setting holds, None where it is no account's any more.

    Parameters
    ----------
    account
        The setting's.
    setting
        What was set.

    Returns
    -------
    str | None
        Of the strategy's file and parameters; None also of what sets no parameters.
    """
    told = None if account is None else account.strategy_for(setting.pair)
    if told is None or setting.parameters is None:
        return None
    return followed_of(setting.account, with_parameters(told, setting.parameters)).hash


def _told(settings: ControlSettings, wish: Wish) -> AccountStrategy:
    tests = {name: each.opened for name, each in forward_tests(settings).items() if each.action == "start"}
    account = settings.account(wish.account) or tests.get(wish.account)
    if account is None:
        known = [*(each.name for each in settings.configured_accounts), *tests]
        raise BadInputError(
            "--account", f"one of {', '.join(known)}{did_you_mean(wish.account, known)}", wish.account
        )
    if (told := account.strategy_for(wish.pair)) is None:
        expected = f"one of {', '.join(account.pairs)}{did_you_mean(wish.pair, account.pairs)}"
        raise BadInputError("--pair", expected, wish.pair)
    return in_force(told, strategy_checks(settings))


def _audited(setting: StrategySetting, followed: Followed, now_us: int) -> AuditEvent:
    details = {
        "pair": setting.pair,
        "strategy": f"{setting.strategy} {followed.hash}",
        "parameters": json.dumps(setting.parameters),
        "switch": setting.switch or "",
        "message_id": setting.message_id,
    }
    return AuditEvent(
        service=_SERVICE,
        actor=setting.issued_by,
        action="strategy_setting",
        subject=setting.account,
        details=details,
        occurred_at_us=now_us,
    )


#: By what is said, how it is told.
SWITCHED: Mapping[Switch, str] = {
    "on": "on",
    "off": "off; what is held keeps its exits",
    "sell": "off; what is held is sold",
}


def in_words(setting: StrategySetting, digest: str, address: str) -> str:
    """Return what was set, and where.

    Parameters
    ----------
    setting, digest
        What was written, and the hash that signals carry with it.
    address
        Of the log.

    Returns
    -------
    str
        A line.
    """
    begins = "the next candle" if setting.from_ms is None else iso_utc_ms(setting.from_ms)
    whose = f"{setting.strategy} of {setting.account} on {setting.pair}"
    if setting.switch is not None:
        return f"{whose} is {SWITCHED[setting.switch]}, from {begins} on, on {address}"
    return f"{whose}: {json.dumps(setting.parameters)} from {begins} on, hash {digest}, on {address}"


def main(arguments: Sequence[str]) -> int:
    """Set what was typed; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m signals.strategy_setting", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["set", "off", "on"])
    parser.add_argument("--account", required=True)
    parser.add_argument("--pair", required=True, help="BASE/QUOTE, one of the account's")
    parser.add_argument("--parameters", metavar="JSON", help="of set: what is to be other than the account has it")
    parser.add_argument("--sell", action="store_true", help="of off: what is held is sold")
    parser.add_argument("--from", dest="start", help="first candle it may hold for; by default the next")
    parser.add_argument("--by", default=operator())
    given = parser.parse_args(arguments)
    try:
        setting, digest, address = _set(given)
    except TradestreamError as error:
        sys.stderr.write(f"strategy_setting: {error}\n")
        return EXIT_BAD_SETTINGS if isinstance(error, BadInputError) else EXIT_FAILED
    sys.stdout.write(f"{in_words(setting, digest, address)}\n")
    return 0


def _set(given: argparse.Namespace) -> tuple[StrategySetting, str, str]:
    if (given.action == "set") != (given.parameters is not None):
        raise BadInputError("--parameters", "with set, and with nothing else", given.parameters)
    if given.sell and given.action != "off":
        raise BadInputError("--sell", "with off", given.action)
    parameters = None if given.parameters is None else parameters_in(given.parameters)
    switch: Switch | None = None if given.action == "set" else "sell" if given.sell else given.action
    settings = load_settings(ControlSettings)
    wish = Wish(given.account, given.pair, parameters, parse_time("--from", given.start), given.by, switch)
    return *write_setting(settings, wish), settings.broker_address


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
