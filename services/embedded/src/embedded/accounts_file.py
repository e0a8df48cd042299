"""`accounts=FILE`: whose money, which pairs, how bold, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.account import Account
from contracts.account_strategy import AccountStrategy
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from contracts.owner import OwnerNameError, OwnerSettings, owners_of
from contracts.validation_errors import expectation

TABLE, OWNERS = "accounts", "owners"
#: Within one: what decides for some of its pairs, a table ``[[accounts.strategies]]`` for each.
STRATEGIES = "strategies"
#: A shorter name that a person may write, for the field it stands for.
SHORT = {"balance": "initial_balance_quote"}


class _Missing:
    """What came of a field that is not there: said without quotes, as it is no value."""

    def __repr__(self) -> str:
        return "missing"


def read_accounts(path: Path) -> tuple[Account, ...]:
    """Return the accounts of a TOML file: a table ``[[accounts]]`` for each, with the fields of `Account`.

    Raises
    ------
    BadInputError
        If it cannot be read, or what it says is no account; it names the field.
    """
    content = content_of(path, "--accounts", "a TOML file of accounts")
    for name in content:
        if name not in (TABLE, OWNERS):
            expected = f"tables [[{TABLE}]] and [[{OWNERS}]]{did_you_mean(name, [TABLE, OWNERS])}"
            raise BadInputError(str(path), expected, name)
    entries = content.get(TABLE)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BadInputError(str(path), f"at least one table [[{TABLE}]]", entries)
    accounts = tuple(
        _account(entry, f"{path}: {TABLE}[{number}]", path.parent) for number, entry in enumerate(entries)
    )
    names = [account.name for account in accounts]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise BadInputError(f"{path}: {TABLE}[{number}].name", "a name that no other account has", name)
    owners = _owners(content, path)
    try:
        owners_of(accounts, owners)
    except OwnerNameError as error:
        raise _misnamed(error, accounts, owners, path) from error
    except ValidationError as error:  # of an owner with his accounts
        raise BadInputError(f"{path}: {TABLE}.owner", expectation(error.errors()[0]), path.name) from error
    except ValueError as error:
        raise BadInputError(f"{path}: {OWNERS}", str(error), path.name) from error
    return accounts


def read_owners(path: Path) -> tuple[OwnerSettings, ...]:
    """Return the owners of a TOML file of accounts: a table ``[[owners]]`` for each, with the fields of `Owner`.

    Raises
    ------
    BadInputError
        If it cannot be read, or what it says is no owner; it names the field.
    """
    return _owners(content_of(path, "--accounts", "a TOML file of accounts"), path)


def _owners(content: Mapping[str, Any], path: Path) -> tuple[OwnerSettings, ...]:
    entries = content.get(OWNERS, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadInputError(str(path), f"tables [[{OWNERS}]]", entries)
    found = []
    for number, entry in enumerate(entries):
        place = f"{path}: {OWNERS}[{number}]"
        _require_known(entry, list(OwnerSettings.model_fields), place)
        try:
            found.append(OwnerSettings.model_validate(entry))
        except ValidationError as error:
            raise complaint(error, place, entry) from error
    return tuple(found)


def _misnamed(
    error: OwnerNameError, accounts: Sequence[Account], owners: Sequence[OwnerSettings], path: Path
) -> BadInputError:
    """Return the complaint about an owner's name with its place in the file."""
    if error.of_account:
        place = f"{TABLE}[{[each.owner for each in accounts].index(error.name)}].owner"
    else:  # the last: of two with one name it is one too many
        number = max(number for number, each in enumerate(owners) if each.name == error.name)
        place = f"{OWNERS}[{number}].name"
    return BadInputError(f"{path}: {place}", error.expected, error.name)


def content_of(path: Path, option: str, expected: str) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises
    ------
    BadInputError
        If there is no such file, which `option` names and `expected` describes, or it is no TOML.
    """
    if not path.is_file():
        raise BadInputError(option, expected, str(path))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise BadInputError(str(path), "a TOML file in UTF-8", str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(str(path), "a TOML file", str(error)) from error


def _account(entry: dict[str, Any], place: str, folder: Path) -> Account:
    fields = dict(entry)
    for short, name in SHORT.items():
        if short in fields and name in fields:
            raise BadInputError(f"{place}.{short}", f"either {short} or {name}, not both", entry)
        if short in fields:
            fields[name] = fields.pop(short)
    _require_known(entry, [*SHORT, *Account.model_fields], place)
    fields = _with_path(fields, folder)
    tables = fields.get(STRATEGIES, [])
    if isinstance(tables, list) and all(isinstance(each, dict) for each in tables):
        for number, each in enumerate(tables):
            _require_known(each, list(AccountStrategy.model_fields), f"{place}.{STRATEGIES}[{number}]")
        fields |= {STRATEGIES: [_with_path(each, folder) for each in tables]} if tables else {}
    try:
        return Account.model_validate(fields)
    except ValidationError as error:
        raise complaint(error, place, entry) from error


def _require_known(table: Mapping[str, Any], known: Sequence[str], place: str) -> None:
    for name in table:
        if name not in known:
            expected = f"one of {', '.join(sorted(known))}{did_you_mean(name, known)}"
            raise BadInputError(f"{place}.{name}", expected, table[name])


def _with_path(fields: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a table whose strategy is found from anywhere, where it is a file."""
    if not str(fields.get("strategy", "")).endswith(".py"):
        return fields
    # As the person who wrote it means it; services are started elsewhere.
    return {**fields, "strategy": str((folder / str(fields["strategy"])).absolute())}


def complaint(error: ValidationError, place: str, entry: Mapping[str, Any]) -> BadInputError:
    """Return what is wrong with an account, named as it is written in a table of a file.

    Returns
    -------
    BadInputError
        Of the first field that is wrong.
    """
    errors: list[Any] = error.errors(include_url=False)
    named = {*entry, *(SHORT[short] for short in SHORT if short in entry)}
    # Of what is written before what follows from it, such as the pairs of strategies.
    first = next((each for each in errors if {*each["loc"][:1]} & named), errors[0])
    if not first["loc"]:
        return BadInputError(place, expectation(first), entry.get("name"))
    field, *inside = first["loc"]
    written = next((short for short, name in SHORT.items() if name == field and short in entry), field)
    dots = field == STRATEGIES  # whose parts are fields of a table
    where = "".join(f".{part}" if dots and isinstance(part, str) else f"[{part}]" for part in inside)
    if first["type"] == "missing":
        return BadInputError(f"{place}.{written}{where}", "a value", _Missing())
    value = first["input"]
    return BadInputError(
        f"{place}.{written}{where}", expectation(first), str(value) if isinstance(value, Decimal) else value
    )
