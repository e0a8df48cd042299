"""The examples in the documentation strings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import embedded

#: `parent_death_guard` is a program, not a module.
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(embedded.__path__, "embedded.")
    if not module.name.endswith(("parent_death_guard", "__main__"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
