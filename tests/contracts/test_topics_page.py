"""docs/reference/topics.md maps the names of comparable systems; its tables are tested in tests/docs."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.topics import TOPICS

PAGE = Path(__file__).parents[2] / "docs/reference/topics.md"


#: The names that comparable systems give to what this one has, or has not.
ELSEWHERE = """
market.candles.{symbol}.{1m,5m,15m,1h} features.raw features.technical features.multi_tf features.aggregated
predictions.{lstm,transformer,ensemble} signals.raw signals.calibrated signals.filtered signals.final
trades.orders.pending trades.orders.confirmed trades.executions trades.pnl metrics.performance.realtime
metrics.model.drift metrics.latency metrics.alerts sentiment.{news,social} dlq.{component}
market-data-ticks indicator-updates is_realtime forming_candle strategy-signals order-events position-updates
risk-alerts market-data-updates symbol-subscriptions strategy-compilations trade-executions portfolio-updates
forward-test-events user-notifications realtime-updates service-health audit-logs technical_indicators
""".split()  # noqa: SIM905 - forty quoted names read worse


def test_every_name_elsewhere_is_mapped_or_said_to_be_absent() -> None:
    mapping = PAGE.read_text(encoding="utf-8").partition("## Names of other systems")[2]
    answers = dict(re.findall(r"^\| (.+?) \| (.+) \|$", mapping, re.MULTILINE))
    listed = {name: here for names, here in answers.items() for name in re.findall(r"`([^`]+)`", names)}
    assert [name for name in ELSEWHERE if name not in listed] == []
    ours = {spec.name for spec in TOPICS} | {"dead-letters.<service>", "history"}
    for name in ELSEWHERE:
        known = set(re.findall(r"`([^`]+)`", listed[name])) & ours
        assert known or "not here" in listed[name] or "`tradestream" in listed[name], f"{name}: {listed[name]}"
