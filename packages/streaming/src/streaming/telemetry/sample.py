"""A service's figures as a message, and what has to be measured for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loguru import logger

from contracts.clock import Clock
from contracts.service_metrics import ServiceMetrics
from contracts.units import MS_PER_SECOND
from streaming.telemetry import metrics
from streaming.telemetry.loop_histogram import LoopSeries, quantile

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings
    from streaming.telemetry.lag_watch import LagWatch
    from streaming.telemetry.progress import Progress


class Sampler:
    """Makes samples of this process's metrics; what is per interval is since the sample before."""

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        progress: Progress | None,
        watch: LagWatch | None,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._service = service
        self._progress = progress
        self._watch = watch
        self._clock = clock
        self._state_dir = settings.state_dir_for(service)
        self._before = (time.monotonic(), 0, 0)
        self._stage = _Window(metrics.STAGE_LATENCY.labels(service))
        self._from_ingest = _Window(metrics.FROM_INGEST_LATENCY.labels(service))

    def count_start(self) -> None:
        """Count this start in the state folder; where it cannot be written, starts are not counted."""
        file = self._state_dir / f"{self._settings.group_for(self._service)}-{self._settings.instance_id}.starts"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            starts = int(file.read_text(encoding="ascii")) if file.exists() else 0
            metrics.RESTARTS.set(starts)
            file.write_text(str(starts + 1), encoding="ascii")
        except (OSError, ValueError) as error:
            logger.debug("starts are not counted: {}", error)

    def sample(self) -> ServiceMetrics:
        """Return the figures now."""
        now, messages_in, messages_out = (
            time.monotonic(),
            int(metrics.total(metrics.MESSAGES_CONSUMED)),
            int(metrics.total(metrics.MESSAGES_PRODUCED)),
        )
        before_seconds, before_in, before_out = self._before
        self._before = (now, messages_in, messages_out)
        interval_s = max(now - before_seconds, 1e-3)
        metrics.STATE_BYTES.set(self._state_bytes())
        lags = (self._progress.lags if self._progress is not None else None) or {}
        stage_p50_ms, stage_p99_ms = self._stage.quantiles_ms()
        from_ingest_p50_ms, from_ingest_p99_ms = self._from_ingest.quantiles_ms()
        return ServiceMetrics(
            service=self._service,
            instance=self._settings.instance_id,
            interval_s=round(interval_s, 3),
            lag_messages={f"{topic}[{partition}]": lag for (topic, partition), lag in lags.items()},
            lag_s=self._watch.lag_seconds() if self._watch is not None else 0.0,
            messages_in=messages_in,
            messages_out=messages_out,
            messages_in_per_s=round((messages_in - before_in) / interval_s, 2),
            messages_out_per_s=round((messages_out - before_out) / interval_s, 2),
            stage_p50_ms=stage_p50_ms,
            stage_p99_ms=stage_p99_ms,
            from_ingest_p50_ms=from_ingest_p50_ms,
            from_ingest_p99_ms=from_ingest_p99_ms,
            gaps=int(metrics.total(metrics.DATA_FLAWS, kind=metrics.GAP)),
            late=int(metrics.total(metrics.DATA_FLAWS, kind=metrics.LATE)),
            duplicates=int(metrics.total(metrics.DATA_FLAWS, kind=metrics.DUPLICATE)),
            dead_letters=int(metrics.total(metrics.DEAD_LETTERS)),
            rebalances=int(metrics.total(metrics.REBALANCES)),
            restarts=int(metrics.total(metrics.RESTARTS)),
            reported_at_us=self._clock.now_us(),
        )

    def _state_bytes(self) -> int:
        total = 0
        for path in self._state_dir.rglob("*"):
            try:
                total += path.stat().st_size
            except OSError:  # RocksDB removes files while we look
                continue
        return total


class _Window:
    """The observations of a histogram since the last look."""

    def __init__(self, series: LoopSeries) -> None:
        self._series = series
        self._seen = list(series.counts)

    def quantiles_ms(self) -> tuple[float | None, float | None]:
        """Return the median and the 99th percentile of what is new, milliseconds."""
        counts = list(self._series.counts)
        new = [now - before for now, before in zip(counts, self._seen, strict=True)]
        self._seen = counts
        median, high = (quantile(self._series.bounds, new, share) for share in (0.5, 0.99))
        return _ms(median), _ms(high)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * MS_PER_SECOND, 2)
