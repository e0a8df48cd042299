"""What `tradestream backtest` does: bars in, accounts over them, tables, a summary and a report out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from backtest.bar_files import bars_of_files
from backtest.history import History
from backtest.on_disk import on_disk
from backtest.owner_books import owners_told
from backtest.plan import Terms, asked_of
from backtest.run_folders import bars_of_run
from backtest.stores import bars_of_store
from backtest.strategies_of import Chosen, chosen
from backtest.stretches import stretches_of
from backtest.tables import Tables
from backtest.tally import Tally
from backtest.trade_files import bars_of_trades
from contracts.account import Account
from contracts.clock import Clock, SystemClock
from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.owner import owners_of
from contracts.timestamps import iso_utc
from contracts.units import US_PER_SECOND
from modeling.registered import StoredModel
from results.export.write import ExportResult
from results.report.page import write_report
from results.report.wording import count, money, percent
from results.run_folder import RunFolder
from results.summary import RunRecord, write_summary

_MISSING = "none"


@dataclass(frozen=True)
class BacktestOptions:
    """What was asked for.

    Attributes
    ----------
    accounts
        Each with its strategy; empty where `strategy` makes one that trades all pairs of the history.
    account
        What the one account is like, its pairs left out.
    bars, trades, run, store
        Where bars come from: files of bars, recorded trades (files, or a tree of `history`), a run's folder, or the
        address of a feature store.
    exchange
        Whose smallest orders hold for files of bars.
    pairs
        Which pairs; all if empty.
    interval_s
        Of a run's candles, and of those made of trades.
    terms
        What holds for all accounts.
    out
        Folder for the results.
    command
        As it was typed.
    model
        Returns the version whose predictions come with the bars, for bars of so many seconds; None takes them as they
        came.
    """

    account: Mapping[str, Any]
    accounts: tuple[Account, ...]
    bars: Sequence[Path]
    run: Path | None
    exchange: str
    pairs: Sequence[str]
    interval_s: int
    terms: Terms
    out: Path
    command: str
    trades: Sequence[Path] = ()
    store: str = ""
    model: Callable[[int], StoredModel] | None = None


class Prepared(NamedTuple):
    """What a backtest begins with.

    Attributes
    ----------
    history
        Bars, with what strategies ask for.
    terms
        What holds for all accounts.
    model
        The version that was asked of the bars; None where none was.
    """

    history: History
    terms: Terms
    model: StoredModel | None = None


def run_backtest(options: BacktestOptions, console: Console, clock: Clock | None = None) -> dict[str, Any]:
    """Run accounts over bars, write what they did, and print what came of it.

    Parameters
    ----------
    options
        What was asked for.
    console
        Where the summary goes.
    clock
        For the record of when it was made.

    Returns
    -------
    dict[str, Any]
        What `summary.json` holds.

    Raises
    ------
    BadInputError
        If bars, strategy, account or range cannot be used.
    """
    now, tally = clock or SystemClock(), Tally()
    started_us = now.now_us()
    known = [chosen(account) for account in options.accounts]
    with ExitStack() as stack, Tables() as tables:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tradestream-bars-")))
        history, terms, model = prepared(options, known, folder=folder)
        accounts = known or [chosen(Account.model_validate({**options.account, "pairs": tuple(history.pairs)}))]
        history = stack.enter_context(on_disk(history))
        for stretch in tally.over(stretches_of(history, accounts, terms)):
            tables.add(stretch)
        with RunFolder(options.out).owned(afresh=True):
            rows = tables.write(options.out)
            record = _record(options, history, accounts, tally)
            record.model = None if model is None else _model_record(model)
            record.started_at, record.finished_at = iso_utc(started_us), iso_utc(now.now_us())
            record.wall_seconds = (now.now_us() - started_us) / US_PER_SECOND
            owners = owners_of([each.account for each in accounts], terms.owners)
            record.owners = owners_told(options.out, owners.values(), terms.policy, history.interval_s)
            states: dict[str, dict[str, Any]] = {"services": {}, "jobs": {}}
            summary = write_summary(options.out, record, states, ExportResult(rows=rows), {})
            write_report(options.out)
    _print(console, options, tally, summary)
    return summary


def prepared(
    options: BacktestOptions, known: Sequence[Chosen], *, predictions: bool = True, folder: Path | None = None
) -> Prepared:
    """Return the bars that were asked for, and what holds on them.

    Parameters
    ----------
    options
        What was asked for.
    known
        Accounts that were read, each with its strategy.
    predictions
        Whether those of a run come along.
    folder
        Where files of bars that no model is asked of may stay, so that not all of them are in memory at once.

    Returns
    -------
    Prepared
        With what their strategies ask for. What a model has been trained on is not traded.

    Raises
    ------
    BadInputError
        If bars cannot be used, or the range begins on what the model has been trained on.
    """
    if options.model is None:
        return Prepared(_history_of(options, known, predictions=predictions, folder=folder), options.terms)
    history = _history_of(options, known, predictions=False)
    # With what asks models: not needed by others.
    from backtest.with_model import spoken_terms, with_model

    asked = asked_of(_asking(options, known), history.interval_s)
    if not any("." in name for name in asked):
        raise BadInputError("--models", "a strategy that takes predictions", "none")
    stored = options.model(history.interval_s)
    terms, note = spoken_terms(options.terms, stored)
    told = with_model(replace(history, notes=(*history.notes, note)), stored, asked, terms.to_ms)
    return Prepared(told, terms, stored)


def _asking(options: BacktestOptions, known: Sequence[Chosen]) -> Sequence[Chosen]:
    """Return the accounts, or what the one account is like before its pairs are known."""
    return known or [chosen(Account.model_validate({**options.account, "pairs": ("BTC/USD",)}))]


def _history_of(
    options: BacktestOptions, known: Sequence[Chosen], *, predictions: bool, folder: Path | None = None
) -> History:
    pairs = list(options.pairs) or sorted({pair for each in known for pair in each.account.pairs})
    if options.trades:
        return bars_of_trades(options.trades, options.interval_s, pairs)
    if options.run is None and not options.store:
        return bars_of_files(options.bars, options.exchange, pairs, folder)
    # Before the pairs are known, so that a run's tables are read once.
    asked = asked_of(_asking(options, known), options.interval_s)
    names = [name for name in asked if predictions or "." not in name]
    if options.run is None:
        return bars_of_store(options.store, options.interval_s, pairs, names, options.terms.to_ms)
    return bars_of_run(options.run, options.interval_s, pairs, names)


def _model_record(stored: StoredModel) -> dict[str, Any]:
    """Return a version as runs record that which they serve."""
    card = stored.card
    told = card.model_dump(include={"kind", "trained_to_ms", "metrics", "baselines"})
    return {"name": card.model_name, "version": stored.version, "proven": card.proven, **told}


def _record(options: BacktestOptions, history: History, accounts: Sequence[Chosen], tally: Tally) -> RunRecord:
    every = [strategy for each in accounts for strategy in each.strategies]
    strategies = [f"{each.file.name} {each.hash}" for each in every]
    return RunRecord(
        title=f"Backtest of {', '.join(dict.fromkeys(each.file.name for each in every))}",
        command=options.command,
        exchange=next(iter(history.pairs.values())).exchange,
        pairs=sorted(history.pairs),
        live_from_ms=tally.from_ms,
        live_until_ms=tally.until_ms,
        live_feed=False,
        notes=[*tally.stopped, *history.notes, f"Strategies: {', '.join(dict.fromkeys(strategies))}."],
        interval_s=history.interval_s,
    )


def _print(console: Console, options: BacktestOptions, tally: Tally, summary: dict[str, Any]) -> None:
    took = f"decided and traded in {tally.took_seconds:.2f} s"
    lines: list[tuple[str, str]] = [("Bars", f"{count(tally.bars)}, awake on {count(tally.awake)}; {took}")]
    for name, own in summary["pnl"]["accounts"].items():
        currency = own["currency"]
        traded = f"{counted(own['fills'], 'fill')}, {counted(own['round_trips'], 'round trip')}"
        fees = money(float(own["fees_quote"]), currency=currency)
        final = money(float(own["final_equity_quote"]), currency=currency)
        lines += [
            ("Account", f"{name}: {traded}, fees {fees}"),
            ("Equity", f"{final} ({percent(own['total_return_pct'] / 100, sign=True)} after costs)"),
            ("Held", _optional("buy and hold without costs", own["buy_and_hold_pct"])),
            ("Drawdown", percent(own["max_drawdown_pct"] / 100)),
            ("Won", _optional("of round trips", own["win_rate_pct"], sign=False)),
        ]
    lines += [(label, str(options.out / name)) for label, name in _FILES]
    for label, value in lines:
        console.print(Text.assemble((f"{label:<11}", "bright_black"), value), soft_wrap=True)
    for note in summary["notes"]:
        console.print(Text(note, "yellow"), soft_wrap=True)


_FILES = (("Report", "report.html"), ("Summary", "summary.json"), ("Tables", "*.parquet"))


def _optional(of_what: str, value_pct: float | None, *, sign: bool = True) -> str:
    return _MISSING if value_pct is None else f"{percent(value_pct / 100, sign=sign)} {of_what}"
