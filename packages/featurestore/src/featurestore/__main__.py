"""Ask a store: ``python -m featurestore sqlite:///runs/demo/work/store.sqlite ["SELECT ..."]``.

Without a query the examples are shown and run; ``-`` reads one from standard input. ``tables`` lists what there is,
``describe candles`` the columns of one.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.errors import BadSettingError, TradestreamError
from featurestore import Result, Store, open_store
from featurestore.discovery import describe, tables
from featurestore.examples import EXAMPLES
from featurestore.formats import FORMATS, write

_SQLITE = "sqlite:///"
_TABLES = re.compile(r"\s*(show\s+)?tables\s*;?\s*", re.IGNORECASE)
_DESCRIBE = re.compile(r"\s*describe\s+\"?(\w+)\"?\s*;?\s*", re.IGNORECASE)


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code: 1 if the store refused, 2 if there is no such store."""
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as end:
        return 2 if end.code else 0
    try:
        with _existing(asked.store) as store:
            if asked.query is None:
                return _show_examples(store, asked.store)
            query = sys.stdin.read() if asked.query == "-" else asked.query
            write(_answer(store, query), asked.format, asked.out)
    except TradestreamError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadSettingError) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m featurestore", description="SQL over what a run has stored")
    parser.add_argument("store", help="address of a store, such as sqlite:///runs/demo/work/store.sqlite")
    parser.add_argument("query", nargs="?", help="a query, `tables`, `describe TABLE`, or - for standard input")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])
    parser.add_argument("--out", type=Path, help="a new file for the result, instead of standard output")
    return parser


def _answer(store: Store, query: str) -> Result:
    if _TABLES.fullmatch(query):
        return tables(store)
    if found := _DESCRIBE.fullmatch(query):
        return describe(store, found[1])
    return store.sql(query)


def _existing(url: str) -> Store:
    """Return the store at `url`; a file is not made by asking it."""
    path = url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and not Path(path).is_file():
        raise BadSettingError("store", "a file left by a run (make demo leaves one)", path)
    return open_store(url)


def _show_examples(store: Store, url: str) -> int:
    for meaning, query in EXAMPLES:
        print(f"-- {meaning}\n{query}\n")
        write(store.sql(query))
        print()
    if not store.sql("SELECT pair FROM technical_indicators LIMIT 1").rows:
        print(f"{url} has no feature rows yet", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: that is no error
    sys.exit(main(sys.argv[1:]))
