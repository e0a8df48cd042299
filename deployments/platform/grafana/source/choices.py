"""What a reader chooses at the top of a dashboard: one, several or all of what there is."""

from __future__ import annotations

from parts import POSTGRES, PROMETHEUS, Json

_ALL = {"text": ["All"], "value": ["$__all"]}


def source_choice(name: str, source: Json, label: str) -> Json:
    """Return the choice among the data sources of a kind."""
    return {"type": "datasource", "name": name, "label": label, "query": source["type"], "refresh": 1, "hide": 0}


def choice(name: str, label: str, query: str, *, begins: str = "") -> Json:
    """Return a choice among what the feature store has, of one, several or all.

    Parameters
    ----------
    begins
        What is chosen at first; all, if nothing is said.
    """
    chosen = {"text": [begins], "value": [begins]} if begins else _ALL
    return _asked(name, label, POSTGRES, query) | {"multi": True, "includeAll": True, "current": chosen}


def reported(name: str, label: str, metric: str, of: str = "") -> Json:
    """Return a choice among a label's values as services report them; the label has the choice's name."""
    query = f"label_values({metric}, {of or name})"
    asked = {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    made = _asked(name, label, PROMETHEUS, query) | {"query": asked}
    return made | {"multi": True, "includeAll": True, "current": _ALL}


def fact(name: str, query: str) -> Json:
    """Return what the store knows and links need: nobody sees or chooses it."""
    made = _asked(name, name, POSTGRES, query) | {"multi": False, "includeAll": False}
    return made | {"hide": 2, "skipUrlSync": True}


def words(name: str, label: str) -> Json:
    """Return a field for words of the reader's own."""
    empty = {"text": "", "value": ""}
    return {"type": "textbox", "name": name, "label": label, "query": "", "current": empty, "hide": 0, "options": []}


def _asked(name: str, label: str, source: Json, query: str) -> Json:
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": source,
        "query": query,
        # Whenever the time range changes: a link to another time finds what there was.
        "refresh": 2,
        "sort": 0,
        "hide": 0,
        "options": [],
    }


EXCHANGE = choice("exchange", "Exchange", "SELECT DISTINCT exchange FROM candles ORDER BY exchange")
PAIR = choice("pair", "Pair", "SELECT DISTINCT pair FROM candles ORDER BY pair")
INTERVAL = choice(
    "interval_s", "Interval, s", "SELECT DISTINCT interval_s FROM candles ORDER BY interval_s", begins="60"
)
ACCOUNT = choice("account", "Account", "SELECT DISTINCT account FROM pnl ORDER BY account")
MODEL = choice("model", "Model", "SELECT DISTINCT model_name FROM predictions ORDER BY model_name")
STRATEGY = choice(
    "strategy", "Strategy", "SELECT DISTINCT coalesce(strategy, 'model') AS strategy FROM signals ORDER BY strategy"
)


def chosen(of: str = "") -> str:
    """Return what the time range and the choices mean in a table of windows, `of` being its name and a dot."""
    return f"""
        {of}exchange IN ($exchange) AND {of}pair IN ($pair) AND {of}interval_s IN (${{interval_s:csv}})
        AND {of}window_start_ms BETWEEN $__from AND $__to
    """


def which(of: str = "") -> str:
    """Return the column that tells the lines of windows apart."""
    return f"concat({of}exchange, ' ', {of}pair, ' ', {of}interval_s, ' s') AS series"
