"""The indicators service as it is: its topology, its settings, no reference pairs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Result, Task, report
from benchmarks.ours import live_state_bytes
from benchmarks.stopwatch import run_timed
from contracts.topics import CANDLES, TECHNICAL_INDICATORS
from indicators.app import topology
from indicators.settings import IndicatorsSettings
from streaming.service.assembly import assemble


def run(task: Task) -> Result:
    """Read final candles from the topic `candles` of the task's environment, write rows to topic and store."""
    settings = IndicatorsSettings(
        broker_address=task.broker_address,
        environment=task.environment,
        consumer_group=task.group,
        instance_id=task.group,
        data_dir=Path(task.folder),
        store_url=task.settings["store_url"],
        feature_set=task.settings["feature_set"],
    )
    app = assemble(
        settings,
        service="indicators",
        inputs=[CANDLES],
        outputs=[TECHNICAL_INDICATORS],
        topology=topology,
        ends=task.job,
    )
    watch = run_timed(app, task.messages)
    return report(watch, live_state_bytes(settings.state_dir_for("indicators")))
