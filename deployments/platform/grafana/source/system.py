"""The services: alive, in time, without errors."""

from __future__ import annotations

from parts import Json, dashboard, figure, lines, log_lines, loki, prom, table

from contracts.services import SERVICES

#: What alerts.yaml calls behind.
BEHIND_SECONDS = (60, 600)
#: The budgets of the product: of a stage, and from a trade's arrival to an order.
STAGE_SECONDS, END_TO_END_SECONDS = 0.03, 0.15
_STATES = {
    "ready": ("ready", "green"),
    "catching-up": ("catching up", "yellow"),
    "starting": ("starting", "orange"),
    "recovering": ("recovering", "orange"),
    "not-live": ("hangs", "red"),
    "dead-feed": ("venue silent", "red"),
    "log-away": ("Kafka away", "red"),
    "stopping": ("stopping", "blue"),
}
#: A cluster may have alerts of others.
_OUR_ALERTS = 'ALERTS{alertstate="firing",part_of="tradestream"}'
#: A service that has counted nothing yet has no series; it is shown with 0.
_OR_NONE = "or on (app) max by (app) (up) * 0"


def system() -> Json:
    """Return the dashboard of the services."""
    return dashboard("system", "system", [*_states(), *_pace(), *_trouble(), *_machine(), *_said()])


def _states() -> list[Json]:
    state = "max by (app, instance, state) (tradestream_service_state) == 1"
    return [
        table("State of each process", prom(state, now=True), height=9, words=_STATES),
        lines(
            "Consumer lag",
            prom("max by (app) (tradestream_consumer_lag_seconds)"),
            unit="s",
            width=6,
            height=9,
            limits=BEHIND_SECONDS,
        ),
        lines(
            "Messages that wait",
            prom("sum by (app) (tradestream_consumer_lag_messages)"),
            unit="short",
            width=6,
            height=9,
        ),
    ]


def _pace() -> list[Json]:
    stage = "sum by (stage, le) (rate(tradestream_stage_latency_seconds_bucket[5m]))"
    ours = "sum by (topic) (rate(tradestream_messages_produced_total[1m]))"
    age = "time() - max by (app) (tradestream_last_event_timestamp_seconds)"
    processing = "sum by (app, le) (rate(tradestream_processing_duration_seconds_bucket[5m]))"
    return [
        lines("Throughput", prom("app:tradestream_messages_consumed:rate1m"), unit="cps"),
        lines("Written, by topic", prom(ours, "{{topic}}"), unit="cps"),
        lines(
            "Latency of a stage, median", prom(f"histogram_quantile(0.5, {stage})", "{{stage}}"), unit="s", width=8
        ),
        lines(
            "Latency of a stage, 99 %",
            prom("stage:tradestream_stage_latency_seconds:p99_5m", "{{stage}}"),
            unit="s",
            width=8,
            limits=(STAGE_SECONDS,),
        ),
        lines(
            "From a trade's arrival to this stage's output, 99 %",
            prom("stage:tradestream_from_ingest_latency_seconds:p99_5m", "{{stage}}"),
            unit="s",
            width=8,
            limits=(END_TO_END_SECONDS,),
            says="Of the trade that made this output possible, as a candle's is the first one after its window.",
        ),
        lines("Work on a message, 99 %", prom(f"histogram_quantile(0.99, {processing})"), unit="s"),
        lines("Age of the newest event", prom(age), unit="s"),
    ]


def _trouble() -> list[Json]:
    events = "sum by (kind) (increase(tradestream_trades_feed_events_total[5m]))"
    return [
        lines(
            "Dead letters", prom(f"sum by (app) (tradestream_dead_letters_total) {_OR_NONE}"), unit="short", width=8
        ),
        lines(
            "Errors", prom(f"sum by (app) (tradestream_processing_errors_total) {_OR_NONE}"), unit="short", width=8
        ),
        lines("Gaps", prom('sum by (app) (tradestream_data_flaws_total{kind="gap"})'), unit="short", width=8),
        lines("Feed events in 5 minutes", prom(events, "{{kind}}"), unit="short", width=8),
        lines("Starts again", prom("max by (app) (tradestream_restarts)"), unit="short", width=8),
        lines("Partitions assigned anew", prom("sum by (app) (tradestream_rebalances_total)"), unit="short", width=8),
        figure(
            "Alerts that fire",
            prom(f"count({_OUR_ALERTS}) or vector(0)", "alerts"),
            unit="short",
            limits=(1,),
            height=6,
        ),
        table(
            "Which alerts",
            prom(f"sum by (alertname, severity, app, account) ({_OUR_ALERTS}) or vector(0)", now=True),
            height=6,
            says="Each has a section in the runbook, docs/how-to/runbook.md.",
        ),
        figure(
            "Reports that did not reach the log",
            prom("sum(tradestream_report_failures_total)", "reports"),
            unit="short",
            height=6,
        ),
    ]


def _machine() -> list[Json]:
    commit = "sum by (app, le) (rate(tradestream_checkpoint_duration_seconds_bucket[5m]))"
    return [
        lines("Memory", prom("sum by (app) (process_resident_memory_bytes)"), unit="bytes", width=6),
        lines("Processor", prom("sum by (app) (rate(process_cpu_seconds_total[1m]))"), unit="none", width=6),
        lines("State on disk", prom("sum by (app) (tradestream_state_bytes)"), unit="bytes", width=6),
        lines("Commit, 99 %", prom(f"histogram_quantile(0.99, {commit})"), unit="s", width=6),
    ]


def _said() -> list[Json]:
    apps = "|".join(each.app for each in SERVICES)
    wrong = f'{{app=~"{apps}",level=~"WARNING|ERROR|CRITICAL"}}'
    return [
        log_lines("Warnings and errors in the logs", loki(wrong)),
        log_lines("Logs of the services", loki(f'{{app=~"{apps}"}}')),
    ]
