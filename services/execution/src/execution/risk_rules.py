"""Writes what contracts say of the risk rules: the codes of alerts and the limits of accounts.

``python -m execution.risk_rules FILE``, as `make schemas` runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from execution.core.rules import LOSS_RULES, OWNER_RULES, RULES
from execution.core.rules.rule import LossRule, Option, OrderRule, Rule, of_owner

#: Of a line, its end included.
_WIDTH = 118
_HEAD = '''\
"""The codes of risk rules and the limits of accounts. Written by `make schemas` from `execution.core.rules`."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

'''
_CLASS = '''

class {name}(BaseModel):
    """The limits of {of}, percent unless said otherwise; `execution.core.rules` says of what."""

'''


def render() -> str:
    """Return the module's text."""
    named = [rule.code for rule in RULES if rule.code is not None]
    codes = [f'    "{code}",\n' for code in [*named, *(of_owner(rule.code) for rule in LOSS_RULES)]]
    classes = [
        *(_CLASS.format(name="RiskLimits", of="an account"), *map(_field, options(RULES))),
        *(_CLASS.format(name="OwnerLimits", of="all accounts of an owner"), *map(_field, options(OWNER_RULES))),
    ]
    return "".join([_HEAD, "RiskRule = Literal[\n", *codes, "]\n", *classes])


def options(rules: Sequence[Rule]) -> list[Option]:
    """Return the fields of accounts, or of owners, that rules go by."""
    found: list[Option] = []
    for rule in rules:
        if not isinstance(rule, LossRule | OrderRule):
            continue
        limit, choices = rule.limit, [rule.option]
        if rules is OWNER_RULES and isinstance(rule, OrderRule):
            limit, choices = None, [rule.owner_option]
        if isinstance(rule, LossRule):
            choices += [rule.on_breach, rule.act_at]
        if limit is not None:
            default, bounds = f"Decimal({limit.default_pct})", "gt=0, le=100"
            found.append(Option(limit.field, "Decimal", default, limit.description, bounds))
        found += [option for option in choices if option is not None]
    return found


def _field(option: Option) -> str:
    bounds = f"{option.bounds}, " if option.bounds else ""
    arguments = f'{option.default}, {bounds}description="{option.description}"'
    line = f"    {option.field}: {option.annotation} = Field({arguments})\n"
    if len(line) <= _WIDTH:
        return line
    return f"    {option.field}: {option.annotation} = Field(\n        {arguments}\n    )\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
