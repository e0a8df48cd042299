"""The gateway with a fault of the program right where it has its secret in hand: what does the traceback tell?"""

from __future__ import annotations

from typing import Any

from exchanges.kraken import private_rest
from gateway import __main__ as gateway

#: So that the fault is known in the log.
FAULT = "a fault of the program, planted by a test"


def main() -> int:
    """Be the gateway until it signs something."""
    rest: Any = private_rest
    signs = rest.signature

    def signature(path: str, nonce: str, body: str, secret: str) -> str:
        if path:  # not where a wrong secret is refused before the first call
            raise RuntimeError(FAULT if secret else path)  # the line names it: a talkative traceback would show it
        return str(signs(path, nonce, body, secret))

    rest.signature = signature
    return gateway.main()


if __name__ == "__main__":
    raise SystemExit(main())
