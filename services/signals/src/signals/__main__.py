"""`python -m signals`: predictions in, decisions out."""

from __future__ import annotations

from contracts.topics import PREDICTIONS, SIGNALS
from signals.app import topology
from signals.settings import SignalsSettings
from streaming.service import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is told to stop; return its exit code."""
    return run_service(
        load_settings(SignalsSettings), service="signals", inputs=[PREDICTIONS], outputs=[SIGNALS], topology=topology
    )


if __name__ == "__main__":
    raise SystemExit(main())
