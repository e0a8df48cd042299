"""The options of `tradestream backtest`, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console

from backtest.again import RunTerms, again, outcomes_of_run
from backtest.command import BacktestOptions
from backtest.divergence.diverge import diverge
from backtest.divergence.telling import as_json as plain
from backtest.divergence.telling import print_divergence, write_page
from backtest.parity import hold, print_parity
from backtest.plan import Terms
from backtest.said import Said, said_to
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.fees import TAKER_FEE_BPS
from contracts.owner import Owner, owners_of
from contracts.strategy_setting import StrategySetting
from contracts.topics import SIGNALS
from embedded.accounts_file import read_accounts, read_owners
from embedded.bars import parse_interval
from embedded.model_place import promoted_elsewhere
from embedded.options import typed_command
from embedded.replacing import require_replaceable
from embedded.strategy_cli import parameters_of
from embedded.subscriptions import settings_of
from embedded.terminal.rows import print_json
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from execution.settings import ExecutionSettings
from results.run_folder import RunFolder
from results.run_settings import recorded_settings
from signals.settings import SignalsSettings
from signals.strategy_setting import settings_written
from strategies.of_account import file_of
from strategies.parameters import from_text
from strategies.versions import begun_with
from streaming.clients import committed_offsets, read_topic
from streaming.forward_tests import forward_tests
from streaming.settings import read_settings
from streaming.strategy_checks import strategy_checks
from verify.given import is_given
from verify.run import Range

_SLIPPAGE_BPS = Decimal(2)


@dataclass(frozen=True)
class Typed:
    """What was typed of strategy and bars."""

    strategy: str
    parameters: Sequence[str]
    bars: Sequence[Path]
    run: Path | None
    pairs: Sequence[str] | None
    interval: str
    start: str | None
    end: str | None
    trades: Sequence[Path] = ()
    store: str | None = None
    models: str | None = None


@dataclass(frozen=True)
class Money:
    """What was typed of accounts and costs."""

    accounts: Path | None
    balance: str | None
    position_pct: str | None
    fee_bps: str | None
    slippage_bps: str | None
    exchange: str


def options_of(typed: Typed, money: Money, out: Path, *, replace: bool) -> BacktestOptions:
    """Return what is to be done.

    Raises
    ------
    BadInputError
        If an option cannot be used, or does not go with another.
    """
    _require_one(
        "--bars, --trades, --run or --from-store",
        "one of them",
        bool(typed.bars),
        bool(typed.trades),
        typed.run is not None,
        bool(typed.store),
    )
    _require_one("--strategy or --accounts", "one of them", bool(typed.strategy), money.accounts is not None)
    accounts: tuple[Account, ...] = ()
    if money.accounts is not None:
        for name in ("balance", "position_pct"):
            if getattr(money, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise BadInputError(option, "none with --accounts, whose file says it", getattr(money, name))
        accounts = read_accounts(money.accounts)
    owners = () if money.accounts is None else read_owners(money.accounts)
    span = Range.parse(typed.start, typed.end)
    broker = PaperBroker(_bps("--slippage-bps", money.slippage_bps, _SLIPPAGE_BPS), _bps("--fee-bps", money.fee_bps))
    require_replaceable(out, replace=replace)
    return BacktestOptions(
        account=_account(typed, money),
        accounts=accounts,
        bars=typed.bars,
        trades=typed.trades,
        run=typed.run,
        store=typed.store or "",
        model=None if typed.models is None else promoted_elsewhere(typed.models).load,
        exchange=money.exchange,
        pairs=typed.pairs or (),
        interval_s=parse_interval(typed.interval, "--interval"),
        terms=Terms(broker, Policy(), from_ms=span.from_ms, to_ms=span.to_ms, owners=owners),
        out=out,
        command=typed_command(),
    )


def hold_against(folder: Path, console: Console, show: int, page: Path | None, *, as_json: bool) -> bool:
    """Compare a run with a backtest of it, and its venues with paper; return whether the backtest is equal."""
    accounts = again(folder, terms_of_run(folder))
    outcomes = outcomes_of_run(accounts)
    found = hold(folder, outcomes)
    print_parity(console, found, show)
    apart = [diverge(each, outcome) for each, outcome in zip(accounts, outcomes, strict=True)]
    # An account on paper is nothing apart from itself: a program may read it, nobody needs to.
    at_venue = [of for each, of in zip(accounts, apart, strict=True) if each.is_at_venue]
    print_divergence(console, at_venue, show)
    if page is not None:
        write_page(page, at_venue or apart, folder.name)
        console.print(f"Page: {page}", soft_wrap=True, highlight=False)
    if as_json:
        print_json({"compared": [asdict(each) for each in found], "divergence": [plain(each) for each in apart]})
    return not any(each.differences for each in found)


def terms_of_run(folder: Path) -> RunTerms:
    """Return what the services of a run were told, as it wrote that down.

    Raises
    ------
    BadInputError
        If it left no record.
    """
    place = RunFolder(folder)
    told = recorded_settings(place)
    if not told:
        raise BadInputError("--of", f"the folder of a run, with {place.work / 'settings.json'}", str(folder))
    signals, execution = read_settings(SignalsSettings, told), read_settings(ExecutionSettings, told)
    tests, changes = _tests_of(place)
    checks = strategy_checks(settings_of(place.out)) if place.log.is_dir() else []
    accounts = (*(begun_with(each, checks) for each in signals.configured_accounts), *tests)
    owners = owners_of(accounts, execution.owners)
    return RunTerms(
        accounts=accounts,
        broker=execution.broker,
        policy=execution.policy,
        expiry_seconds=signals.expiry_seconds,
        interval_s=signals.interval_s,
        said=_said(place, accounts, execution.policy, owners),
        changes=changes,
        checks=checks,
        tests=frozenset(each.name for each in tests),
        venues={each.name: execution.broker_of(each) for each in accounts if each.broker == "venue"},
        owners=owners,
    )


def _tests_of(place: RunFolder) -> tuple[list[Account], list[StrategySetting]]:
    """Return the accounts of a run's forward tests, and what was set in it: a test that was stopped is off."""
    if not place.log.is_dir():
        return [], []
    settings = settings_of(place.out)
    tests, changes = forward_tests(settings), settings_written(settings)
    for name, event in tests.items():
        (told,) = event.opened.deciding
        changes += [
            StrategySetting(
                setting_id=f"{name}:{event.action}",
                account=name,
                pair=pair,
                strategy=Path(told.strategy).stem,
                parameters=None,
                switch="off",
                from_ms=None,
                issued_by=event.issued_by,
                issued_at_ms=event.issued_at_ms,
            )
            for pair in told.pairs
            if event.action == "stop"
        ]
    return [event.opened for event in tests.values()], changes


def _said(
    place: RunFolder, accounts: Sequence[Account], policy: Policy, owners: Mapping[str, Owner] = MappingProxyType({})
) -> dict[str, list[Said]]:
    """Return what operators and venues said during a run; to most nothing was, which costs one look at the log.

    What execution has not read any more, as it was said after the end of the run, was not heard.
    """
    if not place.log.is_dir():
        if at_venue := [account.name for account in accounts if account.broker == "venue"]:
            expected = f"a run with its log ({place.log}), on which stands what the venue reported to {at_venue[0]}"
            raise BadInputError("--of", expected, "none")
        return {}
    settings = settings_of(place.out)
    heard = committed_offsets(settings, settings.group_for("execution"), SIGNALS)
    records = [each for each in read_topic(settings, SIGNALS) if each.offset < heard.get(each.partition, 0)]
    if not any(is_given(SIGNALS, record) for record in records):
        return {}
    messages = [message for record in records if (message := record.readable_message()) is not None]
    alone = {account.name: account for account in accounts if account.owner is None}
    return {name: list(said_to(of, messages, policy)) for name, of in (alone | dict(owners)).items()}


def _require_one(options: str, expected: str, *given: bool) -> None:
    if sum(given) != 1:
        raise BadInputError(options, expected, ("none", "", "both")[sum(given)] if sum(given) < 3 else "several")


def _account(typed: Typed, money: Money) -> Mapping[str, Any]:
    if not typed.strategy:
        return {}
    file = file_of(typed.strategy, "--strategy")
    parameters = from_text(file.kind.space(), parameters_of(typed.parameters), file.kind.__name__)
    numbers = {"initial_balance_quote": money.balance, "position_pct": money.position_pct}
    given = {
        name: _positive(f"--{option}", text)
        for (name, text), option in zip(numbers.items(), ("balance", "position-pct"), strict=True)
        if text is not None
    }
    if "position_pct" in given:  # what was asked for is not to be denied by the usual limit
        given["max_position_pct"] = max(given["position_pct"], Account.model_fields["max_position_pct"].default)
    return {"name": "backtest", "strategy": typed.strategy, "parameters": parameters, **given}


def _positive(option: str, text: str) -> Decimal:
    value = _number(option, text)
    if value <= 0 or (option == "--position-pct" and value > 100):
        raise BadInputError(option, "a number above 0" + (", at most 100" if value > 0 else ""), text)
    return value


def _bps(option: str, text: str | None, usual: Decimal = TAKER_FEE_BPS) -> Decimal:
    value = usual if text is None else _number(option, text)
    if not 0 <= value < 10_000:
        raise BadInputError(option, "at least 0 and less than 10000 basis points", text)
    return value


def _number(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadInputError(option, "a number", text) from None
    if not value.is_finite():
        raise BadInputError(option, "a number", text)
    return value
