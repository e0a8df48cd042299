"""Kafka and RisingWave: what the services stand on. Strimzi's and RisingWave's own dashboards go further."""

from __future__ import annotations

from parts import Json, dashboard, figure, lines, prom
from system import BEHIND_SECONDS


def brokers() -> Json:
    """Return the dashboard of the platform."""
    return dashboard("brokers", "brokers and store", [*_kafka(), *_groups(), *_store()])


def _kafka() -> list[Json]:
    under = "sum(kafka_server_replicamanager_underreplicatedpartitions) or vector(0)"
    offline = "sum(kafka_controller_kafkacontroller_offlinepartitionscount) or vector(0)"
    up = 'count(up{namespace="kafka",strimzi_io_kind="Kafka"} == 1) or vector(0)'
    return [
        figure("Pods of Kafka that answer", prom(up, "pods"), unit="short", width=8),
        figure("Partitions with too few replicas", prom(under, "partitions"), unit="short", width=8, limits=(1,)),
        figure("Partitions without a leader", prom(offline, "partitions"), unit="short", width=8, limits=(1,)),
    ]


def _groups() -> list[Json]:
    lag = "sum by (consumergroup) (kafka_consumergroup_lag)"
    topic = "sum by (topic) (rate(kafka_topic_partition_current_offset[1m]))"
    disk = "sum by (topic) (kafka_log_log_size)"
    return [
        lines("Messages that wait, by group", prom(lag, "{{consumergroup}}"), unit="short"),
        lines("Written, by topic", prom(topic, "{{topic}}"), unit="cps"),
        lines("On the brokers' disks, by topic", prom(disk, "{{topic}}"), unit="bytes", width=24),
    ]


def _store() -> list[Json]:
    barrier = "histogram_quantile(0.99, sum by (le) (rate(meta_barrier_duration_seconds_bucket[5m])))"
    memory = 'sum by (pod) (process_resident_memory_bytes{namespace="risingwave"})'
    return [
        lines(
            "RisingWave: a barrier's way, 99 %",
            prom(barrier, "barrier"),
            unit="s",
            limits=BEHIND_SECONDS,
            says="How long a change takes through all tables; what is asked for is as old as this.",
        ),
        lines(
            "RisingWave: rows read from topics",
            prom("sum(rate(source_partition_input_count[1m]))", "rows"),
            unit="rps",
        ),
        lines("RisingWave: memory", prom(memory, "{{pod}}"), unit="bytes", width=24),
    ]
