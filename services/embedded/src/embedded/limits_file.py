"""`limits=FILE`: other limits for the accounts of a run, in TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.account import Account
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from contracts.owner import Owner
from contracts.risk_rules import OwnerLimits, RiskLimits
from embedded.accounts_file import OWNERS, TABLE, complaint, content_of


def read_limits(path: Path, accounts: Sequence[Account], owners: Sequence[Owner] = ()) -> dict[str, dict[str, Any]]:
    """Return the limits that a file changes, by account and by owner.

    Its own fields hold for all accounts, ``[accounts.NAME]`` for one, ``[owners.NAME]`` over all of an owner.
    What is as it was is left out.

    Raises
    ------
    BadInputError
        If it cannot be read, names an account that is not there or what is no limit, or changes nothing.
    """
    content = content_of(path, "--limits", "a TOML file of limits")
    own, of_owners = (
        _tables(content, path, *kind)
        for kind in (
            (TABLE, "account", [each.name for each in accounts]),
            (OWNERS, "owner", [e.name for e in owners]),
        )
    )
    found = {
        account.name: _changed(
            account, RiskLimits, {str(path): content, f"{path}: {TABLE}.{account.name}": own.get(account.name, {})}
        )
        for account in accounts
    } | {
        owner.name: _changed(owner, OwnerLimits, {f"{path}: {OWNERS}.{owner.name}": of_owners.get(owner.name, {})})
        for owner in owners
    }
    if not any(found.values()):
        raise BadInputError(str(path), "limits other than those of the run", "none")
    return found


def _tables(content: dict[str, Any], path: Path, table: str, kind: str, names: Sequence[str]) -> dict[str, Any]:
    """Take the tables of a kind out of what a file says."""
    own = content.pop(table, {})
    if not isinstance(own, dict) or not all(isinstance(entry, dict) for entry in own.values()):
        raise BadInputError(f"{path}: {table}", f"tables [{table}.NAME], one for each {kind}", own)
    for name in own:
        if name not in names:
            raise BadInputError(f"{path}: {table}", f"{table} of the run: {', '.join(names) or 'none'}", name)
    return own


def _changed(
    of: Account | Owner, limits: type[RiskLimits | OwnerLimits], entries: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the limits of an account, or an owner, that are other than they were."""
    told, then = of.model_dump(), of
    for place, entry in entries.items():
        for name, value in entry.items():
            if name not in limits.model_fields:
                known = sorted(limits.model_fields)
                raise BadInputError(f"{place}.{name}", f"one of {', '.join(known)}{did_you_mean(name, known)}", value)
        told |= entry
        try:
            then = type(of).model_validate(told)
        except ValidationError as error:
            raise complaint(error, place, entry) from error
    every = {name: getattr(then, name) for name in limits.model_fields}
    return {name: value for name, value in every.items() if value != getattr(of, name)}
