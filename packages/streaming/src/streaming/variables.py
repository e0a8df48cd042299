"""Which environment variables there are: one that begins as ours do, or nearly, and is none is a misspelt setting."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from dotenv import dotenv_values

from contracts.nearest import did_you_mean, one_edit_apart

#: Written from all settings classes by `make docs-pages`: a service cannot import those of the others.
KNOWN_FILE = Path(__file__).with_name("known_variables.txt")
#: What Kubernetes and Docker tell of a service that is called as one of ours: ``CANDLES_SERVICE_HOST``.
_LINKS = re.compile(r"_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$")
#: Ours, and no setting of a service.
_OTHERS = frozenset({"TRADESTREAM_WHOLE_FILES"})


@cache
def known_variables() -> frozenset[str]:
    """Return every variable that a service reads.

    Returns
    -------
    frozenset[str]
        As the list says that is written from the settings classes.
    """
    return frozenset(KNOWN_FILE.read_text(encoding="utf-8").split())


def unknown_variables(names: Iterable[str], also_known: Collection[str] = ()) -> list[str]:
    """Return a complaint about each variable that begins as ours do, or is one slip from one of ours, and is none.

    Parameters
    ----------
    names
        Of variables, whoever they belong to.
    also_known
        What the caller knows beyond the list.

    Returns
    -------
    list[str]
        Sentences, in the order of the names.

    Examples
    --------
    >>> unknown_variables(["PATH", "CANDLES_GRCE_MS", "CANDLES_SERVICE_HOST"])
    ['CANDLES_GRCE_MS: expected the name of a setting, was none (did you mean CANDLES_GRACE_MS?)']
    >>> unknown_variables(["CANDELS_GRACE_MS"])
    ['CANDELS_GRACE_MS: expected the name of a setting, was none (did you mean CANDLES_GRACE_MS?)']
    """
    known = known_variables() | _OTHERS | set(also_known)
    prefixes = tuple({f"{name.partition('_')[0]}_" for name in known})
    others = [name for name in names if name not in known and not _LINKS.search(name)]
    unknown = [
        name for name in others if name.startswith(prefixes) or any(one_edit_apart(name, each) for each in known)
    ]
    return [
        f"{name}: expected the name of a setting, was none{did_you_mean(name, known)}" for name in sorted(unknown)
    ]


def set_variables(env_file: str) -> dict[str, str]:
    """Return what settings are read from: the variables of `env_file`, and over them those of the environment.

    Returns
    -------
    dict[str, str]
        Value by name, in capitals, for ours are read without regard to case; without empty ones.
    """
    everything = {**dotenv_values(env_file), **os.environ}  # noqa: TID251 - what the settings are read from
    return {name.upper(): value for name, value in everything.items() if value}
