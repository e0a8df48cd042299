"""`python -m indicators`: candles in, technical indicators out."""

from __future__ import annotations

from contracts.topics import CANDLES, TECHNICAL_INDICATORS
from indicators.app import topology
from indicators.settings import IndicatorsSettings
from streaming.service import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is told to stop; return its exit code."""
    return run_service(
        load_settings(IndicatorsSettings),
        service="indicators",
        inputs=[CANDLES],
        outputs=[TECHNICAL_INDICATORS],
        topology=topology,
    )


if __name__ == "__main__":
    raise SystemExit(main())
