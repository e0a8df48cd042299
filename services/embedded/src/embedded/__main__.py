"""The `tradestream` command."""

from __future__ import annotations

from embedded.cli import app
from embedded.terminal.encoding import print_in_any_encoding


def main() -> None:
    """Run the command line."""
    print_in_any_encoding()
    app()


if __name__ == "__main__":
    main()
