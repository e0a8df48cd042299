"""An account's strategy, found by its name or read from its file, ready to be asked with each prediction."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from contracts.account import Account
from contracts.errors import BadInputError, TradestreamError
from contracts.nearest import did_you_mean
from contracts.prediction import Prediction
from contracts.signal import Target
from contracts.units import to_float
from features.bars import Bar
from features.engine import Engine
from signals.core.decider import Decider
from strategies.built_in import STRATEGIES
from strategies.formulas import TARGET, Formulas, formulas_of
from strategies.loading import StrategyFile, at_line, described, load
from strategies.running import checked
from strategies.strategy import Strategy

#: The strategy that does what the model says; it may take its floor from the account.
PREDICTION, FLOOR = "prediction", "minimum_confidence"
#: What a prediction carries of its candle.
_MARKED = frozenset({"open", "high", "low", "close", "trade_count"})
#: What a strategy is tried on before it is asked anything: what a model may say, and a candle.
_TRIED = (0.0, 0.5, 1.0, math.nan)
_TRIED_BAR = Bar(100.0, 103.0, 99.0, 102.0, volume=math.nan, trade_count=5.0, taker_buy_volume=math.nan)


def decider_of(account: Account) -> Decider:
    """Return an account with its strategy.

    Raises
    ------
    BadInputError
        If there is no such strategy, its file or parameters are wrong, or it needs more than predictions carry.
    """
    file = _file(account)
    given: dict[str, object] = dict(account.parameters)
    if account.strategy == PREDICTION:
        given.setdefault(FLOOR, account.minimum_confidence)
    try:
        strategy = file.made(given)
        _require_predictions_alone(account, strategy)
        targets = _targets(strategy, formulas_of(strategy))
    except TradestreamError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a user's file does is told in words
        raise BadInputError(
            at_line(error, file.path), "a strategy that says what to hold", described(error)
        ) from None
    return Decider(
        account,
        file.name,
        file.hash_of(strategy),
        targets,
        "below_confidence" if account.strategy == PREDICTION else "undecided",
        strategy.exits.as_json(),
    )


def _file(account: Account) -> StrategyFile:
    if account.strategy.endswith(".py"):
        return load(Path(account.strategy))
    if account.strategy not in STRATEGIES:
        expected = f"{PREDICTION}, or a path ending in .py{did_you_mean(account.strategy, STRATEGIES)}"
        raise BadInputError(f"{account.name}.strategy", expected, account.strategy)
    return STRATEGIES[account.strategy]


def _require_predictions_alone(account: Account, strategy: Strategy) -> None:
    """Refuse what would have to remember candles, or read more of them than a prediction carries."""
    formulas = formulas_of(strategy)
    wanted = {name for each in formulas.features for name in each.columns} - _MARKED
    needs = [
        *([f"the last {formulas.warm_up_bars:,} bars"] if formulas.warm_up_bars > 1 else []),
        *(["features of the row"] if formulas.asked else []),
        *([", ".join(sorted(wanted))] if wanted else []),
        *(["a step's state"] if strategy.has_step() else []),
    ]
    if needs:
        expected = "a formula of predictions and of the candle they are made on: signals keeps no candles yet"
        raise BadInputError(f"{account.name}.strategy", expected, f"{account.strategy}, which needs {needs[0]}")


def _targets(strategy: Strategy, formulas: Formulas) -> Callable[[Prediction], Target | None]:
    engine = Engine(60, formulas.features)
    # What it takes of a prediction, whatever the model is called.
    fields = [name.rpartition(".")[2] for name in engine.given]

    def target(prediction: Prediction) -> Target | None:
        # Peeked at: nothing of one pair is kept for the next.
        given = [_said(prediction, field) for field in fields]
        values = engine.peek(prediction.window_start_ms, _bar(prediction), given)
        return checked(strategy, values[TARGET])

    for said in _TRIED:  # a target that is none is better refused now than with each prediction
        checked(strategy, engine.peek(0, _TRIED_BAR, [said] * len(fields))[TARGET])
    return target


def _said(prediction: Prediction, field: str) -> float:
    """Return what the model said, NaN where it did not speak or leans to neither side."""
    value = getattr(prediction, field)
    return math.nan if value is None or prediction.direction == 0 else float(value)


def _bar(prediction: Prediction) -> Bar:
    return Bar(
        to_float(prediction.mark_open),
        to_float(prediction.mark_high),
        to_float(prediction.mark_low),
        to_float(prediction.mark_close),
        volume=math.nan,
        trade_count=float(prediction.mark_trade_count),
        taker_buy_volume=math.nan,
    )
