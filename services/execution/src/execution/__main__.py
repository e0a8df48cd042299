"""`python -m execution`: decisions in, orders, fills, positions, P&L and alerts out."""

from __future__ import annotations

from contracts.topics import SIGNALS
from execution.app import OUTPUTS, topology
from execution.settings import ExecutionSettings
from streaming.service.runner import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is told to stop; return its exit code."""
    return run_service(
        load_settings(ExecutionSettings), service="execution", inputs=[SIGNALS], outputs=OUTPUTS, topology=topology
    )


if __name__ == "__main__":
    raise SystemExit(main())
