"""`python -m indicators`: candles in, technical indicators out."""

from __future__ import annotations

from contracts.topics import CANDLES, TRADES
from indicators.app import inputs, outputs, topology
from indicators.settings import IndicatorsSettings
from streaming.backfill_end import BackfillEnd
from streaming.service.runner import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is told to stop, or done with history; return its exit code."""
    settings = load_settings(IndicatorsSettings)
    history = BackfillEnd(settings, stages=[("candles", TRADES, CANDLES)])
    return run_service(
        settings,
        service="indicators",
        inputs=inputs(settings),
        outputs=outputs(settings),
        topology=topology,
        stop_when=history if settings.variant == "historical" else None,
    )


if __name__ == "__main__":
    raise SystemExit(main())
