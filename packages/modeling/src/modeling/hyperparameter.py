"""Numbers of a recipe that training can be told, and a search may choose: a kind of model declares its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import BadInputError

Number = int | float


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A number, where a search looks for it, and what it is unless told otherwise.

    Parameters
    ----------
    default
        A whole number or not, which says what all its values are.
    low, high
        Bounds, both included.
    log
        Whether a search looks by factors instead of by steps.
    searched
        Whether a search chooses it at all; otherwise it keeps what is told.
    """

    default: Number
    low: Number
    high: Number
    log: bool = False
    searched: bool = True

    def value_of(self, name: str, given: Number) -> Number:
        """Return `given` as the kind of number that this is.

        Returns
        -------
        Number
            A whole one if the default is whole.

        Raises
        ------
        BadInputError
            Naming the bounds, if it lies outside or is no whole number where one is needed.
        """
        whole = isinstance(self.default, int)
        if not self.low <= given <= self.high or (whole and given != int(given)):
            what = "a whole number" if whole else "a number"
            raise BadInputError(name, f"{what} from {self.low} to {self.high}", given)
        return int(given) if whole else float(given)


def resolved(kind: str, known: Mapping[str, Hyperparameter], given: Mapping[str, Number]) -> dict[str, Number]:
    """Return all hyperparameters of a kind, those of `given` as they are told and the others by default.

    Parameters
    ----------
    kind
        Its name, for people.
    known
        What it declares.
    given
        By name.

    Returns
    -------
    dict[str, Number]
        In the kind's order, so that equal recipes compare equal.

    Raises
    ------
    BadInputError
        Naming one that the kind does not have, or whose value it does not take.
    """
    for name in given:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "none, for this kind has no hyperparameters"
            raise BadInputError(f"hyperparameters of {kind}", expected, name)
    return {name: each.value_of(name, given.get(name, each.default)) for name, each in known.items()}
