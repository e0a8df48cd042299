"""Asks the trades service for the pairs that accounts trade: a pair streams once a strategy first asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from loguru import logger

from contracts.account import Account
from contracts.clock import Clock, SystemClock
from contracts.symbol_subscription import ACCOUNT_REQUESTER, SymbolSubscription
from contracts.topics import SYMBOL_SUBSCRIPTIONS
from signals.settings import SignalsSettings
from streaming.clients import read_topic
from streaming.exit_codes import EXIT_OK
from streaming.producer import open_producer
from streaming.service.exit import exit_code_for

_NO_VENUE = "recorded"

#: (pair, requester) -> whether it is wanted.
_Requests = dict[tuple[str, str], bool]


def ask_for_pairs(settings: SignalsSettings, clock: Clock | None = None) -> int:
    """Ask for each pair of each account, and take back what an account asked for and no longer trades.

    What was asked for already is not asked for again. Pairs that come from files cannot be asked for.

    Returns
    -------
    int
        Exit code: 0, or what to end with because the log cannot be reached.
    """
    if settings.trades_exchange == _NO_VENUE:
        return EXIT_OK
    try:
        changes = _changes(_asked(settings), settings.configured_accounts)
        if changes:
            _write(settings, changes, clock or SystemClock())
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    return EXIT_OK


def _asked(settings: SignalsSettings) -> _Requests:
    found: _Requests = {}
    for record in read_topic(settings, SYMBOL_SUBSCRIPTIONS):
        message = record.readable_message()
        if isinstance(message, SymbolSubscription) and message.exchange == settings.exchange:
            found[message.pair, message.requester] = message.wanted
    return found


def _changes(asked: _Requests, accounts: Iterable[Account]) -> _Requests:
    """Return what to write; requesters that are not among `accounts` may belong to another deployment."""
    wanted = {(pair, _requester(account)) for account in accounts for pair in account.pairs}
    ours = {_requester(account) for account in accounts}
    given_up = {key for key, was_wanted in asked.items() if was_wanted and key[1] in ours and key not in wanted}
    new = {key for key in wanted if not asked.get(key, False)}
    return {**dict.fromkeys(sorted(new), True), **dict.fromkeys(sorted(given_up), False)}


def _write(settings: SignalsSettings, changes: _Requests, clock: Clock) -> None:
    with open_producer(settings, "signals", clock) as producer:
        for (pair, requester), wanted in changes.items():
            message = SymbolSubscription(
                exchange=settings.exchange,
                pair=pair,
                requester=requester,
                wanted=wanted,
                requested_at_us=clock.now_us(),
            )
            producer.produce(SYMBOL_SUBSCRIPTIONS, message)
            logger.info("{} {} {} of {}", requester, "requests" if wanted else "withdraws", pair, settings.exchange)


def _requester(account: Account) -> str:
    return f"{ACCOUNT_REQUESTER}{account.name}"
