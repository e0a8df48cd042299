"""What a kind of model says of itself, and what its `fit` takes and gives."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from modeling.dataset import Samples
from modeling.hyperparameter import Hyperparameter, Number

#: Of `Fitted.params`: what is before the name of a member whose weight it is.
WEIGHT_OF = "weight_of_"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model.

    Parameters
    ----------
    onnx
        The model as it is served.
    native
        The same model in the library it was trained with; parity with `onnx` is checked before it is registered.
    params
        What was chosen, for the record.
    learned
        False if nothing did better on the tune part than the base rate: the model is as good as untrained.
    """

    onnx: bytes
    native: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    params: Mapping[str, str | int | float]
    learned: bool = True


class OnEpoch(Protocol):
    """Is told after each epoch how far training is and how it does on the tune part; epoch 0 is before the first.

    Parameters
    ----------
    epoch, epochs
        How many are over, and how many there are at most.
    log_loss
        Of the tune part.
    """

    def __call__(self, epoch: int, epochs: int, log_loss: float) -> None: ...


class Fit(Protocol):
    """Trains a model on `train`; `tune` only says when to stop or what to choose. Equal input, equal bytes.

    Parameters
    ----------
    hyperparameters
        All that the kind declares, by name.
    """

    def __call__(
        self,
        train: Samples,
        tune: Samples,
        *,
        seed: int,
        epochs: int,
        on_epoch: OnEpoch,
        hyperparameters: Mapping[str, Number],
    ) -> Fitted: ...


TakenBy = Literal["training", "demo"]


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A kind of model.

    Parameters
    ----------
    name
        What `PREDICTIONS_MODEL` calls it: its file's or folder's name.
    sequence_length
        Bars it looks back on.
    module
        Where its `fit` is; imported when one is trained, not before.
    extra
        Extra of this package that its library comes with, named as the module it brings; the others need none
        beside what training always has.
    library
        What people call that library.
    taken_by
        Who takes this kind unless told otherwise.
    system_library
        Shared library that its library expects of a Linux system, and the command that brings it.
    bar
        Whether every other kind must be better than this one.
    hyperparameters
        What training can be told of it, by name, and a search may choose.
    learns
        Where its `learn` is, if some of them are learned from forecasts out of sample on inner folds of what it is
        fitted on; imported when one is trained.
    """

    name: str
    sequence_length: int
    module: str
    extra: str = ""
    library: str = ""
    taken_by: TakenBy | None = None
    system_library: tuple[str, str] | None = None
    bar: bool = False
    hyperparameters: Mapping[str, Hyperparameter] = field(default_factory=dict, hash=False)
    learns: str = ""

    def load(self) -> Fit:
        """Import the model's library and return its `fit`.

        Returns
        -------
        Fit
            It trains a model of this kind.
        """
        fit: Fit = import_module(self.module).fit
        return fit

    def is_installed(self) -> bool:
        """Return whether its library is there, and what that expects of the system.

        Returns
        -------
        bool
            True as well for a kind that needs none.
        """
        return self.lacks() is None

    def lacks(self) -> str | None:
        """Return what is not there, and how to get it; None if all is.

        Returns
        -------
        str | None
            For people.
        """
        if self.extra and find_spec(self.extra) is None:
            how = f"uv sync --extra {self.extra}, or install tradestream-embedded[{self.extra}]"
            return f"{self.library} is not installed ({how})"
        if self.system_library is not None and sys.platform == "linux":
            name, how = self.system_library
            try:
                ctypes.CDLL(name)
            except OSError:
                return f"{self.library} needs {name}, which this system lacks ({how})"
        return None


#: Deviations beyond which an input says no more than that it is extreme.
SCALE_LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """Standardisation that is part of the model: ``clip((x - mean) / deviation, +-SCALE_LIMIT)`` per input."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, x: NDArray[np.float32]) -> Scaling:
        """Return the scaling of bars `x`, shape (bars, inputs); an input that never changes keeps its scale."""
        flat = x.astype(np.float64)
        deviation = flat.std(axis=0)
        deviation[deviation < 1e-12] = 1.0
        return cls(flat.mean(axis=0).astype(np.float32), deviation.astype(np.float32))

    def apply(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `x` scaled."""
        scaled: NDArray[np.float32] = np.clip((x - self.mean) / self.deviation, -SCALE_LIMIT, SCALE_LIMIT)
        return scaled
