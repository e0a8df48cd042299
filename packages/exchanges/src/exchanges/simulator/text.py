"""Times, numbers and JSON as more than one venue writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from contracts.units import US_PER_SECOND, decimal_string


def rfc3339(time_us: int) -> str:
    """Return a WebSocket time, with microseconds.

    Examples
    --------
    >>> rfc3339(1_772_445_601_448_120)
    '2026-03-02T10:00:01.448120Z'
    """
    seconds, micros = divmod(time_us, US_PER_SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"


def fixed(units: int, decimals: int, shown: int) -> str:
    """Return whole `units` of 10^-`decimals` with `shown` decimals, as REST writes numbers.

    Examples
    --------
    >>> fixed(974123, 1, 5)
    '97412.30000'
    """
    whole, fraction = divmod(units, 10**decimals)
    digits = f"{fraction:0{decimals}d}" if decimals else ""
    return f"{whole}.{digits:0<{shown}}"


def exact(units: int, decimals: int) -> str:
    """Return whole `units` of 10^-`decimals` as a canonical decimal.

    Examples
    --------
    >>> exact(9741230, 2)
    '97412.3'
    """
    return decimal_string(Decimal(units).scaleb(-decimals))


def to_json(value: Any) -> str:
    """Return `value` as compact JSON."""
    return json.dumps(value, separators=(",", ":"))
