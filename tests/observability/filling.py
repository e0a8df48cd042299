"""What Grafana makes of a query before it asks: choices and time put in as each kind of data source has it.

A choice of several values is quoted and listed for SQL, and an expression of alternatives for Prometheus and Loki; a
format behind a colon, as in ``${interval_s:csv}``, comes before that. "All" is every value there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from tests.observability.rule_files import POSTGRES_TYPE

Choices = Mapping[str, Sequence[str]]

#: What Grafana itself knows, as for a range of six hours scraped every 15 seconds.
OF_GRAFANA = {"__from": "0", "__to": "21600000", "__rate_interval": "1m", "__interval": "15s", "__range": "6h"}
USED = re.compile(r"\$(?:\{(\w+)(?::(\w+))?\}|([A-Za-z_]\w*))")


def used_in(query: str) -> set[str]:
    """Return the names of choices that a query asks for, without Grafana's own.

    Examples
    --------
    >>> sorted(used_in("x IN ($pair) AND i IN (${interval_s:csv}) AND t > $__from"))
    ['interval_s', 'pair']
    """
    return {found[1] or found[3] for found in USED.finditer(query)} - set(OF_GRAFANA)


def filled(query: str, kind: str, choices: Choices, of_grafana: Mapping[str, str] = OF_GRAFANA) -> str:
    """Return what the data source is asked.

    Examples
    --------
    >>> both = {"pair": ["BTC/USD", "O'X/USD"], "interval_s": ["60", "300"]}
    >>> filled("pair IN ($pair) AND interval_s IN (${interval_s:csv})", "grafana-postgresql-datasource", both)
    "pair IN ('BTC/USD','O''X/USD') AND interval_s IN (60,300)"
    >>> filled('x{app=~"$app"}', "prometheus", {"app": ["a.b", "c"]})
    'x{app=~"(a\\\\\\\\.b|c)"}'
    """

    def put_in(found: re.Match[str]) -> str:
        name, form = found[1] or found[3], found[2]
        if name in of_grafana:
            return of_grafana[name]
        values = choices[name]
        if form == "csv":
            return ",".join(values)
        assert form is None, f"${{{name}:{form}}}: a format that this does not know"
        return _listed(values) if kind == POSTGRES_TYPE else _alternatives(values)

    return USED.sub(put_in, query)


def parsed(query: str, dialect: str = "postgres") -> exp.Query:
    """Return a query of the store as sqlglot reads it, with numbers for choices."""
    numbers = {name: ["60", "300"] for name in used_in(query)}
    statement = sqlglot.parse_one(filled(query, POSTGRES_TYPE, numbers), dialect=dialect)
    assert isinstance(statement, exp.Query), query
    return statement


def selected(query: str) -> set[str]:
    """Return the columns that a query of the store gives."""
    return set(parsed(query).named_selects)


def _listed(values: Sequence[str]) -> str:
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)


def _alternatives(values: Sequence[str]) -> str:
    """Return as Grafana does: escaped for an expression, and once more for the string around it; one stands alone."""
    escaped = [re.sub(r"[.*+?^${}()|[\]\\]", r"\\\\\g<0>", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def some_of(dashboard: Mapping[str, Any], values: Choices) -> dict[str, dict[str, Sequence[str]]]:
    """Return what a reader may choose on a dashboard: one of each choice, several, and all.

    Parameters
    ----------
    values
        What there is of each choice.
    """
    names = [each["name"] for each in dashboard["templating"]["list"] if each["type"] != "datasource"]
    wide = {each["name"] for each in dashboard["templating"]["list"] if each.get("multi")}
    sizes = {"one": 1, "several": 2, "all": None}
    return {how: {name: values[name][: size if name in wide else 1] for name in names} for how, size in sizes.items()}
