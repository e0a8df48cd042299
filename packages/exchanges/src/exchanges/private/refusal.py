"""A venue's no, and whether it settles what became of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.errors import BadSettingError, TradestreamError

RefusalKind = Literal[
    "insufficient_funds",
    "below_minimum",
    "invalid",
    "post_only",
    "limit",
    "rate_limit",
    "deadline",
    "market_mode",
    "unknown_order",
    "key",
    "nonce",
    "unavailable",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the venue did not do what it was asked to.

    Parameters
    ----------
    text
        The venue's words.
    definite
        Whether an order that was sent once, and answered so, is certainly not there. Of a request that was sent
        twice nothing is certain: the answer may be about the second.
    kind
        What it comes down to.
    """

    text: str
    definite: bool
    kind: RefusalKind


class RefusedError(TradestreamError):
    """The venue refused a request.

    Parameters
    ----------
    venue
        Its name, for people.
    refusal
        What it said.
    """

    def __init__(self, venue: str, refusal: Refusal) -> None:
        super().__init__(f"{venue} answered {refusal.text}")
        self.refusal = refusal


class UnusableSecretError(BadSettingError):
    """A key's secret is none of the venue's kind; who reads settings says what it is called there.

    Parameters
    ----------
    expected, got
        As a complaint about a setting has them. `got` is never the secret itself.
    """

    def __init__(self, expected: str, got: str) -> None:
        super().__init__("API secret", expected, got)
