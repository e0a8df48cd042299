"""`python -m exchanges.instruments EXCHANGE PAIR...`: what a venue allows of pairs, for EXECUTION_INSTRUMENTS."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence

from contracts.errors import BadInputError, TradestreamError
from contracts.units import PAIR_PATTERN
from exchanges.venues import VENUES, unknown_venue, venue

#: Somebody waits for the answer.
_PATIENCE_SECONDS = 20.0


async def instruments(exchange: str, pairs: Sequence[str], url: str | None = None) -> str:
    """Return what the venue says of `pairs`.

    Parameters
    ----------
    exchange
        A venue's name.
    pairs
        At least one.
    url
        In place of the venue's own address.

    Returns
    -------
    str
        A JSON list.

    Raises
    ------
    TradestreamError
        If the venue does not list a pair, or does not answer.
    """
    async with venue(exchange).open_rest(url, give_up_seconds=_PATIENCE_SECONDS) as rest:
        found = await rest.instruments(pairs)
    return json.dumps([found[pair].model_dump(mode="json") for pair in pairs])


def main(arguments: Sequence[str]) -> int:
    """Print it; return the exit code."""
    if len(arguments) < 2:
        print("expected a venue and pairs, such as: kraken BTC/USD ETH/USD", file=sys.stderr)
        return 2
    wrong = [pair for pair in arguments[1:] if not re.fullmatch(PAIR_PATTERN, pair)]
    if wrong:
        print(BadInputError("pair", "a pair written BASE/QUOTE, such as BTC/USD", wrong[0]), file=sys.stderr)
        return 2
    if arguments[0] not in VENUES:
        print(unknown_venue(arguments[0]), file=sys.stderr)
        return 2
    try:
        print(asyncio.run(instruments(arguments[0], arguments[1:])))
    except TradestreamError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
