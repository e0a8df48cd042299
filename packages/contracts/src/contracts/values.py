"""`dataclasses.dataclass` for frozen, slotted values: the same, made at half of its cost.

What is frozen writes each of its own fields past itself when it is made, by a call for each. Here the fields are
written to an object of a class that is open and has the same slots, which then becomes one of the frozen class.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # so that what is made and written is checked as that of the original is
    from dataclasses import dataclass
else:

    def dataclass(*, frozen, slots, kw_only=False):
        """Return what makes a class a frozen dataclass with slots.

        Parameters
        ----------
        frozen, slots
            True, as nothing else is made here.
        kw_only
            Whether fields are given by name alone.

        Returns
        -------
        Callable
            To be put above a class without bases.

        Raises
        ------
        TypeError
            If it is to be another kind of dataclass.

        Examples
        --------
        >>> @dataclass(frozen=True, slots=True)
        ... class Price:
        ...     amount: int
        ...     currency: str = "USD"
        >>> Price(3)
        Price(amount=3, currency='USD')
        """
        if not (frozen and slots):
            raise TypeError("expected frozen=True, slots=True; for others there is dataclasses.dataclass")

        def made(kind):
            made_kind = dataclasses.dataclass(kind, frozen=True, slots=True, kw_only=kw_only)
            if made_kind.__bases__ != (object,) or not all(each.init for each in fields(made_kind)):
                raise TypeError(f"{made_kind.__name__}: expected no base, and only fields that are given")
            made_kind.__new__ = _constructor(made_kind)
            made_kind.__getnewargs_ex__ = _arguments  # of copies and pickles
            del made_kind.__init__
            return made_kind

        return made


def _constructor(kind: Any) -> Any:
    """Return the ``__new__`` of a class, written out as `dataclasses` writes its ``__init__``."""
    known: dict[str, Any] = {"_create": object.__new__, "_unset": object()}
    known["_Open"] = type(f"_Open{kind.__name__}", (), {"__slots__": kind.__slots__})
    given: list[str] = []
    lines = ["self = _create(_Open)"]
    for each in fields(kind):
        value = each.name
        default = ""
        if each.default is not MISSING:
            known[f"_default_{value}"] = each.default
            default = f" = _default_{value}"
        elif each.default_factory is not MISSING:
            known[f"_make_{value}"] = each.default_factory
            default = " = _unset"
            value = f"_make_{value}() if {value} is _unset else {value}"
        given.append(("*, " if each.kw_only and "*" not in "".join(given) else "") + each.name + default)
        lines.append(f"self.{each.name} = {value}")
    lines += ["self.__class__ = _kind", *(["self.__post_init__()"] if hasattr(kind, "__post_init__") else [])]
    body = "\n    ".join([*lines, "return self"])
    exec(f"def __new__(_kind, {', '.join(given)}):\n    {body}", known)  # noqa: S102 - of names of fields alone
    return known["__new__"]


def _arguments(value: Any) -> tuple[tuple[()], dict[str, Any]]:
    return (), {each.name: getattr(value, each.name) for each in fields(value)}


__all__ = ["dataclass", "field"]
