"""The `tradestream` command."""

from __future__ import annotations

import signal
import sys

from embedded.errors import STOPPED_EARLY
from streaming.exit_codes import EXIT_STOPPED


def main() -> None:
    """Run the command line."""
    try:
        # Slow imports, during which Ctrl-C is answered as it is later.
        from embedded.cli import app
        from embedded.terminal.encoding import print_in_any_encoding
    except KeyboardInterrupt:
        print(f"tradestream: {STOPPED_EARLY}", file=sys.stderr)
        sys.exit(EXIT_STOPPED)
    print_in_any_encoding()
    try:
        app()
    except SystemExit as end:
        if end.code == EXIT_STOPPED:  # stopped, and said so: a request that comes twice changes nothing any more
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise


if __name__ == "__main__":
    main()
