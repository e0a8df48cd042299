"""Ask a store: ``python -m featurestore sqlite:///runs/demo/work/store.sqlite ["SELECT ..."]``.

Without a query the examples are shown and run; ``-`` reads one from standard input.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.errors import BadSettingError, TradestreamError
from featurestore import Result, Store, open_store
from featurestore.examples import EXAMPLES
from featurestore.text_table import text_table

_SQLITE = "sqlite:///"
_USAGE = "usage: python -m featurestore <address of a store> [query, or - for standard input]"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code: 1 if the store refused, 2 if there is no such store."""
    if list(arguments) in (["-h"], ["--help"]):
        print(_USAGE)
        return 0
    if not 1 <= len(arguments) <= 2:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        with _existing(arguments[0]) as store:
            if len(arguments) == 2:
                _show(store.sql(sys.stdin.read() if arguments[1] == "-" else arguments[1]))
            else:
                return _show_examples(store, arguments[0])
    except TradestreamError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadSettingError) else 1
    return 0


def _existing(url: str) -> Store:
    """Return the store at `url`; a file is not made by asking it."""
    path = url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and not Path(path).is_file():
        raise BadSettingError("store", "a file left by a run (make demo leaves one)", path)
    return open_store(url)


def _show_examples(store: Store, url: str) -> int:
    for meaning, query in EXAMPLES:
        print(f"-- {meaning}\n{query}\n")
        _show(store.sql(query))
        print()
    if not store.sql("SELECT pair FROM technical_indicators LIMIT 1").rows:
        print(f"{url} has no feature rows yet", file=sys.stderr)
        return 1
    return 0


def _show(result: Result) -> None:
    print(text_table(result))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: that is no error
    sys.exit(main(sys.argv[1:]))
