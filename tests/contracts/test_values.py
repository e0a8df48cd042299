"""A value is what the library's frozen dataclass with slots is, however it was made."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import values
from contracts.replace import replace
from contracts.wakes import Wakes
from execution.core.account.holding import Holding


def _declared(decorated: Any, **options: bool) -> Any:
    class Price:
        """Of something; one field has the name that a class has where it is made."""

        kind: Any
        amount: int = 3
        notes: dict[str, int] = dataclasses.field(default_factory=dict)

    return decorated(frozen=True, slots=True, **options)(Price)


LIBRARY, OURS = _declared(dataclasses.dataclass), _declared(values.dataclass)

_ARGUMENTS = st.fixed_dictionaries(
    {"kind": st.one_of(st.integers(), st.text(), st.none())},
    optional={"amount": st.integers(), "notes": st.dictionaries(st.text(max_size=3), st.integers())},
)


@given(arguments=_ARGUMENTS, other=_ARGUMENTS, first_by_place=st.booleans())
def test_it_has_the_fields_the_order_and_the_equality_of_the_library(
    arguments: dict[str, Any], other: dict[str, Any], first_by_place: bool
) -> None:
    by_name = {name: value for name, value in arguments.items() if not (first_by_place and name == "kind")}
    by_place = [arguments["kind"]] if first_by_place else []
    theirs, ours = LIBRARY(*by_place, **by_name), OURS(*by_place, **by_name)
    assert type(ours) is OURS
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours).rpartition(".")[2] == repr(theirs).rpartition(".")[2]
    assert (ours == OURS(**other)) == (theirs == LIBRARY(**other))
    assert replace(ours, amount=7) == dataclasses.replace(ours, amount=7)
    assert dataclasses.asdict(replace(ours, amount=7)) == dataclasses.asdict(dataclasses.replace(theirs, amount=7))


def test_nothing_of_it_can_be_changed_and_nothing_can_be_added() -> None:
    value = OURS(kind="x")
    for name in ("kind", "amount"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(value, name)
    with pytest.raises((AttributeError, TypeError)):
        value.other = 1
    assert value == OURS(kind="x")


def test_what_is_made_for_one_is_not_shared() -> None:
    assert OURS(kind=1).notes is not OURS(kind=1).notes


def test_copies_and_pickles_are_equal() -> None:
    holding = Holding(Decimal(1), Decimal(2))
    assert pickle.loads(pickle.dumps(holding)) == holding
    assert hash(pickle.loads(pickle.dumps(holding))) == hash(holding)
    value = OURS(kind="x", notes={"a": 1})
    for twin in (copy.copy(value), copy.deepcopy(value)):
        assert twin == value
    assert copy.deepcopy(value).notes is not value.notes


@pytest.mark.parametrize(
    "arguments", [{}, {"kind": 1, "amuont": 2}, {"amount": 2}], ids=["nothing", "unknown", "one missing"]
)
def test_what_is_missing_or_unknown_is_refused(arguments: dict[str, Any]) -> None:
    for kind in (LIBRARY, OURS):
        with pytest.raises(TypeError, match=r"kind|amuont"):
            kind(**arguments)


def test_fields_that_are_given_by_name_alone_are() -> None:
    kind = _declared(values.dataclass, kw_only=True)
    assert kind(kind=1).kind == 1
    assert Wakes(always=True).always
    with pytest.raises(TypeError, match="positional"):
        kind(1)


def test_other_dataclasses_are_left_to_the_library() -> None:
    with pytest.raises(TypeError, match="frozen=True, slots=True"):
        values.dataclass(frozen=False, slots=True)
    with pytest.raises(TypeError, match="no base"):
        values.dataclass(frozen=True, slots=True)(type("Half", (Decimal,), {"__annotations__": {"a": "int"}}))
