"""Files of strategies are checked before they are followed; one that fails is not loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from loguru import logger

from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.clock import Clock, SystemClock
from contracts.errors import TradestreamError
from contracts.strategy_check import CheckResult, StrategyCheck
from contracts.units import US_PER_MS
from signals import metrics
from signals.core.followed import Followed
from signals.deciders import followed_of
from signals.settings import SignalsSettings
from strategies.checks.verdict import checked, message_of, text_of
from strategies.of_account import REFUSED
from strategies.versions import file_hash, in_force, is_own_file
from streaming.exit_codes import EXIT_OK
from streaming.service.exit import exit_code_for
from streaming.strategy_checks import publish_check, strategy_checks

_SERVICE = "signals"


def check_files(settings: SignalsSettings, clock: Clock | None = None) -> int:
    """Check the files that accounts follow and that are others than at the last start, and publish the verdicts.

    It is done once, before anything is decided: a process follows what was loaded at its start. A replay takes what
    its run has loaded.

    Returns
    -------
    int
        Exit code: 0, or what to end with because the log cannot be reached.
    """
    if settings.said_file is not None:
        return EXIT_OK
    try:
        known = strategy_checks(settings)
        for file, accounts in sorted(_files(settings.configured_accounts).items()):
            known += _checked(settings, file, accounts, known, clock or SystemClock())
            _tell(file, accounts, known)
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    return EXIT_OK


def _files(accounts: Sequence[Account]) -> dict[str, list[tuple[str, AccountStrategy]]]:
    """Return by file who follows it, and as what."""
    found: dict[str, list[tuple[str, AccountStrategy]]] = {}
    for account in accounts:
        for told in account.deciding:
            if is_own_file(told):
                found.setdefault(told.strategy, []).append((account.name, told))
    return found


def _checked(
    settings: SignalsSettings,
    file: str,
    accounts: Sequence[tuple[str, AccountStrategy]],
    known: Sequence[StrategyCheck],
    clock: Clock,
) -> list[StrategyCheck]:
    """Return the verdict on a file that is new, published; none on one that was loaded, or refused, last."""
    last = _last(file, known)
    if last is not None and last.file_hash == file_hash(text_of(Path(file))):
        return []
    report, source = checked(Path(file))
    verdicts = list(report.verdicts)
    if not report.failed:
        verdicts += _of_accounts(accounts, source, known, settings.interval_s)
    message = message_of(file, source, verdicts, _SERVICE, clock.now_us() // US_PER_MS, loads=True)
    publish_check(settings, _SERVICE, message, clock)
    return [message]


def _last(file: str, known: Sequence[StrategyCheck]) -> StrategyCheck | None:
    """Return the verdict on a file when it was read to be followed last."""
    return next((each for each in reversed(known) if each.loads and each.file == file), None)


def _of_accounts(
    accounts: Sequence[tuple[str, AccountStrategy]], source: str, known: Sequence[StrategyCheck], interval_s: int
) -> Iterator[CheckResult]:
    """Yield what keeps accounts from following a version that is good by itself."""
    for name, told in accounts:
        try:
            after = followed_of(name, told.model_copy(update={"source": source}), interval_s)
        except TradestreamError as error:
            yield CheckResult(check="account", problem=str(error))
            continue
        before = _before(name, told, known, interval_s)
        if before is not None and before.waits != after.waits:
            # What waits for models leaves in another order: which account does is settled when it begins.
            asks = "asks for predictions" if before.waits else "asks for none"
            yield CheckResult(
                check="account",
                problem=f"{name}: expected a strategy that {asks} as before; another one needs a name",
            )


def _before(name: str, told: AccountStrategy, known: Sequence[StrategyCheck], interval_s: int) -> Followed | None:
    version = in_force(told, known)
    return None if version.source is None else followed_of(name, version, interval_s)


def _tell(file: str, accounts: Sequence[tuple[str, AccountStrategy]], known: Sequence[StrategyCheck]) -> None:
    """Say, once at each start, what is not loaded and what decides instead."""
    last = _last(file, known)
    assert last is not None  # it was checked just now, if not before
    metrics.REFUSED.labels(last.strategy).set(0 if last.passed else 1)
    if last.passed:
        logger.info("{} {}: passed its checks", file, last.file_hash)
        return
    source = in_force(accounts[0][1], known).source or REFUSED
    instead = "its accounts stand still" if source == REFUSED else f"{file_hash(source)} goes on"
    logger.error("{} {} is not loaded, {}. {}", file, last.file_hash, instead, last.problems)
