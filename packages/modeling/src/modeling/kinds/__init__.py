"""The models that can be trained, each in one file. Their libraries are imported when one is trained, not before."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from modeling.kinds.base import Fit


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A kind of model.

    Parameters
    ----------
    name
        What `PREDICTIONS_MODEL` calls it.
    sequence_length
        Bars it looks back on.
    module
        Where its `fit` is.
    extra
        Extra of this package that its library comes with.
    """

    name: str
    sequence_length: int
    module: str
    extra: str

    def load(self) -> Fit:
        """Import the model's library and return its `fit`.

        Returns
        -------
        Fit
            It trains a model of this kind.
        """
        fit: Fit = importlib.import_module(self.module).fit
        return fit


MODELS: dict[str, ModelKind] = {
    kind.name: kind
    for kind in (
        ModelKind("baseline", sequence_length=1, module="modeling.kinds.baseline", extra="train"),
        ModelKind("lstm", sequence_length=60, module="modeling.kinds.lstm", extra="torch"),
    )
}
