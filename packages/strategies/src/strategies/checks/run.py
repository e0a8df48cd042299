"""All checks of one strategy's file, as a table says them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import BadInputError, TradestreamError
from contracts.strategy_check import CheckResult
from strategies.checks.bounds import at_bounds, in_words
from strategies.checks.laws import LAWS, Law
from strategies.checks.markets import Market, made_up, with_given
from strategies.checks.process import differs_between_processes
from strategies.formulas import Formulas, feature_set_needed, formulas_of, settled_bars
from strategies.loading import StrategyFile, at_line, described, load
from strategies.parameters import from_text
from strategies.running import targets

#: A made-up market has at least so many bars: two midnights and what follows.
_BARS = 4_000
#: It may wait for at most so many, ten weeks of minutes: what is tried on more does not fit into memory.
_MOST = 100_000
#: Behind the bars that a strategy waits for, so many more are compared.
_COMPARED = 600


@dataclass(frozen=True)
class Report:
    """What all checks found.

    Attributes
    ----------
    verdicts
        In the order of the checks; those that could not be made for what failed before are not there.
    facts
        What a person wants to know of the strategy, by name.
    """

    verdicts: tuple[CheckResult, ...]
    facts: Mapping[str, str]

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that found something."""
        return tuple(each.check for each in self.verdicts if each.problem is not None)


def check(path: Path, given: Mapping[str, str] | None = None, recorded: Sequence[Market] = ()) -> Report:
    """Check a strategy's file.

    Parameters
    ----------
    path
        Of the file.
    given
        Parameters as they were typed, the others have their defaults.
    recorded
        Bars to try it on beside the made-up ones.

    Returns
    -------
    Report
        Whatever is wrong with the file is in it.

    Raises
    ------
    BadInputError
        If there is no such file, or a parameter that was typed may not be that.
    """
    if not path.is_file():
        raise BadInputError("strategy", "the path of a Python file that is there", str(path))
    try:
        file = load(path)
    except BadInputError as error:
        return Report((CheckResult(check="imports", problem=str(error)),), {})
    typed = from_text(file.kind.space(), given or {}, file.kind.__name__)
    found = [CheckResult(check="imports", note=f"class {file.kind.__name__}"), _parameters(file)]
    try:
        formulas = formulas_of(file.made(typed))
        _require_few_bars(file, formulas)
    except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
        found[-1] = CheckResult(check="parameters", problem=found[-1].problem or _words(error, file))
    if found[-1].problem is not None:
        return Report(tuple(found), {})
    markets = _markets(formulas, recorded)
    return Report((*found, *_laws(file, typed, formulas, markets)), _facts(file, typed, formulas))


def _require_few_bars(file: StrategyFile, formulas: Formulas) -> None:
    if formulas.warm_up_bars > _MOST:
        raise BadInputError(file.kind.__name__, f"to wait for at most {_MOST:,} bars", formulas.warm_up_bars)


def _markets(formulas: Formulas, recorded: Sequence[Market]) -> list[Market]:
    # A third is where the last start is put; behind it, it must settle and be compared.
    bars = max(_BARS, 3 * (settled_bars(formulas) + _COMPARED) // 2)
    return [with_given(each, formulas.asked, formulas.models) for each in (*made_up(bars), *recorded)]


def _parameters(file: StrategyFile) -> CheckResult:
    """Return whether it can be made, and says targets, at every bound."""
    tried = 0
    for given in ({}, *at_bounds(file.kind)):
        try:
            strategy = file.made(given)
            formulas = formulas_of(strategy)
            market = with_given(made_up(_BARS)[0], formulas.asked, formulas.models)
            targets(strategy, market.rows[-300:])
        except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
            return CheckResult(check="parameters", problem=f"{in_words(given)}: {_words(error, file)}")
        tried += 1
    return CheckResult(check="parameters", note=f"{tried} choices, at their bounds")


def _laws(
    file: StrategyFile, given: Mapping[str, object], formulas: Formulas, markets: Sequence[Market]
) -> list[CheckResult]:
    found = []
    for name, law in LAWS.items():
        problem = _first_problem(file, given, law, markets)
        if name == "determinism" and problem is None:
            problem = _said_by(lambda: differs_between_processes(file, given), file)
        keeps_none = name == "state" and not file.kind.has_step()
        note = "a formula keeps none" if keeps_none else _note(name, formulas, markets)
        found.append(CheckResult(check=name, problem=problem, note=note))
    return found


def _first_problem(
    file: StrategyFile, given: Mapping[str, object], law: Law, markets: Sequence[Market]
) -> str | None:
    for market in markets:
        problem = _said_by(lambda market=market: law(file, given, market), file)  # type: ignore[misc]
        if problem is not None:
            return f"{market.name}, {problem}"
    return None


def _said_by(law: Callable[[], str | None], file: StrategyFile) -> str | None:
    try:
        return law()
    except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
        return _words(error, file)


def _words(error: Exception, file: StrategyFile) -> str:
    if isinstance(error, TradestreamError):
        return str(error)
    return f"{at_line(error, file.path)}: {described(error)}"


def _note(name: str, formulas: Formulas, markets: Sequence[Market]) -> str:
    if name != "start invariance":
        return f"{len(markets)} markets, {sum(len(each.rows) for each in markets):,} bars"
    settled = settled_bars(formulas)
    short = [each.name for each in markets if len(each.rows) <= settled]
    lacking = f"; too few bars in {', '.join(short)}" if short else ""
    return f"settled after {settled:,} bars{lacking}"


def _facts(file: StrategyFile, given: Mapping[str, object], formulas: Formulas) -> dict[str, str]:
    strategy = file.made(given)
    exits = ", ".join(f"{name}={value}" for name, value in strategy.exits.as_json().items())
    facts = {
        "strategy": f"{file.name} {file.hash_of(strategy)}",
        "with": in_words(strategy.values),
        "says": "a step, bar by bar" if strategy.has_step() else re.sub(r"\s+", " ", str(strategy.target())),
        "warm after": f"{formulas.warm_up_bars:,} bars" + (", at an anchor" if formulas.is_anchored else ""),
        "features": f"{', '.join(formulas.asked)} (set {feature_set_needed(formulas)})" if formulas.asked else "",
        "predictions": ", ".join(formulas.models),
        "exits": exits,
    }
    return {name: value for name, value in facts.items() if value}
