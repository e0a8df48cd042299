"""Writes what contracts say of the risk rules: the codes of alerts and the limits of accounts.

``python -m execution.risk_rules FILE``, as `make schemas` runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from execution.core.rules import LOSS_RULES, OWNER_RULES, RULES
from execution.core.rules.rule import Limit, LossRule, Option, OrderRule, Rule, of_owner

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
        *(_CLASS.format(name="RiskLimits", of="an account"), *map(_field, _options(RULES, _of_accounts))),
        *(
            _CLASS.format(name="OwnerLimits", of="all accounts of an owner"),
            *map(_field, _options(OWNER_RULES, _of_owners)),
        ),
    ]
    return "".join([_HEAD, "RiskRule = Literal[\n", *codes, "]\n", *classes])


def _options(rules: Sequence[Rule], of_order_rule: Callable[[OrderRule], list[Option | None]]) -> list[Option]:
    """Return the fields that rules go by; those of order rules are an account's or its owner's."""
    found: list[Option | None] = []
    for rule in rules:
        if isinstance(rule, LossRule):
            found += [_percent(rule.limit), rule.option, rule.on_breach, rule.act_at]
        elif isinstance(rule, OrderRule):
            found += of_order_rule(rule)
    return [option for option in found if option is not None]


def _of_accounts(rule: OrderRule) -> list[Option | None]:
    return [_percent(rule.limit), rule.option]


def _of_owners(rule: OrderRule) -> list[Option | None]:
    return [rule.owner_option]


def _percent(limit: Limit | None) -> Option | None:
    if limit is None:
        return None
    return Option(limit.field, "Decimal", f"Decimal({limit.default_pct})", limit.description, "gt=0, le=100")


def _field(option: Option) -> str:
    bounds = f"{option.bounds}, " if option.bounds else ""
    arguments = f'{option.default}, {bounds}description="{option.description}"'
    line = f"    {option.field}: {option.annotation} = Field({arguments})\n"
    if len(line) <= _WIDTH:
        return line
    return f"    {option.field}: {option.annotation} = Field(\n        {arguments}\n    )\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
