"""What the steps of a minute are told beside the portfolio and the minute's signals."""

from __future__ import annotations

from contracts.account import Account
from contracts.units import MS_PER_MINUTE
from contracts.values import dataclass
from execution.core.broker import Broker
from execution.core.policy import Policy
from execution.core.rules.rule import OfOwner


@dataclass(frozen=True, slots=True)
class Context:
    """Whose money, whose prices, which rules of time and risk, and when.

    Attributes
    ----------
    account, broker, policy
        As `act` is told of them.
    at_ms
        The end of the minute.
    bar_ms
        How long it is.
    of_owner
        What there is of the account's owner beside it, if it has one.
    """

    account: Account
    broker: Broker
    policy: Policy
    at_ms: int
    bar_ms: int = MS_PER_MINUTE
    of_owner: OfOwner | None = None
