"""The examples in the documentation strings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import embedded
import results
import verify

#: `parent_death_guard` is a program, not a module.
MODULES = sorted(
    module.name
    for package in (embedded, results, verify)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(("parent_death_guard", "__main__"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
