"""Entry point: settings, application, topology, run."""

from __future__ import annotations

from candles.app import outputs, topology
from candles.settings import CandlesSettings
from contracts.topics import TRADES
from streaming.backfill_end import BackfillEnd
from streaming.service.runner import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is stopped, or done with history, and return its exit code."""
    settings = load_settings(CandlesSettings)
    return run_service(
        settings,
        service="candles",
        inputs=[TRADES],
        outputs=outputs(settings),
        topology=topology,
        stop_when=BackfillEnd(settings, pairs=settings.history_pairs) if settings.variant == "historical" else None,
    )


if __name__ == "__main__":
    raise SystemExit(main())
