"""Whether the services are in time, at which pace, with what trouble: panels of the dashboard `system`."""

from __future__ import annotations

from links import AT_POINT, to
from parts import Json, figure, lines, prom, row

#: What alerts.yaml calls behind.
BEHIND_SECONDS = (60, 600)
#: The budgets of the product: of a stage, and from a trade's arrival to an order.
STAGE_SECONDS, END_TO_END_SECONDS = 0.03, 0.15
#: Of which services is asked.
OF_SERVICES = '{app=~"$app"}'
TO_LOGS = [to("system", "Logs of that time", span=AT_POINT, app="${__field.labels.app}")]
#: A service that has counted nothing yet has no series; it is shown with 0.
_OR_NONE = f"or on (app) max by (app) (up{OF_SERVICES}) * 0"


def _quantile(share: float, measure: str, by: str = "app") -> str:
    """Return the seconds that a share of what was measured stays below."""
    rate = f"rate(tradestream_{measure}_seconds_bucket{OF_SERVICES}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by ({by}, le) ({rate}))"


def in_time() -> list[Json]:
    """Return how long things take, against the budgets."""
    return [
        row("In time"),
        lines(
            "Latency of a stage, median",
            prom(_quantile(0.5, "stage_latency", by="stage"), "{{stage}}"),
            unit="s",
            width=8,
            limits=(STAGE_SECONDS,),
            says="From the input's writing to this stage's output; the line is the budget of the slowest, 30 ms.",
        ),
        lines(
            "Latency of a stage, 99 %",
            prom(_quantile(0.99, "stage_latency", by="stage"), "{{stage}}"),
            unit="s",
            width=8,
            limits=(STAGE_SECONDS,),
            says="The same of the slowest hundredth.",
        ),
        lines(
            "From a trade's arrival to this stage's output, 99 %",
            prom(_quantile(0.99, "from_ingest_latency", by="stage"), "{{stage}}"),
            unit="s",
            width=8,
            limits=(END_TO_END_SECONDS,),
            says="Of the trade that made this output possible, as a candle's is the first one after its window. The "
            "budget to an order is 150 ms.",
        ),
        lines(
            "Now minus the event's time, median",
            prom(_quantile(0.5, "event_lag")),
            unit="s",
            says="Of each message when it is processed. A simulated or replayed market is as old as it is.",
        ),
        lines(
            "Since the data entered the chain, 99 %",
            prom(_quantile(0.99, "ingest_latency")),
            unit="s",
            limits=(END_TO_END_SECONDS,),
            says="Of each message when it is processed.",
        ),
    ]


def pace() -> list[Json]:
    """Return how much passes."""
    ours = f"sum by (topic) (rate(tradestream_messages_produced_total{OF_SERVICES}[$__rate_interval]))"
    read = f"sum by (app) (rate(tradestream_messages_consumed_total{OF_SERVICES}[$__rate_interval]))"
    age = f"time() - max by (app) (tradestream_last_event_timestamp_seconds{OF_SERVICES})"
    return [
        row("Pace"),
        lines("Throughput", prom(read), unit="cps", says="Messages read a second."),
        lines("Written, by topic", prom(ours, "{{topic}}"), unit="cps", says="Messages published a second."),
        lines(
            "Work on a message, 99 %",
            prom(_quantile(0.99, "processing_duration")),
            unit="s",
            limits=(STAGE_SECONDS,),
            says="Time inside the service, without waiting.",
        ),
        lines(
            "Age of the newest event",
            prom(age),
            unit="s",
            says="By the wall clock: of a simulated market it says how far away its day is.",
        ),
    ]


def trouble() -> list[Json]:
    """Return what went wrong."""
    letters = f"sum by (app, reason) (increase(tradestream_dead_letters_total{OF_SERVICES}[1h]))"
    errors = f"sum by (app) (tradestream_processing_errors_total{OF_SERVICES}) {_OR_NONE}"
    flaws = f"sum by (kind) (increase(tradestream_data_flaws_total{OF_SERVICES}[5m]))"
    return [
        row("Trouble"),
        lines(
            "Dead letters",
            prom(f"sum by (app) (tradestream_dead_letters_total{OF_SERVICES}) {_OR_NONE}"),
            unit="short",
            width=8,
            limits=(1,),
            links=TO_LOGS,
            says="Messages set aside since each process began; any new one is an alert.",
        ),
        lines(
            "Dead letters in an hour, by reason",
            prom(letters, "{{app}} {{reason}}"),
            unit="short",
            width=8,
            links=TO_LOGS,
            says="The first of a reason does not count here: its series begins with it.",
        ),
        lines(
            "Errors",
            prom(errors),
            unit="short",
            width=8,
            limits=(1,),
            links=TO_LOGS,
            says="While processing, since each process began.",
        ),
        lines(
            "Flaws as candles sees them, in 5 minutes",
            prom(flaws, "{{kind}}"),
            unit="short",
            width=8,
            says="gap: unknown trades (alert CandleGaps); late, duplicate and no_reference need nobody.",
        ),
        lines(
            "Starts again",
            prom(f"max by (app) (tradestream_restarts{OF_SERVICES})"),
            unit="short",
            width=8,
            links=TO_LOGS,
            says="How often each was started in its state folder; three in half an hour are an alert.",
        ),
        lines(
            "Partitions assigned anew",
            prom(f"sum by (app) (tradestream_rebalances_total{OF_SERVICES})"),
            unit="short",
            width=8,
            says="The first assignment of a process is not counted.",
        ),
        lines(
            "Began again because Kafka was away",
            prom(f"sum by (app) (increase(tradestream_log_resumes_total{OF_SERVICES}[1h]))"),
            unit="short",
            width=12,
            links=TO_LOGS,
            says="In an hour; each waits however long it takes, and goes on where it was.",
        ),
        figure(
            "Reports that did not reach the log",
            prom(f"sum(tradestream_report_failures_total{OF_SERVICES}) or vector(0)", "reports"),
            unit="short",
            limits=(1,),
            width=12,
            height=8,
            says="Of health and metrics, on the topics service-health and metrics.",
        ),
    ]


def machine() -> list[Json]:
    """Return what the processes take of the machine."""
    return [
        row("Machine"),
        lines(
            "Memory",
            prom(f"sum by (app) (process_resident_memory_bytes{OF_SERVICES})"),
            unit="bytes",
            width=6,
            says="Resident, of all processes of a service.",
        ),
        lines(
            "Processor",
            prom(f"sum by (app) (rate(process_cpu_seconds_total{OF_SERVICES}[$__rate_interval]))"),
            unit="none",
            width=6,
            says="Cores.",
        ),
        lines(
            "State on disk",
            prom(f"sum by (app) (tradestream_state_bytes{OF_SERVICES})"),
            unit="bytes",
            width=6,
            says="Of the state stores; a large one takes long to rebuild.",
        ),
        lines(
            "Commit, 99 %",
            prom(_quantile(0.99, "checkpoint_duration")),
            unit="s",
            width=6,
            says="Of checkpoints that are not empty.",
        ),
    ]
