"""What a result depends on, named: the code, the bars, the versions of models, the costs."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from backtest.bars import PRICES, FloatTexts
from backtest.history import History
from backtest.plan import Terms

#: What decides what a run of the engine says, and what it computes with.
_PACKAGES = ("backtest", "contracts", "exchanges", "execution", "features", "strategies")
_LIBRARIES = ("numpy", "numba", "ta-lib")
_DIGITS = 16


def digest_of(*facts: object) -> str:
    """Return a digest of what JSON can say.

    Returns
    -------
    str
        Sixteen hexadecimal digits.

    Examples
    --------
    >>> digest_of("a", {"b": 1}) == digest_of("a", {"b": 1}), digest_of("a") == digest_of("b")
    (True, False)
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:_DIGITS]


@cache
def code_digest(packages: tuple[str, ...] = _PACKAGES, libraries: tuple[str, ...] = _LIBRARIES) -> str:
    """Return a digest of code, and of the libraries it computes with; by default what decides, fills and books.

    Parameters
    ----------
    packages
        By the names they are imported by.
    libraries
        By the names they are installed by.

    Returns
    -------
    str
        Another one after a change of any of its files.
    """
    found = hashlib.sha256(json.dumps({name: version(name) for name in libraries}).encode())
    for package in packages:
        spec = find_spec(package)
        for folder in sorted((spec.submodule_search_locations or []) if spec else []):
            for path in sorted(Path(folder).rglob("*.py")):
                found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()[:_DIGITS]


@cache
def commit() -> str | None:
    """Return the commit of the code, with ``-dirty`` if files differ from it; None of an installed package.

    Returns
    -------
    str | None
        Forty hexadecimal digits.
    """
    command = [
        "git",
        "-C",
        str(Path(__file__).parent),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def data_digest(history: History) -> str:
    """Return a digest of bars and of all that came with them.

    Returns
    -------
    str
        Another one if a single price is.
    """
    found = hashlib.sha256()
    for pair in sorted(history.pairs):
        bars = history.pairs[pair]
        found.update(f"{bars.exchange} {pair} {bars.interval_s} {len(bars)}".encode())
        found.update(bars.starts_ms.tobytes() + bars.qualities.tobytes() + bars.trade_counts.tobytes())
        for name, column in sorted({**bars.columns, **bars.given}.items()):
            found.update(name.encode() + column.tobytes())
        for name in PRICES:  # a text may have digits that a float has not
            if isinstance(bars.texts[name], FloatTexts):
                continue
            found.update("|".join(bars.texts[name][place] for place in range(len(bars))).encode())
    return found.hexdigest()[:_DIGITS]


def models_of(history: History) -> list[str]:
    """Return the models whose predictions came with the bars, with their versions.

    Returns
    -------
    list[str]
        Such as ``direction:3``.
    """
    told: set[str] = set()
    for bars in history.pairs.values():
        ids: Iterable[str | None] = bars.said.get("prediction_id", ())
        told |= {":".join(each.split(":")[-2:]) for each in ids if each}
    return sorted(told)


def costs_of(terms: Terms) -> Mapping[str, Any]:
    """Return what orders cost and how time and risk are judged, as text.

    Returns
    -------
    Mapping[str, Any]
        By name.
    """
    return {"broker": repr(terms.broker), "policy": repr(terms.policy), "expiry_seconds": terms.expiry_seconds}


def provenance(history: History, data: str, terms: Terms) -> dict[str, Any]:
    """Return what a result depends on beside a strategy and its numbers, by name.

    Parameters
    ----------
    history, data
        Bars, and their digest.
    terms
        What holds for all accounts.

    Returns
    -------
    dict[str, Any]
        As JSON.
    """
    return {
        "commit": commit(),
        "code": code_digest(),
        "data": data,
        "models": models_of(history),
        "costs": costs_of(terms),
    }
