"""`python -m history`: trades in, Parquet files out."""

from __future__ import annotations

from contracts.topics import TRADES
from history.app import topology
from history.settings import HistorySettings
from streaming.service.runner import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is told to stop; return its exit code."""
    return run_service(
        load_settings(HistorySettings), service="history", inputs=[TRADES], outputs=[], topology=topology
    )


if __name__ == "__main__":
    raise SystemExit(main())
