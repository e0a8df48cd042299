"""`python -m gateway`: orders in, reports of them out."""

from __future__ import annotations

import sys

from gateway.app import run_gateway
from gateway.settings import GatewaySettings
from streaming.settings import load_settings


def main() -> int:
    """Run the service and return its exit code."""
    return run_gateway(load_settings(GatewaySettings))


if __name__ == "__main__":
    sys.exit(main())
