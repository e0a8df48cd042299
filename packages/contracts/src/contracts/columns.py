"""A message's fields as columns of a table: what kind of value each holds, whatever a database or a file calls it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from contracts.message import Message
from contracts.units import DECIMAL_PATTERN, POSITIVE_DECIMAL_PATTERN

Kind = Literal["integer", "float", "decimal", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what kind of value it holds.

    Parameters
    ----------
    name
        As the table has it.
    kind
        Of its values.
    nullable
        Whether a value may be missing.
    """

    name: str
    kind: Kind
    nullable: bool = False


@cache
def columns_of(message: type[Message]) -> tuple[Column, ...]:
    """Return a column for each field of a message class, in their order.

    Parameters
    ----------
    message
        With fields of one value each.

    Returns
    -------
    tuple[Column, ...]
        Exact decimals have a kind of their own: a float would lose digits.

    Raises
    ------
    TypeError
        If a field has several types of values, or lists.
    """
    properties: dict[str, Any] = message.model_json_schema()["properties"]
    return tuple(_column(name, schema) for name, schema in properties.items())


def _column(name: str, schema: dict[str, Any]) -> Column:
    choices = schema.get("anyOf", [schema])
    values = [choice for choice in choices if choice.get("type") != "null"]
    if len(values) != 1:
        raise TypeError(f"{name}: expected one type of value, was {schema}")
    return Column(name, _kind(name, values[0]), nullable=len(values) < len(choices))


def _kind(name: str, schema: dict[str, Any]) -> Kind:
    if schema.get("type") == "string":
        return "decimal" if schema.get("pattern") in (DECIMAL_PATTERN, POSITIVE_DECIMAL_PATTERN) else "text"
    if schema.get("type") == "integer":
        return "integer"
    if schema.get("type") == "number":
        return "float"
    raise TypeError(f"{name}: expected a string, integer or number, was {schema}")
