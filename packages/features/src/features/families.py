"""The files of the catalogue, each with its features and with the names it gives to parts of their formulas."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from features import catalogue, functions
from features.expressions import Arithmetic, Expression, Function, Rolling
from features.feature import Feature


class Family(NamedTuple):
    """A file of the catalogue.

    Attributes
    ----------
    name
        Of the file.
    about
        What the file says of itself, first line.
    features
        In the order of the file.
    parts
        Formulas that the file, or `features.functions`, has a name for.
    """

    name: str
    about: str
    features: tuple[Feature, ...]
    parts: Mapping[str, Expression]

    @property
    def title(self) -> str:
        """Its name as a heading."""
        return self.name.replace("_", " ").capitalize()


def _families() -> tuple[Family, ...]:
    found = []
    for item in pkgutil.iter_modules(catalogue.__path__, f"{catalogue.__name__}."):
        module = import_module(item.name)
        name, about = item.name.rpartition(".")[2], (module.__doc__ or "").strip().partition("\n")[0]
        parts = {
            part.strip("_").lower(): value
            for part, value in (vars(functions) | vars(module)).items()
            if isinstance(value, Arithmetic | Function | Rolling)
        }
        features = getattr(module, "FEATURES", None)
        if not isinstance(features, tuple) or not all(isinstance(each, Feature) for each in features):
            raise ValueError(f"{item.name}: expected a tuple FEATURES of features, was {features!r}")
        found.append(Family(name, about, features, parts))
    return tuple(found)


FAMILIES: tuple[Family, ...] = _families()
