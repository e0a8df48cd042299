"""Dead letters of this service: what a venue or a file sent that cannot be used, in its own words."""

from __future__ import annotations

from loguru import logger

from exchanges.venue import BadRow
from streaming.producer import MessageProducer
from trades import metrics

SERVICE = "trades"
REASON = "bad-row"
IDS_START_AGAIN = "ids-start-again"
_LOGGED = 20


class BadRows:
    """Writes bad rows to `dead-letters.trades-<environment>` and counts them."""

    def __init__(self, producer: MessageProducer, source: str) -> None:
        self._producer = producer
        self._source = source
        self.count = 0

    def add(self, row: BadRow, reason: str = REASON) -> None:
        """Set `row` aside; the first few are logged one by one."""
        self.count += 1
        source = row.pair or self._source
        text = row.text.encode("utf-8", "backslashreplace")
        self._producer.dead_letter(source, text, reason=reason, error=row.reason, source=self._source)
        metrics.BAD_ROWS.labels(pair=row.pair or "").inc()
        if self.count <= _LOGGED:
            logger.warning("{}: set aside, {}{}", source, row.reason, self._last_words())

    def _last_words(self) -> str:
        return "; from here on they are only counted" if self.count == _LOGGED else ""

    def log_summary(self) -> None:
        """Say at the end how many there were."""
        if self.count:
            logger.warning("{} rows could not be used; they are in the dead letters", self.count)
