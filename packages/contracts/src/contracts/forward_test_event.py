"""A forward test begins or ends: a strategy with a paper account of its own, on live data."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from contracts.account import Account
from contracts.message import Message


class ForwardTestEvent(Message):
    """The last word on a forward test; each event says all of it, so that the newest is enough.

    The start is on `signals`, too: there execution learns of the account before the first candle that it is told of.

    Attributes
    ----------
    type
        Tells the messages of a topic apart.
    account
        The test's name, which is its account's.
    action
        Whether it begins or ends.
    opened
        The account, on paper; the text of a strategy that is no built-in one is in it.
    from_ms
        Start of the first window that it may trade, event time; null: the next one.
    issued_by, issued_at_ms
        Who said it, and when, by the wall clock there.
    """

    schema_name: ClassVar[str] = "forward_test_event"

    type: Literal["forward_test"] = "forward_test"
    account: str = Field(min_length=1)
    action: Literal["start", "stop"]
    opened: Account
    from_ms: int | None = Field(ge=0)
    issued_by: str = Field(min_length=1, max_length=200)
    issued_at_ms: int = Field(ge=0)

    @model_validator(mode="after")
    def _is_of_a_paper_account(self) -> Self:
        if (self.opened.name, self.opened.broker) != (self.account, "paper"):
            raise ValueError(f"opened: {self.account} on paper, was {self.opened.name} on {self.opened.broker}")
        if self.opened.owner is not None:
            raise ValueError(f"opened: an account without an owner, was one of {self.opened.owner}'s")
        return self

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.issued_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.action}"
