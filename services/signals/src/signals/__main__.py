"""`python -m signals`: feature rows and predictions in, marks and decisions out."""

from __future__ import annotations

from contracts.topics import PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS
from signals.app import topology
from signals.checked import check_files
from signals.settings import SignalsSettings
from signals.subscriptions import ask_for_pairs
from streaming.service.runner import run_service
from streaming.settings import load_settings
from streaming.telemetry.logging import configure_logging


def main() -> int:
    """Run the service until it is told to stop; return its exit code."""
    settings = load_settings(SignalsSettings)
    configure_logging("signals", settings.log_level, settings.log_format)
    return (
        ask_for_pairs(settings)
        or check_files(settings)
        or run_service(
            settings,
            service="signals",
            inputs=[TECHNICAL_INDICATORS, PREDICTIONS],
            outputs=[SIGNALS],
            topology=topology,
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
