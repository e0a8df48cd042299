"""Exit codes of `python -m predictions`, beside 0, 1 (an error) and 2 (wrong settings)."""

from __future__ import annotations

#: `train`: there are too few warm rows; more history cures it.
EXIT_TOO_FEW_ROWS = 3
#: `serve`: no model has been promoted yet; `train` cures it.
EXIT_NO_MODEL = 4
#: `serve`: the promoted model was trained on other features or bars than this code serves; `train` cures it.
EXIT_UNSUITABLE_MODEL = 5
