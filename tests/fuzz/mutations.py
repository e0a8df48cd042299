"""Structure-aware, seeded mutation: JSON that is nearly right, and text and bytes that are nearly JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

#: Numbers as only text can have them; they replace a marker after encoding.
RAW_NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "-0",
    "-0.0",
    "0.0",
    "1e400",
    "1e-400",
    "1E+3",
    "5.1e-05",
    "1e99",
    "1e100",
    "-1e5",
    "0.1e1",
    "123456789012345678901234567890",
    "1234567890123456789012345678901.5",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1772445601.4481201",
    "253402300800",
    "1e5",
    "00",
    "+1",
    ".5",
    "5.",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.1,
    1.5,
    -1.5,
    7.0,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    10**30,
    "",
    " ",
    "0",
    "-0",
    "1",
    "-1",
    "1.50",
    " 1",
    "1 ",
    "1_000",
    "1,5",
    "+1",
    "1.",
    ".5",
    "00012",
    "1e5",
    "1E-7",
    "0x10",
    "NaN",
    "nan",
    "inf",
    "Infinity",
    "-Infinity",
    "1e999999999",
    "9" * 31,
    "0." + "0" * 31 + "1",
    "9" * 5_000,
    "\u0661\u0662",
    "\uff11",
    "\x00",
    "\ud800",
    "é",
    "BTC/USD",
    "BTC-USD",
    "BTCUSDT",
    "btc/usd",
    "BTC/USD/EUR",
    "/",
    "FOO/BAR",
    "buy",
    "sell",
    "BUY",
    "SELL",
    "b",
    "s",
    "hold",
    "trade",
    "snapshot",
    "update",
    "market_trades",
    "heartbeats",
    "subscriptions",
    "status",
    "pong",
    "2026-03-02T10:00:01.448120Z",
    "2026-03-02T10:00:01Z",
    "2026-02-30T10:00:01Z",
    "2026-03-02T24:00:00Z",
    "2026-03-02T10:00:60Z",
    "2026-03-02T10:00:01+01:00",
    "2026-03-02 10:00:01.1z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "1969-12-31T23:59:59Z",
    [],
    {},
    [[]],
    [1, 2],
    {"a": 1},
    [None],
    {"symbol": "BTC/USD"},
)
_MARK = "@@raw@@"
_DIGITS = re.compile(rb"[0-9]")
_TOKENS = (b'"', b"{", b"}", b"[", b"]", b",", b":", b"-", b".", b"e", b"\\", b"0", b"\x00", b"\xff", b"null", b"NaN")


def mutate(rng: Random, seeds: list[bytes]) -> bytes:
    """Return a mutation of one of `seeds`; one in fifty comes as it is."""
    seed = seeds[rng.randrange(len(seeds))]
    draw = rng.random()
    if draw < 0.02:
        return seed
    if draw < 0.70:
        try:
            return _structure(rng, json.loads(seed))
        except (ValueError, RecursionError):
            return _bytes(rng, seed, seeds)
    return _bytes(rng, seed, seeds)


def mutate_bytes(rng: Random, seeds: list[bytes]) -> bytes:
    """Return a mutation that knows nothing of JSON."""
    seed = seeds[rng.randrange(len(seeds))]
    return seed if rng.random() < 0.02 else _bytes(rng, seed, seeds)


def _structure(rng: Random, value: Any) -> bytes:
    root = [value]
    raw: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        _change_one(rng, root, raw)
    text = json.dumps(root[0], ensure_ascii=rng.random() < 0.9, separators=(",", ":"))
    for number in raw:
        text = text.replace(f'"{_MARK}"', number, 1)
    return text.encode("utf-8", "surrogatepass")


def _change_one(rng: Random, root: list[Any], raw: list[str]) -> None:
    """Walk to a random place and change what stands there."""
    holder: Any = root
    key: Any = 0
    while True:
        here = holder[key]
        if isinstance(here, dict | list) and here and rng.random() < 0.85:
            holder, key = here, rng.choice(list(here)) if isinstance(here, dict) else rng.randrange(len(here))
        else:
            break
    _CHANGES[rng.randrange(len(_CHANGES))](rng, holder, key, raw)


def _replace(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    # A copy: a later change inside it must not stay for other inputs.
    holder[key] = deepcopy(VALUES[rng.randrange(len(VALUES))])


def _replace_raw(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    raw.append(rng.choice(RAW_NUMBERS))
    holder[key] = _MARK


def _drop(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    if len(holder) > 1 or isinstance(holder, dict):
        del holder[key]


def _repeat(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    """Repeat a row of a list, or put a field's value into another field."""
    if isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), json.loads(json.dumps(holder[key])))
    else:
        holder[rng.choice(list(holder))] = holder[key]


def _nudge(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    """Change a number or a text a little."""
    here = holder[key]
    if isinstance(here, bool) or here is None:
        holder[key] = not here
    elif isinstance(here, int | float):
        holder[key] = rng.choice((-here, here + 1, here - 1, here * 1_000, str(here), [here]))
    elif isinstance(here, str):
        place = rng.randrange(len(here) + 1)
        holder[key] = rng.choice(
            (
                here[:place] + rng.choice("0123456789.-+eE_ /Z\u0663x") + here[place:],
                here[:place],
                here + here,
                "-" + here,
            )
        )


def _to_number(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    """Write a text as a number or a number as a text."""
    here = holder[key]
    if isinstance(here, str) and _DIGITS.match(here.encode("utf-8", "surrogatepass")):
        raw.append(here)
        holder[key] = _MARK
    elif isinstance(here, int | float) and not isinstance(here, bool):
        holder[key] = str(here)


def _nest(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    depth = rng.choice((1, 1, 2, 30, 300, 900))
    raw.append("[" * depth + "1" + "]" * depth)
    holder[key] = _MARK


def _rename(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    if isinstance(holder, dict):
        value = holder.pop(key)
        holder[rng.choice((key.upper(), key + "_", "", "symbol", "data", "result", "error", "e", "id"))] = value


def _shuffle(rng: Random, holder: Any, key: Any, raw: list[str]) -> None:
    if isinstance(holder, list):
        rng.shuffle(holder)


_CHANGES: tuple[Callable[[Random, Any, Any, list[str]], None], ...] = (
    _replace,
    _replace,
    _replace,
    _replace_raw,
    _replace_raw,
    _drop,
    _repeat,
    _nudge,
    _nudge,
    _nudge,
    _to_number,
    _nest,
    _rename,
    _shuffle,
)


def _bytes(rng: Random, seed: bytes, seeds: list[bytes]) -> bytes:
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(data) + 1)
        kind = rng.randrange(8)
        if kind == 0:
            data[place : place + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            data[place:place] = rng.choice(_TOKENS)
        elif kind == 2:
            del data[place : place + rng.randrange(1, 20)]
        elif kind == 3:
            del data[place:]
        elif kind == 4:
            data[place:place] = data[max(0, place - rng.randrange(1, 40)) : place]
        elif kind == 5:
            other = seeds[rng.randrange(len(seeds))]
            data[place:] = other[rng.randrange(len(other) + 1) :]
        else:  # digits are where the money is
            digits = [m.start() for m in _DIGITS.finditer(data)] or [0]
            data[rng.choice(digits) : rng.choice(digits) + 1 if kind == 6 else 0] = b"%d" % rng.randrange(10)
    return bytes(data[:100_000])
