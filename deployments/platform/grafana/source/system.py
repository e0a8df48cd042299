"""The services: alive, in time, without errors."""

from __future__ import annotations

from board import dashboard
from choices import reported, words
from links import DAY, docs_url, link, of_row, to
from measures import BEHIND_SECONDS, OF_SERVICES, TO_LOGS, in_time, machine, pace, trouble
from parts import Json, column, figure, lines, log_lines, loki, prom, row, table

_STATES = {
    "ready": ("ready", "green"),
    "catching-up": ("catching up", "yellow"),
    "starting": ("starting", "orange"),
    "recovering": ("recovering", "orange"),
    "not-live": ("hangs", "red"),
    "dead-feed": ("venue silent", "red"),
    "degraded": ("degraded", "orange"),
    "log-away": ("Kafka away", "red"),
    "stopping": ("stopping", "blue"),
}
_SEVERITIES = {"critical": ("critical", "red"), "warning": ("warning", "orange")}
#: A cluster may have alerts of others.
_OUR_ALERTS = 'ALERTS{alertstate="firing",part_of="tradestream"}'
_APP = reported("app", "Service", "tradestream_service_state")


def system() -> Json:
    """Return the dashboard of the services."""
    return dashboard(
        "system",
        "system",
        "wall-clock",
        [*_states(), *_alerts(), *in_time(), *pace(), *trouble(), *machine(), *_said()],
        [_APP, words("search", "In the logs")],
        says="Whether each process is alive, in time and without errors; what fires; and what they say.",
    )


def _states() -> list[Json]:
    state = f"max by (app, instance, state) (tradestream_service_state{OF_SERVICES}) == 1"
    return [
        row("State"),
        table(
            "State of each process",
            prom(state, now=True),
            height=9,
            says="As each reports itself; catching up is a state of work, not of trouble.",
            columns=[
                column("state", words=_STATES),
                column("app", links=[to("system", "Its logs", app=of_row("app"))]),
                column("/^(Time|Value|__name__)$/", custom__hideFrom={"viz": True, "legend": True, "tooltip": True}),
            ],
        ),
        lines(
            "Consumer lag",
            prom(f"max by (app) (tradestream_consumer_lag_seconds{OF_SERVICES})"),
            unit="s",
            width=6,
            height=9,
            limits=BEHIND_SECONDS,
            links=TO_LOGS,
            says="Age of the message in hand; a minute is a warning, ten are critical.",
        ),
        lines(
            "Messages that wait",
            prom(f"sum by (app) (tradestream_consumer_lag_messages{OF_SERVICES})"),
            unit="short",
            width=6,
            height=9,
            links=TO_LOGS,
            says="Of the input, in all partitions.",
        ),
    ]


def _alerts() -> list[Json]:
    firing = f"sum by (alertname, severity, app, account) ({_OUR_ALERTS}) or vector(0)"
    page = link("What it means and what to do", f"{docs_url()}how-to/runbook.html#{of_row('alertname')}", away=True)
    logs = to("system", "Logs of its service, a day", span=DAY, app=of_row("app"))
    listed = {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": 20,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": '{part_of="tradestream"}',
        "datasource": "Prometheus",
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True},
    }
    alert_list = {
        "title": "Alerts, and those about to fire",
        "description": "Of Prometheus; each leads to its page of the runbook. A pending one may still fire.",
        "type": "alertlist",
        "options": listed,
        "gridPos": {"x": 0, "y": 0, "w": 10, "h": 8},
    }
    return [
        row("Alerts"),
        figure(
            "Alerts that fire",
            prom(f"count({_OUR_ALERTS}) or vector(0)", "alerts"),
            unit="short",
            limits=(1,),
            width=4,
            height=8,
            says="Ours alone; a cluster may have others.",
        ),
        table(
            "Which alerts",
            prom(firing, now=True),
            width=10,
            says="Those that fire now. A click on the name opens its page of the runbook, on the service its logs.",
            columns=[
                column("alertname", links=[page], displayName="alert"),
                column("app", links=[logs]),
                column("severity", words=_SEVERITIES),
                column("/^(Time|Value)$/", custom__hideFrom={"viz": True, "legend": True, "tooltip": True}),
            ],
        ),
        alert_list,
    ]


def _said() -> list[Json]:
    found = '|= "$search"'
    wrong = f'{{app=~"$app",level=~"WARNING|ERROR|CRITICAL"}} {found}'
    training = f'{{app="training"}} {found}'
    return [
        row("Logs"),
        log_lines(
            "Warnings and errors in the logs",
            loki(wrong),
            says="Of the services chosen, with what is searched for in them.",
        ),
        log_lines(
            "Logs of the services",
            loki(f'{{app=~"$app"}} {found}'),
            says="All levels; opened, a line has its fields.",
        ),
        log_lines(
            "Training runs",
            loki(training),
            says="What training jobs said: data, gate, promotion. They end before anybody asks them for metrics.",
        ),
    ]
