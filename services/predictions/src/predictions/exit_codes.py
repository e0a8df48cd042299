"""Exit codes of `python -m predictions`, beside 0, 1 (an error) and 2 (wrong settings)."""

from __future__ import annotations

#: No model has been promoted yet; training cures it.
EXIT_NO_MODEL = 4
#: The promoted model was trained on other features or bars than this code serves; training cures it.
EXIT_UNSUITABLE_MODEL = 5
