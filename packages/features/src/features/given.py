"""Words for what comes with a bar: features of its row, and what a model says of it.

Strategies are written with them; the catalogue, which they are looked up in, is not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from contracts.nearest import did_you_mean
from features import FEATURE_NAMES
from features.expressions import Expression, Given

__all__ = ["feature", "predicted"]

_MODEL_NAME = re.compile(r"[A-Za-z0-9_-]+")


def feature(name: str) -> Expression:
    """Return the value of a feature of the catalogue, as it stands in the row; unknown where it is null there.

    Parameters
    ----------
    name
        Of the feature.

    Returns
    -------
    Expression
        The value on each bar.

    Raises
    ------
    ValueError
        If there is no such feature.

    Examples
    --------
    >>> str(feature("rsi_14") - 50)
    'feature("rsi_14") - 50'
    """
    if name not in FEATURE_NAMES:
        hint = did_you_mean(str(name), FEATURE_NAMES)
        raise ValueError(f"feature: expected the name of a feature of the catalogue, was {name!r}{hint}")
    return Given(name)


class Predicted(NamedTuple):
    """What a model says of the bar; all of it is unknown where it says nothing.

    Parameters
    ----------
    probability_up
        That the close at its horizon is higher.
    confidence
        The probability of the likelier side.
    direction
        That side: 1 or -1.
    """

    probability_up: Expression
    confidence: Expression
    direction: Expression


def predicted(model: str) -> Predicted:
    """Return what a model says of the bar: whoever asks for it waits for it.

    Parameters
    ----------
    model
        Its registered name.

    Returns
    -------
    Predicted
        The probability that the close at its horizon is higher, that of the likelier side, and that side: 1 or -1.

    Raises
    ------
    ValueError
        If it cannot be the name of a model.

    Examples
    --------
    >>> str(predicted("direction").probability_up)
    'predicted("direction").probability_up'
    """
    if not (isinstance(model, str) and _MODEL_NAME.fullmatch(model)):
        raise ValueError(f"predicted: expected the name of a model, was {model!r}")
    return Predicted(*(Given(f"{model}.{field}") for field in Predicted._fields))
