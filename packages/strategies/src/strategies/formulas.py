"""The formulas of a strategy, checked: what they take, how much history they wait for."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import BadInputError
from features import ANCHOR_BARS, FEATURES, Feature, feature_set
from features.expressions import Expression, expression
from strategies.strategy import Strategy

TARGET = "target"


@dataclass(frozen=True)
class Formulas:
    """What is computed for a strategy after each bar.

    Attributes
    ----------
    features
        Its target, or the inputs of its step.
    asked
        Features of the row that they take.
    models
        Models whose predictions they take.
    warm_up_bars
        After so many bars nothing is unknown for lack of history, if those begin at an anchor or before it.
    """

    features: tuple[Feature, ...]
    asked: tuple[str, ...]
    models: tuple[str, ...]
    warm_up_bars: int

    @property
    def given(self) -> tuple[str, ...]:
        """Names of all that must come with a bar."""
        return tuple(sorted({name for each in self.features for name in each.given}))

    @property
    def is_anchored(self) -> bool:
        """Whether a value also depends on bars before and since an anchor."""
        asked = [each for each in FEATURES if each.name in self.asked]
        return any(each.memory == "anchored" for each in (*self.features, *asked))


def formulas_of(strategy: Strategy, interval_s: int = 60) -> Formulas:
    """Return the formulas of a strategy.

    Parameters
    ----------
    strategy
        With its parameters.
    interval_s
        Length of a bar, seconds.

    Returns
    -------
    Formulas
        Ready to be computed.

    Raises
    ------
    BadInputError
        If it says something else than formulas.
    """
    name = type(strategy).__name__
    written = dict(strategy.inputs()) if strategy.has_step() else {TARGET: strategy.target()}
    features = tuple(_feature(name, key, formula) for key, formula in written.items())
    if not features:
        raise BadInputError(f"{name}.inputs", "a formula by name for each value that step takes", "none")
    given = {each for feature in features for each in feature.given}
    asked = tuple(feature for feature in FEATURES if feature.name in given)
    own = max(each.bars(interval_s) for each in features)
    before = max((each.bars(interval_s) for each in asked), default=1)
    return Formulas(
        features,
        tuple(each.name for each in asked),
        tuple(sorted({each.rpartition(".")[0] for each in given if "." in each})),
        own + before - 1 + strategy.memory_bars,
    )


def settled_bars(formulas: Formulas) -> int:
    """Return after how many bars, wherever they begin, another beginning can change nothing.

    Returns
    -------
    int
        Bars.
    """
    return formulas.warm_up_bars + (ANCHOR_BARS if formulas.is_anchored else 0)


def feature_set_needed(formulas: Formulas) -> str:
    """Return the smallest set of features that has all it asks for.

    Returns
    -------
    str
        Its name.
    """
    core = {each.name for each in feature_set("core")}
    return "core" if core.issuperset(formulas.asked) else "full"


def _feature(strategy: str, name: str, formula: object) -> Feature:
    if not isinstance(formula, Expression | int | float) or isinstance(formula, bool):
        raise BadInputError(f"{strategy}.{name}", "a formula", formula)
    try:
        return Feature(name, expression(formula), "level", "what a strategy computes", "its file")
    except ValueError as error:
        raise BadInputError(f"{strategy}.inputs", "names in lower_snake_case, formulas of bars", str(error)) from None
