"""How a service does, in numbers: a sample of what its Prometheus endpoint has, for those who read topics or SQL."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS


class ServiceMetrics(Message):
    """One process's figures. Counts are since its start, times over the interval before `reported_at_us`.

    Attributes
    ----------
    service, instance
        Whose process; instance tells replicas apart.
    interval_s
        Since the sample before.
    lag_messages
        ``topic[partition]`` -> messages that wait; of the partitions assigned to it.
    lag_s
        Age of the message in hand, from its writing, seconds; 0 where nothing waits.
    messages_in, messages_out, dead_letters, rebalances
        Counts since the start.
    messages_in_per_s, messages_out_per_s
        Over the interval.
    stage_p50_ms, stage_p99_ms
        From the input's writing to this stage's output, milliseconds; None where nothing came out.
    from_ingest_p50_ms, from_ingest_p99_ms
        From the trade's arrival in this system to this stage's output.
    gaps, late, duplicates
        Candles that are incomplete, trades after their candle, trades that came again: of `candles` and `trades`.
    restarts
        How often this instance was started again in its state folder.
    reported_at_us
        Wall clock.
    """

    schema_name: ClassVar[str] = "service_metrics"

    service: str = Field(min_length=1)
    instance: str = Field(min_length=1)
    interval_s: float
    lag_messages: dict[str, int]
    lag_s: float
    messages_in: int
    messages_out: int
    messages_in_per_s: float
    messages_out_per_s: float
    stage_p50_ms: float | None
    stage_p99_ms: float | None
    from_ingest_p50_ms: float | None
    from_ingest_p99_ms: float | None
    gaps: int
    late: int
    duplicates: int
    dead_letters: int
    rebalances: int
    restarts: int
    reported_at_us: int

    @property
    def key(self) -> str:
        return self.service

    @property
    def event_time_ms(self) -> int:
        return self.reported_at_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.service}:{self.instance}:{self.reported_at_us}"
