"""A strategy's file was checked: what each check found, and whether `signals` took it up."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.message import Message


class CheckResult(BaseModel):
    """What one check found.

    Attributes
    ----------
    check
        Its name.
    problem
        What is wrong; null if nothing is.
    note
        What it looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str = Field(min_length=1)
    problem: str | None = None
    note: str = ""


class StrategyCheck(Message):
    """The verdict on a file, with its text: what was good once can be followed whatever becomes of the file.

    Attributes
    ----------
    check_id
        No other has it; it is the topic's key, so that all of them are kept.
    file, strategy
        The path as it was given, and the strategy's name, which is the file's.
    file_hash
        Of the text.
    source
        The text.
    passed
        Whether no check found anything.
    results
        Of the checks that were made; after one that failed others may be missing.
    loads
        Whether `signals` has read it to follow it: what passed decides from then on, what did not is not loaded.
    checked_by, checked_at_ms
        Who checked it, and when, by the wall clock there.
    """

    schema_name: ClassVar[str] = "strategy_check"

    check_id: str = Field(min_length=1, max_length=64)
    file: str = Field(min_length=1)
    strategy: str = Field(min_length=1)
    file_hash: str = Field(min_length=12, max_length=12)
    source: str
    passed: bool
    results: tuple[CheckResult, ...] = Field(min_length=1)
    loads: bool
    checked_by: str = Field(min_length=1, max_length=200)
    checked_at_ms: int = Field(ge=0)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that found something."""
        return tuple(each.check for each in self.results if each.problem is not None)

    @property
    def problems(self) -> str:
        """What is wrong, in words; nothing where it passed."""
        return "; ".join(f"{each.check}: {each.problem}" for each in self.results if each.problem is not None)

    @property
    def key(self) -> str:
        return self.check_id

    @property
    def event_time_ms(self) -> int:
        return self.checked_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.strategy}:{self.file_hash}:{self.check_id}"
