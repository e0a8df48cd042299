"""`python -m trades`: settings in, trades out."""

from __future__ import annotations

import sys

from streaming.settings import load_settings
from trades.app import run_trades
from trades.settings import TradesSettings


def main() -> int:
    """Run the service and return its exit code."""
    return run_trades(load_settings(TradesSettings))


if __name__ == "__main__":
    sys.exit(main())
