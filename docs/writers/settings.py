"""The settings of all services, read off their classes."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from docs.writers.markdown import code, marked, table
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from streaming.settings import ServiceSettings, environment_variable

ROOT = Path(__file__).parents[2]
HEAD = ("variable", "default", "takes", "what it sets")
_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    SecretStr: "text, never shown",
    NoneType: "",
}
_PLURALS = {"text": "texts", "a path": "paths", "a whole number": "whole numbers"}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Return the settings class of each member that has a `settings.py` with one."""
    found = {}
    services, parts = ROOT.glob("services/*/src/*/settings.py"), ROOT.glob("packages/*/src/*/*/settings.py")
    for path in [*sorted(services), *sorted(parts)]:
        module = importlib.import_module(".".join(path.with_suffix("").parts[path.parts.index("src") + 1 :]))
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, BaseSettings) and cls.__module__ == module.__name__:
                found[path.parent.name] = cls
    return found


def variables() -> Iterator[str]:
    """Return every variable of every settings class: the list by which a misspelt one is found."""
    classes: list[type[BaseSettings]] = [ServiceSettings, *settings_classes().values()]
    yield from sorted({environment_variable(cls, field) for cls in classes for field in cls.model_fields})


def lines() -> Iterator[str]:
    """Return the tables: what all share, what some share, what is one service's own."""
    classes = settings_classes()
    readers: dict[str, list[str]] = {}
    for name, cls in classes.items():
        for field in set(cls.model_fields) - set(ServiceSettings.model_fields):
            readers.setdefault(environment_variable(cls, field), []).append(name)
    yield from ("## Every service", "")
    yield from table(HEAD, [_row(ServiceSettings, field) for field in ServiceSettings.model_fields])
    shared = {variable for variable, names in readers.items() if len(names) > 1}
    yield from ("", "## Several services", "")
    rows = {
        variable: (*_row(cls, field), ", ".join(readers[variable]))
        for cls in classes.values()
        for field in cls.model_fields
        if (variable := environment_variable(cls, field)) in shared
    }
    yield from table((*HEAD, "read by"), [rows[variable] for variable in sorted(rows)])
    for name, cls in classes.items():
        own = [field for field in cls.model_fields if _is_own(cls, field, shared)]
        if own:
            yield from ("", f"## {name}", "")
            yield from table(HEAD, [_row(cls, field) for field in own])


def _is_own(cls: type[BaseSettings], field: str, shared: set[str]) -> bool:
    """Whether a field stands in the service's own table; one that overrides a shared field does."""
    inherited = ServiceSettings.model_fields.get(field)
    same = inherited is not None and environment_variable(cls, field) == environment_variable(ServiceSettings, field)
    return not same and environment_variable(cls, field) not in shared


def _row(cls: type[BaseSettings], field: str) -> tuple[str, str, str, str]:
    info = cls.model_fields[field]
    variable = environment_variable(cls, field)
    return f"`{variable}`", _default(info), _takes(info), marked(info.description or "")


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if value is None or value == () or value == {}:
        return "none"
    return code(",".join(map(str, value)) if isinstance(value, tuple) else _plain(value))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _takes(info: FieldInfo) -> str:
    bounds = [
        f"{words} {_plain(getattr(rule, name))}"
        for rule in info.metadata
        for name, words in _BOUNDS.items()
        if getattr(rule, name, None) is not None
    ]
    return " ".join([_kind(info.annotation), ", ".join(bounds)]).strip()


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is tuple:
        return f"a list of {_PLURALS.get(_kind(inner[0]), 'JSON objects')}"
    if origin is dict:
        return "a JSON object"
    if inner:
        return " or ".join(filter(None, map(_kind, inner)))
    return _WORDS.get(annotation, "a number" if annotation.__name__ == "Decimal" else annotation.__name__)
