"""The gateway with a fault of the program right where it has its secret in hand: what does the traceback tell?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchanges.binance import private_rest as binance
from exchanges.coinbase import private_rest as coinbase
from exchanges.kraken import private_rest as kraken
from gateway import __main__ as gateway

#: So that the fault is known in the log.
FAULT = "a fault of the program, planted by a test"


def main() -> int:
    """Be the gateway until it signs something."""
    venues: tuple[tuple[Any, str], ...] = (
        (kraken, "signature"),
        (binance, "signature"),
        (coinbase, "json_web_token"),
    )
    for rest, signs in venues:
        setattr(rest, signs, _failing(getattr(rest, signs)))
    return gateway.main()


def _failing(signs: Callable[..., str]) -> Callable[..., str]:
    def signature(what: str, *more: Any) -> str:
        *_, secret = more
        if what:  # not where a wrong secret is refused before the first call
            raise RuntimeError(FAULT if secret else what)  # the line names it: a talkative traceback would show it
        return signs(what, *more)

    return signature


if __name__ == "__main__":
    raise SystemExit(main())
