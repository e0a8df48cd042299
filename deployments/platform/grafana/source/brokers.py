"""Kafka and RisingWave: what the services stand on. Strimzi's and RisingWave's own dashboards go further."""

from __future__ import annotations

from board import dashboard
from choices import reported
from measures import BEHIND_SECONDS
from parts import Json, figure, lines, log_lines, loki, prom, row

_GROUP = reported("group", "Consumer group", "kafka_consumergroup_lag", "consumergroup")
_TOPIC = reported("topic", "Topic", "kafka_topic_partition_current_offset")
#: How often Kafka's and RisingWave's pods are asked.
_EVERY = "30s"
#: A minute and ten of a busy market.
_MESSAGES_BEHIND = (10_000, 100_000)


def brokers() -> Json:
    """Return the dashboard of the platform."""
    return dashboard(
        "brokers",
        "brokers and store",
        "wall-clock",
        [*_kafka(), *_groups(), *_store(), *_jobs(), *_said()],
        [_GROUP, _TOPIC],
        says="Kafka, RisingWave and jobs of the cluster. On a laptop without them it is empty.",
    )


def _ask(expression: str, legend: str) -> Json:
    return prom(expression, legend, every=_EVERY)


def _kafka() -> list[Json]:
    under = "sum(kafka_server_replicamanager_underreplicatedpartitions) or vector(0)"
    offline = "sum(kafka_controller_kafkacontroller_offlinepartitionscount) or vector(0)"
    up = 'count(up{namespace="kafka",strimzi_io_kind="Kafka"} == 1) or vector(0)'
    return [
        row("Kafka"),
        figure(
            "Pods of Kafka that answer",
            _ask(up, "pods"),
            unit="short",
            width=8,
            says="Brokers, controllers and the exporter of lag.",
        ),
        figure(
            "Partitions with too few replicas",
            _ask(under, "partitions"),
            unit="short",
            width=8,
            limits=(1,),
            says="A broker is away or behind; writing goes on while enough are in sync.",
        ),
        figure(
            "Partitions without a leader",
            _ask(offline, "partitions"),
            unit="short",
            width=8,
            limits=(1,),
            says="Nobody can read or write them.",
        ),
    ]


def _groups() -> list[Json]:
    lag = 'sum by (consumergroup) (kafka_consumergroup_lag{consumergroup=~"$group"})'
    topic = 'sum by (topic) (rate(kafka_topic_partition_current_offset{topic=~"$topic"}[$__rate_interval]))'
    letters = 'sum by (topic) (kafka_topic_partition_current_offset{topic=~"dead-letters.*"})'
    disk = 'sum by (topic) (kafka_log_log_size{topic=~"$topic"})'
    return [
        row("Groups and topics"),
        lines(
            "Messages that wait, by group",
            _ask(lag, "{{consumergroup}}"),
            unit="short",
            limits=_MESSAGES_BEHIND,
            says="As Kafka counts them, whether or not the consumer is alive.",
        ),
        lines(
            "Written, by topic", _ask(topic, "{{topic}}"), unit="cps", says="Messages a second that the brokers took."
        ),
        lines(
            "On the topics of dead letters",
            _ask(letters, "{{topic}}"),
            unit="short",
            limits=(1,),
            says="Messages ever set aside; `make dead-letters` lists what is still there.",
        ),
        lines(
            "On the brokers' disks, by topic", _ask(disk, "{{topic}}"), unit="bytes", says="All replicas together."
        ),
    ]


def _store() -> list[Json]:
    barrier = "histogram_quantile(0.99, sum by (le) (rate(meta_barrier_duration_seconds_bucket[$__rate_interval])))"
    memory = 'sum by (pod) (process_resident_memory_bytes{namespace="risingwave"})'
    return [
        row("RisingWave"),
        lines(
            "A barrier's way, 99 %",
            _ask(barrier, "barrier"),
            unit="s",
            width=8,
            limits=BEHIND_SECONDS,
            says="How long a change takes through all tables; what is asked for is as old as this.",
        ),
        lines(
            "Rows read from topics",
            _ask("sum(rate(source_partition_input_count[$__rate_interval]))", "rows"),
            unit="rps",
            width=8,
            says="Nothing for minutes while Kafka is written to: a table has stopped.",
        ),
        lines(
            "Memory",
            _ask(memory, "{{pod}}"),
            unit="bytes",
            width=8,
            says="Of its one process; at its limit it is killed and reads its state again.",
        ),
    ]


def _jobs() -> list[Json]:
    jobs = 'max by (job_name) (kube_job_status_{0}{{namespace=~"tradestream.*"}})'
    return [
        row("Jobs: training, history, checks"),
        lines(
            "Jobs that failed",
            _ask(jobs.format("failed"), "{{job_name}}"),
            unit="short",
            limits=(1,),
            says="Pods of each job that ended badly; its logs are on the dashboard of the system.",
        ),
        lines(
            "Jobs that run",
            _ask(jobs.format("active"), "{{job_name}}"),
            unit="short",
            says="Training, history and checks while they run.",
        ),
    ]


def _said() -> list[Json]:
    return [
        row("Logs"),
        log_lines(
            "What Kafka and RisingWave complain of",
            loki('{namespace=~"kafka|risingwave"} |~ "WARN|ERROR|FATAL|panicked"'),
            says="Lines of their pods, the newest first.",
        ),
    ]
