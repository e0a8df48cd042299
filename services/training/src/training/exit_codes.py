"""Exit codes of `python -m training`, beside 0, 1 (an error) and 2 (wrong settings)."""

from __future__ import annotations

#: There are too few warm rows; more history cures it.
EXIT_TOO_FEW_ROWS = 3
