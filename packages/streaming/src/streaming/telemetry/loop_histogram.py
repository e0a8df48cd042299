"""A histogram cheap enough to be fed for every message."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class LoopSeries:
    """One series of a histogram: one thread fills it, any thread reads it.

    Attributes
    ----------
    bounds
        Upper bounds of the buckets, ascending; `counts` has one more, for all that is larger.
    """

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = list(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count `value`."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class LoopHistogram(Collector):
    """A histogram that one thread fills and any thread reads: no lock, a fraction of the usual cost.

    Parameters
    ----------
    name, documentation
        As Prometheus shows them.
    bounds
        Upper bounds of the buckets, ascending; one for all that is larger is added.
    label
        Name of its one label; `labels` gives the series of a value of it.
    register
        Whether Prometheus is given it with all others.

    Examples
    --------
    >>> histogram = LoopHistogram("example_seconds", "An example", (0.1, 1.0), register=False)
    >>> histogram.observe(0.05)
    >>> [sample.value for sample in next(histogram.collect()).samples]
    [1.0, 1.0, 1.0, 1.0, 0.05]
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        bounds: Sequence[float],
        *,
        label: str | None = None,
        register: bool = True,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = bounds
        self._label = label
        self._series: dict[str, LoopSeries] = {}
        if label is None:
            self.observe = self.labels("").observe
        if register:
            REGISTRY.register(self)

    def labels(self, value: str) -> LoopSeries:
        """Return the series of one value of the label.

        Returns
        -------
        LoopSeries
            The same at each call.
        """
        return self._series.setdefault(value, LoopSeries(self._bounds))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give Prometheus the cumulative buckets.

        Returns
        -------
        Iterator[HistogramMetricFamily]
            One, with the series of each value of the label.
        """
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label] if self._label else [])
        for value, series in list(self._series.items()):
            buckets = list(zip(names, map(float, accumulate(series.counts)), strict=True))
            family.add_metric([value] if self._label else [], buckets, series.sum)
        yield family


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Return the value below which `share` of what was counted lies, interpolated inside its bucket; None of nothing.

    What is larger than all bounds counts as the last of them.

    Examples
    --------
    >>> quantile((10.0, 20.0), (0, 4, 0), 0.5)
    15.0
    """
    wanted = share * sum(counts)
    if not wanted:
        return None
    passed = 0
    for place, (upper, count) in enumerate(zip(bounds, counts, strict=False)):
        if count and passed + count >= wanted:
            lower = bounds[place - 1] if place else 0.0
            return lower + (upper - lower) * (wanted - passed) / count
        passed += count
    return bounds[-1]
