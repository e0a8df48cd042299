"""What every message on every topic has in common."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import BadMessageError
from contracts.validation_errors import expectation


class Message(BaseModel):
    """A frozen, validated message; JSON in lower snake_case on the wire.

    Subclasses set `schema_name` and, on a change that readers must notice, `schema_version`. Unknown fields are
    ignored on reading, so an older reader survives a newer writer. NaN and infinity are refused.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    schema_name: ClassVar[str]
    schema_version: ClassVar[int] = 1

    @property
    def key(self) -> str:
        """The topic key: messages of one key stay in order.

        Raises
        ------
        TypeError
            If messages of this class have none.
        """
        raise TypeError(f"{type(self).__name__} has no key")

    @property
    def event_time_ms(self) -> int:
        """When it happened in the market, milliseconds since the epoch: the message's timestamp on the log.

        Raises
        ------
        TypeError
            If messages of this class have none.
        """
        raise TypeError(f"{type(self).__name__} has no event time")

    @property
    def message_id(self) -> str:
        """Deterministic identity: two messages with one id have identical values.

        Raises
        ------
        TypeError
            If messages of this class have none.
        """
        raise TypeError(f"{type(self).__name__} has no id")

    def to_json(self) -> bytes:
        """Return the wire form; equal messages give equal bytes.

        Returns
        -------
        bytes
            JSON in UTF-8, fields in the order of the class.
        """
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read and check the wire form.

        Returns
        -------
        Self
            The message.

        Raises
        ------
        BadMessageError
            Naming the field, what was expected and what came.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise bad_message(cls.schema_name, error) from error


def bad_message(schema_name: str, error: ValidationError) -> BadMessageError:
    """Return the first complaint of pydantic as the project's own error."""
    first: Any = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "(whole message)"
    return BadMessageError(f"{schema_name}.{path}", expectation(first), first["input"])
