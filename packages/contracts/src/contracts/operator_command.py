"""What an operator tells an account to do, whatever its strategy wants."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message

OperatorAction = Literal["halt", "reduce_only", "flatten", "resume"]


class OperatorCommand(Message):
    """An operator's word to one account; a word to all accounts is one message for each.

    It is on `signals`, where execution takes it at its place among the account's messages, and on `control`, whose
    newest message for an account holds.

    Attributes
    ----------
    type
        Tells the messages of a topic apart.
    command_id
        The same in all that one command wrote.
    account
        Whose.
    action
        halt: nothing is sent any more, only what rests on positions is kept. reduce_only: nothing is bought. flatten:
        all that is held is sold. resume: the end of each of them.
    lifts_limits
        Of resume: it also ends what a loss limit has stopped; the next minute judges anew.
    reason
        Why, in words.
    issued_by
        Who said it.
    issued_at_ms
        When, by the wall clock there.
    """

    schema_name: ClassVar[str] = "operator_command"

    type: Literal["command"] = "command"
    command_id: str = Field(min_length=1, max_length=64)
    account: str = Field(min_length=1)
    action: OperatorAction
    lifts_limits: bool = False
    reason: str = Field(min_length=1, max_length=500)
    issued_by: str = Field(min_length=1, max_length=200)
    issued_at_ms: int = Field(ge=0)

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.issued_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.account}:{self.command_id}"
