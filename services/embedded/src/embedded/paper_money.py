"""How models are trained where money is paper."""

from __future__ import annotations

from collections.abc import Collection

from streaming.settings import environment_variable
from training.settings import TrainingSettings


def lenient(said: Collection[str]) -> dict[str, bool]:
    """Return what training is told so that a model is shown how it goes on, unproven or of moves that fees eat.

    Parameters
    ----------
    said
        Variables that somebody has set: they stay as they are.

    Returns
    -------
    dict[str, bool]
        By field of its settings.
    """
    fields = ("require_gate", "require_moves")
    return {field: False for field in fields if environment_variable(TrainingSettings, field) not in said}
