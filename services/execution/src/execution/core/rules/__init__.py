"""The risk rules: every file here that has a ``RULE`` is one, and nothing else has to name it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from execution.core.rules.rule import CommandRule, FillRule, LossRule, OrderRule, PairRule, Rule

_MODULES = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
_FOUND: list[Rule] = [module.RULE for module in _MODULES if hasattr(module, "RULE")]

#: The last breach found names the trading state, so limits that end an account stand last.
LOSS_RULES = sorted((rule for rule in _FOUND if isinstance(rule, LossRule)), key=lambda rule: rule.is_final)
ORDER_RULES = sorted((rule for rule in _FOUND if isinstance(rule, OrderRule)), key=lambda rule: rule.place)
#: Those that hold for what closes a position, too.
EXIT_RULES = [rule for rule in ORDER_RULES if rule.exits_too]
PAIR_RULES = [rule for rule in _FOUND if isinstance(rule, PairRule)]
FILL_RULES = [rule for rule in _FOUND if isinstance(rule, FillRule)]
COMMAND_RULES = [rule for rule in _FOUND if isinstance(rule, CommandRule)]
#: Those that hold over all accounts of an owner.
OWNER_RULES: list[Rule] = [*LOSS_RULES, *(rule for rule in ORDER_RULES if rule.owner_option is not None)]
RULES: list[Rule] = [*LOSS_RULES, *ORDER_RULES, *PAIR_RULES, *FILL_RULES, *COMMAND_RULES]
