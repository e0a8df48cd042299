"""A recipe: a kind of model with its hyperparameters. It is what the gate judges; a model is one fit of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeling.hyperparameter import Number, resolved
from modeling.kind import ModelKind


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is judged, and then fitted on everything.

    Parameters
    ----------
    kind
        Of model.
    hyperparameters
        All that the kind has: `of` fills them up.
    """

    kind: ModelKind
    hyperparameters: Mapping[str, Number]

    @classmethod
    def of(cls, kind: ModelKind, given: Mapping[str, Number] | None = None) -> Recipe:
        """Return that of a kind; what is not given is as the kind has it by default.

        Returns
        -------
        Recipe
            With every hyperparameter.

        Raises
        ------
        BadInputError
            Naming what the kind does not have or take.
        """
        return cls(kind, resolved(kind.name, kind.hyperparameters, given or {}))
