"""A histogram cheap enough to be fed for every message."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class LoopHistogram(Collector):
    """A histogram that one thread fills and any thread reads: no lock, a fraction of the usual cost.

    Parameters
    ----------
    bounds
        Upper bounds of the buckets, ascending; one for all that is larger is added.

    Examples
    --------
    >>> histogram = LoopHistogram("example_seconds", "An example", (0.1, 1.0), register=False)
    >>> histogram.observe(0.05)
    >>> [sample.value for sample in next(histogram.collect()).samples]
    [1.0, 1.0, 1.0, 1.0, 0.05]
    """

    def __init__(self, name: str, documentation: str, bounds: Sequence[float], *, register: bool = True) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = list(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        if register:
            REGISTRY.register(self)

    def observe(self, value: float) -> None:
        """Count `value`."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give Prometheus the cumulative buckets."""
        labels = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        buckets = list(zip(labels, map(float, accumulate(self._counts)), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=self._sum)
