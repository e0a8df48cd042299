"""Writes what contracts say of the risk rules: the codes of alerts and the limits of accounts.

``python -m execution.risk_rules FILE``, as `make schemas` runs it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from execution.core.rules import RULES
from execution.core.rules.rule import Limit, LossRule, OrderRule

_HEAD = '''\
"""The codes of risk rules and the limits of accounts. Written by `make schemas` from `execution.core.rules`."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

'''
_CLASS = '''

class RiskLimits(BaseModel):
    """The limits of an account, percent; `execution.core.rules` says of what."""

'''


def render() -> str:
    """Return the module's text."""
    codes = [f'    "{rule.code}",\n' for rule in RULES if rule.code is not None]
    limits = [rule.limit for rule in RULES if isinstance(rule, LossRule | OrderRule) and rule.limit is not None]
    return "".join([_HEAD, "RiskRule = Literal[\n", *codes, "]\n", _CLASS, *map(_field, limits)])


def _field(limit: Limit) -> str:
    arguments = f'Decimal({limit.default_pct}), gt=0, le=100, description="{limit.description}"'
    return f"    {limit.field}: Decimal = Field({arguments})\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
