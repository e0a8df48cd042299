"""Entry point: settings, application, topology, run."""

from __future__ import annotations

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from streaming.service import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is stopped and return its exit code."""
    settings = load_settings(CandlesSettings)
    return run_service(settings, service="candles", inputs=[TRADES], outputs=[CANDLES], topology=topology)


if __name__ == "__main__":
    raise SystemExit(main())
