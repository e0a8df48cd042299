"""Where a search looks for how nets are trained."""

from __future__ import annotations

from modeling.hyperparameter import Hyperparameter

OPTIMISER_SPACE = {
    "learning_rate": Hyperparameter(1e-3, 1e-4, 1e-2, log=True),
    "weight_decay": Hyperparameter(1e-3, 1e-5, 1e-1, log=True),
}
