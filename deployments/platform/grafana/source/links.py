"""Where a click leads: from a fill to its market, model and logs, from an alert to its page."""

from __future__ import annotations

from pathlib import Path

from parts import Json

_REPOSITORY = Path(__file__).resolve().parents[4]
_SITE = "site_url: "


def docs_url() -> str:
    """Return where the documentation is published, with a slash at its end: `site_url` of mkdocs.yml.

    Raises
    ------
    ValueError
        If it is no absolute address.
    """
    lines = (_REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").splitlines()
    said = [line.removeprefix(_SITE).strip() for line in lines if line.startswith(_SITE)]
    if len(said) != 1 or not said[0].startswith(("http://", "https://")) or not said[0].endswith("/"):
        raise ValueError(f"mkdocs.yml: site_url: expected one absolute address that ends with /, was {said}")
    return said[0]


def runbook_url(alert: str) -> str:
    """Return where an alert's section of the runbook is: the page's name is that of mkdocs without directory URLs."""
    return f"{docs_url()}how-to/runbook.html#{alert.lower()}"


def link(title: str, url: str, *, away: bool = False) -> Json:
    """Return a link of a value or a panel; `away` opens another tab."""
    return {"title": title, "url": url, "targetBlank": away}


def to(dashboard: str, title: str, *, span: str = "", **choices: str) -> Json:
    """Return a link to another of our dashboards.

    Parameters
    ----------
    span
        The time it shows, as `from=...&to=...`; that of this dashboard, if nothing is said.
    choices
        What is chosen there; other choices of the same name stay as they are here.
    """
    wanted = "&".join(f"var-{name}={value}" for name, value in choices.items())
    return link(title, f"/d/tradestream-{dashboard}?{'&'.join(filter(None, (span or HERE, wanted)))}")


def of_row(name: str) -> str:
    """Return the value of another column of the clicked row."""
    return f"${{__data.fields.{name}}}"


#: The time range that is shown.
HERE = "${__url_time_range}"
#: Half an hour before and after a row's event: its query has both as columns.
AROUND = f"from={of_row('from_ms')}&to={of_row('to_ms')}"
#: An hour around a clicked point of a line.
AT_POINT = "time=${__value.time}&time.window=3600000"
DAY = "from=now-24h&to=now"


def around(column: str) -> str:
    """Return the columns `from_ms` and `to_ms` of a query."""
    return f"{column} - 1800000 AS from_ms, {column} + 1800000 AS to_ms"
