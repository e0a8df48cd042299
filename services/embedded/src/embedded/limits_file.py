"""`limits=FILE`: other limits for the accounts of a run, in TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.account import Account
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from contracts.risk_rules import RiskLimits
from embedded.accounts_file import TABLE, complaint, content_of


def read_limits(path: Path, accounts: Sequence[Account]) -> dict[str, dict[str, Any]]:
    """Return the limits that a file changes, by account: its own fields hold for all, ``[accounts.NAME]`` for one.

    What is as it was is left out.

    Raises
    ------
    BadInputError
        If it cannot be read, names an account that is not there or what is no limit, or changes nothing.
    """
    content = content_of(path, "--limits", "a TOML file of limits")
    own = content.pop(TABLE, {})
    if not isinstance(own, dict) or not all(isinstance(entry, dict) for entry in own.values()):
        raise BadInputError(f"{path}: {TABLE}", f"tables [{TABLE}.NAME], one for each account", own)
    names = [account.name for account in accounts]
    for name in own:
        if name not in names:
            raise BadInputError(f"{path}: {TABLE}", f"accounts of the run: {', '.join(names)}", name)
    found = {
        account.name: _changed(
            account, {str(path): content, f"{path}: {TABLE}.{account.name}": own.get(account.name, {})}
        )
        for account in accounts
    }
    if not any(found.values()):
        raise BadInputError(str(path), "limits other than those of the run", "none")
    return found


def _changed(account: Account, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the limits of an account that are other than they were."""
    told, then = account.model_dump(), account
    for place, entry in entries.items():
        for name, value in entry.items():
            if name not in RiskLimits.model_fields:
                known = sorted(RiskLimits.model_fields)
                raise BadInputError(f"{place}.{name}", f"one of {', '.join(known)}{did_you_mean(name, known)}", value)
        told |= entry
        try:
            then = Account.model_validate(told)
        except ValidationError as error:
            raise complaint(error, place, entry) from error
    every = {name: getattr(then, name) for name in RiskLimits.model_fields}
    return {name: value for name, value in every.items() if value != getattr(account, name)}
